//! Moodle's version numbers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest version number, in bytes. Real ones have at most fourteen; Moodle's own column holds twenty digits.
const LONGEST: usize = 32;

/// A version number such as `2024042203.01`: a date, two digits of release, and a fraction.
///
/// It is kept as it was written, and compared as the decimal number that it is, without rounding: `2024042203.1` and
/// `2024042203.10` are equal, `2024042203.01` is less than both and more than `2024042203`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

/// Why a text is not a [`Version`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version number; one is digits and at most one point between them, as in 2024042203.01")]
pub struct VersionError(String);

impl Version {
    /// Returns the number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole part without leading zeros, and the fraction without trailing ones: equal for equal numbers.
    fn parts(&self) -> (&str, &str) {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        (whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if text.len() > LONGEST || !digits(whole) || !digits(fraction) {
            return Err(VersionError(text.chars().take(2 * LONGEST).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((mine, my_fraction), (theirs, their_fraction)) = (self.parts(), other.parts());
        mine.len()
            .cmp(&theirs.len())
            .then_with(|| mine.cmp(theirs))
            .then_with(|| my_fraction.cmp(their_fraction))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn compares_as_a_decimal_number() {
        assert!(version("2024042203.01") > version("2024042203"));
        assert!(version("2024042203.01") < version("2024042203.1"));
        assert!(version("2024042203.09") < version("2024042203.10"));
        assert!(version("999") < version("2024042203"));
        assert_eq!(version("2024042203.1"), version("2024042203.10"));
        assert_eq!(version("2024042203"), version("2024042203.00"));
        assert_eq!(version("0"), version("00.0"));
    }

    #[test]
    fn is_written_as_it_was_read() {
        assert_eq!(version("2024042203.10").to_string(), "2024042203.10");
        assert_eq!(
            serde_json::to_string(&version("2024042203.10")).expect("serialises"),
            "\"2024042203.10\""
        );
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", ".", "1.", ".1", "-1", "1.2.3", "1e3", "١", " 1", &"1".repeat(33)] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        insta::assert_snapshot!("4.5".repeat(2).parse::<Version>().expect_err("no version"), @"`4.54.5` is no version number; one is digits and at most one point between them, as in 2024042203.01");
    }

    proptest! {
        #[test]
        fn order_agrees_with_integers(a in 0u64..100_000_000, b in 0u64..100_000_000) {
            let text = |n: u64| format!("{}.{:02}", n / 100, n % 100);
            prop_assert_eq!(version(&text(a)).cmp(&version(&text(b))), a.cmp(&b));
        }
    }
}
