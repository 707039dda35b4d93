//! Names of a plugin's settings.

use std::collections::{BTreeMap, BTreeSet};

use super::lexed;
use crate::php_source::SourceError;
use crate::php_source::lexer::{Placed, Token};

/// The longest name of a setting, in bytes: what Moodle's columns for plugin and name hold together.
const LONGEST: usize = 200;

/// Returns the settings that a new `settings.php` has and the old one has not, in order; the old one may be empty.
pub fn new_settings(old: &[u8], new: &[u8]) -> Result<Vec<String>, SourceError> {
    let (old, new) = (settings(old)?, settings(new)?);
    Ok(new.difference(&old).cloned().collect())
}

/// Returns the settings that a `settings.php` declares, as far as their names stand in it: the first argument of
/// `new admin_setting_…('mod_example/name', …)`, or the variable that it was last assigned to. Names that PHP puts together
/// are left out, and so are headings and descriptions, which hold no value.
pub fn settings(settings_php: &[u8]) -> Result<BTreeSet<String>, SourceError> {
    let tokens = lexed(settings_php)?;
    let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        let rest = tokens.get(at..).unwrap_or_default();
        match rest {
            [
                (Token::Variable(name), _),
                (Token::Symbol("="), _),
                (Token::Text(text), _),
                (Token::Symbol(";"), _),
                ..,
            ] => {
                variables.insert(name, text);
            }
            // Any other way to write to it.
            [(Token::Variable(name), _), (Token::Symbol(sign), _), ..]
                if sign.ends_with('=') && *sign != "==" =>
            {
                variables.remove(name);
            }
            [(Token::Word(new), _), behind @ ..] if new.eq_ignore_ascii_case("new") => {
                let name = first_argument(behind).and_then(|argument| match argument {
                    [(Token::Text(text), _), end] if ends_argument(end) => Some(text.as_str()),
                    [(Token::Variable(name), _), end] if ends_argument(end) => variables.get(name).copied(),
                    _ => None,
                });
                found.extend(name.filter(|name| is_setting(name)).map(str::to_owned));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The two tokens behind the opening bracket, if this is the making of a setting.
fn first_argument<'t, 'a>(behind_new: &'t [Placed<'a>]) -> Option<&'t [Placed<'a>]> {
    // A class in a namespace comes as several words.
    let words = behind_new.iter().take_while(|(token, _)| matches!(token, Token::Word(_))).count();
    let (class, behind) = behind_new.split_at_checked(words)?;
    let class: Vec<String> = class
        .iter()
        .filter_map(|(token, _)| match token {
            Token::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    let last = class.last()?;
    let holds_a_value = !last.contains("heading") && !last.contains("description");
    let is_class =
        holds_a_value && class.iter().any(|word| word.contains("setting")) && !last.ends_with("settingpage");
    match behind {
        [(Token::Symbol("("), _), argument @ ..] if is_class => argument.get(..2),
        _ => None,
    }
}

fn ends_argument((token, _): &Placed<'_>) -> bool {
    matches!(token, Token::Symbol("," | ")"))
}

/// `component/name`, or the name alone of one of Moodle's own settings.
fn is_setting(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    name.len() <= LONGEST && name.split('/').count() <= 2 && name.split('/').all(plain)
}
