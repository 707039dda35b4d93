//! Texts with `*` (any characters) and `?` (one character).

use std::fmt;

/// A pattern; without a wildcard it matches itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Makes one of a text.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// `*`.
    pub fn everything() -> Self {
        Self::new("*")
    }

    /// Whether a text is as the pattern says, from its first to its last character. Takes at most the product of their lengths.
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let text: Vec<char> = text.chars().collect();
        let (mut p, mut t) = (0, 0);
        // Where to go on when what follows the last `*` does not match: that `*` takes one character more.
        let mut again: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    again = Some((p + 1, t));
                    p += 1;
                }
                Some('?') => (p, t) = (p + 1, t + 1),
                Some(one) if *one == text[t] => (p, t) = (p + 1, t + 1),
                _ => match again {
                    Some((after, taken)) => {
                        again = Some((after, taken + 1));
                        (p, t) = (after, taken + 1);
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|one| *one == '*')
    }

    /// The text where it has no wildcard.
    pub fn literal(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(&self.0)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
