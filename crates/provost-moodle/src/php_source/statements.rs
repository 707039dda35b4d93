//! Tokens into statements, and statements into what is known of each field after the last of them.
//!
//! The rule is caution: an assignment of a literal sets a field; a statement that is not understood makes every field
//! it could touch dynamic; and once the flow of control is not plain, everything assigned after it is dynamic.

use std::collections::BTreeMap;

use super::lexer::{Placed, Token, tokens};
use super::mention::{self, Effect};
use super::value::Value;
use super::{LARGEST, SourceError};

/// What the whole file assigns.
#[derive(Debug, Default)]
pub(crate) struct Assigned {
    /// Fields of `$plugin` (or `$module`), with the line that last touched them.
    pub(crate) plugin: BTreeMap<String, (Value, u32)>,
    /// Plain variables, likewise.
    pub(crate) variables: BTreeMap<String, (Value, u32)>,
    /// The line from which on a field that is not in the maps may exist all the same.
    pub(crate) anything_since: Option<u32>,
    /// Whether later statements may not be reached.
    uncertain: bool,
}

/// Reads a whole file of at most [`LARGEST`] bytes.
pub(crate) fn read(source: &[u8]) -> Result<Assigned, SourceError> {
    if source.len() > LARGEST {
        return Err(SourceError::TooLarge { size: source.len(), largest: LARGEST });
    }
    let tokens = tokens(source)?;
    let mut assigned = Assigned::default();
    for statement in split(&tokens)? {
        if is_return(statement) {
            break;
        }
        assigned.apply(statement);
    }
    Ok(assigned)
}

/// Cuts the tokens after each `;` and after each `}` that are inside no bracket.
fn split<'t, 'a>(tokens: &'t [Placed<'a>]) -> Result<Vec<&'t [Placed<'a>]>, SourceError> {
    let mut statements = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, (token, line)) in tokens.iter().enumerate() {
        let Token::Symbol(symbol) = token else { continue };
        match *symbol {
            "(" | "[" | "{" | "#[" => depth += 1,
            ")" | "]" | "}" => {
                let met = symbol.chars().next().unwrap_or('}');
                depth = depth.checked_sub(1).ok_or(SourceError::Unbalanced { line: *line, met })?;
            }
            _ => {}
        }
        if depth == 0 && matches!(*symbol, ";" | "}") {
            // The `;` itself says nothing; the `}` belongs to the block.
            let end = if *symbol == ";" { at } else { at + 1 };
            statements.extend(tokens.get(start..end).filter(|statement| !statement.is_empty()));
            start = at + 1;
        }
    }
    match tokens.get(start) {
        Some((_, line)) => Err(SourceError::Unterminated { line: *line, what: "a statement" }),
        None => Ok(statements),
    }
}

