//! The name of a unit, the same at both ends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest key: a key of `config_plugins` has room for 100 characters, and a prefix comes before this one.
const LONGEST: usize = 64;

/// Names a unit at both ends: the mark of the restored course, the directories of its backup. Lower-case letters, digits and hyphens, so
/// that it can be a file name, a key of Moodle's settings, and an argument of a remote shell, all without quoting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitKey(String);

/// That a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot name a unit")]
pub struct KeyError(String);

impl UnitKey {
    /// The key of a unit: the fleet's id, the session's tag and the unit's number in it. Two fleets may archive into one site, and one
    /// fleet may keep several registries, which count their sessions each for itself.
    ///
    /// # Errors
    /// When the fleet's id is nothing that can stand in a file name.
    pub fn new(fleet: &str, session: &str, unit: u64) -> Result<Self, KeyError> {
        // The first eight characters tell fleets apart as surely as anybody needs: marks are looked up by the whole key.
        let fleet: String = fleet.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        Self::try_from(format!("{}-{session}-{unit}", fleet.to_ascii_lowercase()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UnitKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > LONGEST || text.starts_with('-') || !text.chars().all(plain) {
            return Err(KeyError(text));
        }
        Ok(Self(text))
    }
}

impl From<UnitKey> for String {
    fn from(key: UnitKey) -> Self {
        key.0
    }
}

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_plain_word() {
        assert_eq!(UnitKey::new("1F3A-22bc-9", "7ea0", 12).unwrap().as_str(), "1f3a22bc-7ea0-12");
        for wrong in ["", "-a", "A", "a/b", "a b", "a.b", &"a".repeat(65)] {
            assert!(UnitKey::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
