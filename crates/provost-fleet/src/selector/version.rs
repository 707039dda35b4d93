//! Versions, compared as far as they are given: 4.5.2 is `=4.5`, is not `>4.5`, and is `>4.5.1`.

use std::cmp::Ordering;
use std::fmt;

/// Numbers with dots between: `4.5.2`, `2024042200.03`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<u64>);

/// The most numbers in a version; Moodle's have three.
const MOST_PARTS: usize = 6;

impl Version {
    /// Reads one that is nothing but a version.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<u64>> = text.split('.').map(number).collect();
        parts.filter(|parts| parts.len() <= MOST_PARTS).map(Self)
    }

    /// The version that a text of Moodle's begins with: `5.0.1+ (Build: 20250601)`, `5.1dev`.
    pub fn leading(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        Self::parse(text[..end].trim_end_matches('.'))
    }

    /// Compared with one that was given, as far as that goes; what is missing here is 0.
    fn against(&self, given: &Self) -> Ordering {
        let padded = self.0.iter().copied().chain(std::iter::repeat(0));
        padded.take(given.0.len()).cmp(given.0.iter().copied())
    }
}

fn number(text: &str) -> Option<u64> {
    // `u64::from_str` would take a sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// How a site's version shall stand to the given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`
    Is,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    /// Every one with its sign, the longer before those that they begin with.
    pub(super) const SIGNS: [(&'static str, Self); 5] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Below),
        (">", Self::Above),
        ("=", Self::Is),
    ];

    /// Whether it holds.
    pub fn holds(self, is: &Version, given: &Version) -> bool {
        let found = is.against(given);
        match self {
            Self::Below => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::Is => found.is_eq(),
            Self::AtLeast => found.is_ge(),
            Self::Above => found.is_gt(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Self::SIGNS.iter().find(|(_, one)| one == self).map_or("", |(sign, _)| sign);
        f.write_str(sign)
    }
}