/// What a statement assigns to.
enum Target<'a> {
    /// `$plugin->field` or `$module->field`.
    Field(&'a str),
    /// `$name`.
    Variable(&'a str),
}

impl Assigned {
    fn apply(&mut self, statement: &[Placed<'_>]) {
        if is_guard(statement) {
            return;
        }
        if is_fresh_object(statement) && !self.uncertain {
            self.plugin.clear();
            self.anything_since = None;
            return;
        }
        let Some((target, expression)) = assignment(statement) else {
            self.touch(statement, true);
            self.uncertain |= changes_the_flow(statement);
            return;
        };
        self.touch(expression, false);
        self.uncertain |= leaves(expression);
        let line = line_of(statement);
        let value = if self.uncertain { Value::Dynamic } else { Value::of(expression) };
        match target {
            Target::Field(name) => self.plugin.insert(name.to_owned(), (value, line)),
            Target::Variable(name) => self.variables.insert(name.to_owned(), (value, line)),
        };
    }

    /// Makes dynamic what these tokens could change: every field they mention if `wary`, else only those that they
    /// mention in a way that can write.
    fn touch(&mut self, tokens: &[Placed<'_>], wary: bool) {
        let mut understood = 0;
        for (at, (token, line)) in tokens.iter().enumerate() {
            if at < understood {
                continue;
            }
            if let Some((tokens, effect)) = mention::of_the_object(tokens, at) {
                understood = at + tokens;
                if effect == Effect::MayBeFresh {
                    self.may_be_fresh(*line);
                }
                continue;
            }
            let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map(|(token, _)| token);
            let behind = |offset: usize| tokens.get(at + offset).map(|(token, _)| token);
            let aliased = matches!((before, token), (Some(Token::Symbol("&")), Token::Variable(_)));
            self.uncertain |= aliased;
            match token {
                Token::Variable("plugin" | "module") => {
                    if let (Some(Token::Symbol("->")), Some(Token::Word(field))) = (behind(1), behind(2)) {
                        if wary || can_write(before, behind(3)) {
                            self.plugin.insert((*field).to_owned(), (Value::Dynamic, *line));
                        }
                    } else {
                        // From here on the object may have a second name, through which any statement can write.
                        self.touch_everything(*line);
                        self.uncertain = true;
                    }
                }
                Token::Variable("GLOBALS") | Token::Symbol("$") => self.touch_everything(*line),
                Token::Variable(name) if wary || can_write(before, behind(1)) => {
                    self.variables.insert((*name).to_owned(), (Value::Dynamic, *line));
                }
                Token::Word(word) if reaches_everywhere(word) => self.touch_everything(*line),
                _ => {}
            }
        }
    }

    /// The object may have been made anew here: what it had is known no longer.
    fn may_be_fresh(&mut self, line: u32) {
        for (value, place) in self.plugin.values_mut() {
            (*value, *place) = (Value::Dynamic, line);
        }
    }

    fn touch_everything(&mut self, line: u32) {
        for (value, place) in self.plugin.values_mut().chain(self.variables.values_mut()) {
            (*value, *place) = (Value::Dynamic, line);
        }
        self.anything_since = Some(line);
    }
}

/// `$plugin->field = …` or `$name = …`: the target and the expression.
fn assignment<'t, 'a>(statement: &'t [Placed<'a>]) -> Option<(Target<'a>, &'t [Placed<'a>])> {
    match statement {
        [
            (Token::Variable("plugin" | "module"), _),
            (Token::Symbol("->"), _),
            (Token::Word(field), _),
            (Token::Symbol("="), _),
            expression @ ..,
        ] => Some((Target::Field(field), expression)),
        [(Token::Variable("plugin" | "module"), _), ..] => None,
        [(Token::Variable(name), _), (Token::Symbol("="), _), expression @ ..] => {
            Some((Target::Variable(name), expression))
        }
        _ => None,
    }
}

/// `$plugin = new stdClass()`: every plugin's file began so once.
fn is_fresh_object(statement: &[Placed<'_>]) -> bool {
    match statement {
        [
            (Token::Variable("plugin" | "module"), _),
            (Token::Symbol("="), _),
            (Token::Word(new), _),
            (Token::Word(class), _),
            brackets @ ..,
        ] => {
            let no_arguments = matches!(brackets, [] | [(Token::Symbol("("), _), (Token::Symbol(")"), _)]);
            no_arguments && new.eq_ignore_ascii_case("new") && class.eq_ignore_ascii_case("stdclass")
        }
        _ => false,
    }
}

/// `defined('MOODLE_INTERNAL') || die();` and `if (!defined('MOODLE_INTERNAL')) { die(); }`: always passed.
fn is_guard(statement: &[Placed<'_>]) -> bool {
    let words: Vec<Token<'_>> = statement.iter().take(7).map(|(token, _)| token.clone()).collect();
    let internal = |token: &Token<'_>| matches!(token, Token::Text(text) if text == "MOODLE_INTERNAL");
    let ends = |token: &Token<'_>| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("die") || word.eq_ignore_ascii_case("exit"));
    let guarded = match words.as_slice() {
        [Token::Word("defined"), Token::Symbol("("), name, Token::Symbol(")"), or, end, ..] => {
            let or = match or {
                Token::Symbol(symbol) => *symbol == "||",
                Token::Word(word) => word.eq_ignore_ascii_case("or"),
                _ => false,
            };
            internal(name) && or && ends(end)
        }
        [
            Token::Word("if"),
            Token::Symbol("("),
            Token::Symbol("!"),
            Token::Word("defined"),
            Token::Symbol("("),
            name,
            Token::Symbol(")"),
        ] => match statement.get(8..) {
            // One statement, or one in braces, that ends the script at once.
            Some([(end, _), ..]) if ends(end) => internal(name),
            Some([(Token::Symbol("{"), _), (end, _), ..]) => internal(name) && ends(end),
            _ => false,
        },
        _ => false,
    };
    // Whatever it says as it dies, it must not write to anything.
    guarded && !statement.iter().any(|(token, _)| matches!(token, Token::Variable(_)))
}

/// A plain `return …;`: the file ends here.
fn is_return(statement: &[Placed<'_>]) -> bool {
    matches!(statement.first(), Some((Token::Word(word), _)) if word.eq_ignore_ascii_case("return"))
}

/// Whether a statement decides if those after it run. A colon may open `if (…): … endif;`, whose body would look like
/// statements that always run.
fn changes_the_flow(statement: &[Placed<'_>]) -> bool {
    leaves(statement) || statement.iter().any(|(token, _)| matches!(token, Token::Symbol(":")))
}

/// Whether a statement has a word that leaves the script, or that jumps within it.
fn leaves(statement: &[Placed<'_>]) -> bool {
    let words = ["return", "die", "exit", "throw", "goto", "break", "continue", "__halt_compiler"];
    statement.iter().any(|(token, _)| {
        matches!(token, Token::Word(word) if words.iter().any(|known| word.eq_ignore_ascii_case(known)))
    })
}

/// Whether a variable between these two tokens may be written to.
fn can_write(before: Option<&Token<'_>>, behind: Option<&Token<'_>>) -> bool {
    let writes_before = matches!(before, Some(Token::Symbol("++" | "--" | "&")));
    let assigns =
        |symbol: &str| symbol.ends_with('=') && !matches!(symbol, "==" | "===" | "!=" | "!==" | "<=" | ">=");
    let writes_behind = match behind {
        Some(Token::Symbol(symbol)) => {
            assigns(symbol) || matches!(*symbol, "++" | "--" | "[" | "->" | "?->" | "(" | "{")
        }
        Some(Token::Stray) => true,
        _ => false,
    };
    writes_before || writes_behind
}

/// Words through which code elsewhere can change any variable here.
fn reaches_everywhere(word: &str) -> bool {
    ["include", "include_once", "require", "require_once", "eval", "extract", "parse_str"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn line_of(statement: &[Placed<'_>]) -> u32 {
    statement.first().map_or(1, |(_, line)| *line)
}
