//! PHP source read without running it.
//!
//! Three layers: tokens, literal values, and what plain assignments leave in variables. The readers of `version.php`,
//! of `db/subplugins.php` and of what an update brings stand on them.

pub(crate) mod lexer;
mod mention;
pub(crate) mod statements;
pub(crate) mod value;

/// The largest file whose assignments are read, in bytes. A real `version.php` has one to three kilobytes; a hostile one
/// must not cost much time.
pub const LARGEST: usize = 128 << 10;

/// Why PHP source could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file is larger than is read.
    #[error("the file has {size} bytes; at most {largest} are read")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
        /// The largest that would be read, in bytes.
        largest: usize,
    },
    /// The file ends in the middle of something.
    #[error("line {line}: {what} that begins here does not end")]
    Unterminated {
        /// Where it begins, counted from 1.
        line: u32,
        /// "a comment", "a string", "a statement".
        what: &'static str,
    },
    /// A closing bracket without its opening one.
    #[error("line {line}: `{met}` closes nothing")]
    Unbalanced {
        /// Where it is, counted from 1.
        line: u32,
        /// The bracket.
        met: char,
    },
}
