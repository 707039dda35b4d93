//! Steps of a database's upgrade.

use std::collections::BTreeSet;

use super::lexed;
use crate::php_source::SourceError;
use crate::php_source::lexer::Token;
use crate::version_php::Version;

/// Returns the steps of a `db/upgrade.php` that a site at version `since` has still to take, in order: the numbers that
/// `$oldversion` is compared with, as in `if ($oldversion < 2024042200)`, as far as they are newer.
pub fn upgrade_steps(db_upgrade_php: &[u8], since: &Version) -> Result<Vec<Version>, SourceError> {
    let tokens = lexed(db_upgrade_php)?;
    let mut steps = BTreeSet::new();
    for window in tokens.windows(3) {
        let [(first, _), (sign, _), (last, _)] = window else { continue };
        let Token::Symbol(sign) = sign else { continue };
        let ((Token::Variable("oldversion"), "<" | "<=", number)
        | (number, ">" | ">=", Token::Variable("oldversion"))) = (first, *sign, last)
        else {
            continue;
        };
        let number = match number {
            Token::Number(text) => text.parse().ok(),
            Token::Text(text) => text.parse::<Version>().ok(),
            _ => None,
        };
        steps.extend(number.filter(|number| number > since));
    }
    Ok(steps.into_iter().collect())
}
