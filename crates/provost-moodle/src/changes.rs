//! What an update brings, as far as the text of its files says: steps of the database's upgrade, new settings, and words
//! that speak of security.
//!
//! All of it is for people to read before they decide; nothing is decided by it.

use crate::php_source::SourceError;
use crate::php_source::lexer::{Placed, tokens};

mod security;
mod settings;
mod steps;
#[cfg(test)]
mod tests;

pub use security::{SecurityLine, security_lines};
pub use settings::{new_settings, settings};
pub use steps::upgrade_steps;

/// The largest PHP file that is looked through, in bytes. Moodle's own `lib/db/upgrade.php` has some hundred kilobytes.
pub const LARGEST: usize = 1 << 20;

/// The tokens of a file that is not too large.
fn lexed(source: &[u8]) -> Result<Vec<Placed<'_>>, SourceError> {
    if source.len() > LARGEST {
        return Err(SourceError::TooLarge { size: source.len(), largest: LARGEST });
    }
    tokens(source)
}
