//! Mentions of the whole object `$plugin` (or `$module`) that give it no name but these two, and write to none of its fields.
//!
//! Plugins that run on Moodles from 2.0 on have such lines, as in `if (…) { $plugin = new stdClass(); }` before the fields and
//! `if (…) { $module = clone($plugin); }` behind them. Moodle since 2.7 makes the object itself and reads `$plugin`.

use super::lexer::{Placed, Token};

/// What a mention does to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// It has no fields from here on, if the statement is reached.
    MayBeFresh,
}

/// How many tokens the mention at this place has, and what it does; nothing where it is of no known form.
pub(super) fn of_the_object(tokens: &[Placed<'_>], at: usize) -> Option<(usize, Effect)> {
    let token = |place: usize| tokens.get(place).map(|(token, _)| token);
    let before = |offset: usize| at.checked_sub(offset).and_then(token);
    let symbol =
        |place: usize, wanted: &str| matches!(token(place), Some(Token::Symbol(met)) if *met == wanted);
    let ends = |place: usize| token(place).is_none() || symbol(place, ";");
    if !is_object(token(at)?) {
        return None;
    }
    if matches!(token(at + 1), Some(Token::Symbol("==" | "===" | "!=" | "!=="))) {
        return Some((2, Effect::None));
    }
    if matches!(before(1), Some(Token::Symbol("(")))
        && is_word(before(2), &["isset", "empty"])
        && symbol(at + 1, ")")
    {
        return Some((1, Effect::None));
    }
    // As a statement of its own: within an expression the object could get another name.
    let begins = matches!(before(1), None | Some(Token::Symbol("{" | "}" | ";")));
    if !begins || !symbol(at + 1, "=") {
        return None;
    }
    if is_word(token(at + 2), &["new"]) && is_word(token(at + 3), &["stdclass"]) {
        let brackets = if symbol(at + 4, "(") && symbol(at + 5, ")") { 2 } else { 0 };
        return ends(at + 4 + brackets).then_some((4 + brackets, Effect::MayBeFresh));
    }
    let cloned = usize::from(is_word(token(at + 2), &["clone"]));
    let open = usize::from(symbol(at + 2 + cloned, "("));
    let object = at + 2 + cloned + open;
    let closed = open == 0 || symbol(object + 1, ")");
    let is_other = token(object).is_some_and(is_object) && closed && ends(object + 1 + open);
    is_other.then_some((3 + cloned + 2 * open, Effect::None))
}

fn is_object(token: &Token<'_>) -> bool {
    matches!(token, Token::Variable("plugin" | "module"))
}

fn is_word(token: Option<&Token<'_>>, wanted: &[&str]) -> bool {
    matches!(token, Some(Token::Word(word)) if wanted.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
