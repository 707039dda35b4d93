//! Frankenstyle names of plugins: a plugin type, `_`, a name.
//!
//! The rules are Moodle's own, so that a name accepted here is one that Moodle will load. Whether the *type* exists
//! depends on the Moodle at hand; [`crate::components`] answers that.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest component name, in bytes: what Moodle's `config_plugins.plugin` and its kin can hold.
pub const LONGEST: usize = 100;

/// The name of a plugin, such as `mod_attendance`: the type `mod` and the name `attendance`.
///
/// Ordered by type, then by name. Written and read as one string, in JSON too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Component {
    kind: String,
    name: String,
}

/// Why a text is not a [`Component`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// The text is empty.
    #[error("a component cannot be empty; write a plugin type, `_` and a name, as in `mod_attendance`")]
    Empty,
    /// The text is longer than [`LONGEST`] bytes.
    #[error("a component has at most {LONGEST} characters; this one has {0}")]
    TooLong(usize),
    /// There is no `_`, so there is no plugin type.
    #[error("`{0}` has no plugin type; write the type, `_` and the name, as in `mod_attendance`")]
    NoType(String),
    /// The part before the first `_` cannot be a plugin type.
    #[error(
        "`{0}` cannot be a plugin type; a type is lower-case letters and digits and starts with a letter, as in `mod`"
    )]
    Type(String),
    /// `core_…` and `moodle_…` name parts of Moodle itself.
    #[error("`{0}` is a part of Moodle itself, not a plugin")]
    Core(String),
    /// An activity module's name has something else than lower-case letters and digits.
    #[error(
        "`{0}` cannot be the name of an activity module; use lower-case letters and digits, starting with a letter (an \
         activity's name has no `_`)"
    )]
    ActivityName(String),
    /// The part after the first `_` cannot be a plugin's name.
    #[error(
        "`{0}` cannot be the name of a plugin; use lower-case letters, digits and single `_`, start with a letter, end \
         with a letter or digit, at least two characters"
    )]
    Name(String),
}

impl Component {
    /// Makes a component of a plugin type (`mod`) and a name (`attendance`).
    pub fn new(kind: &str, name: &str) -> Result<Self, ComponentError> {
        let length = kind.len().saturating_add(name.len()).saturating_add(1);
        if length > LONGEST {
            return Err(ComponentError::TooLong(length));
        }
        if !is_word(kind) {
            return Err(ComponentError::Type(kind.to_owned()));
        }
        match kind {
            "core" | "moodle" => Err(ComponentError::Core(format!("{kind}_{name}"))),
            "mod" if !is_word(name) => Err(ComponentError::ActivityName(name.to_owned())),
            "mod" => Ok(Self { kind: kind.to_owned(), name: name.to_owned() }),
            _ if !is_plugin_name(name) => Err(ComponentError::Name(name.to_owned())),
            _ => Ok(Self { kind: kind.to_owned(), name: name.to_owned() }),
        }
    }

    /// Returns the plugin type: `mod` of `mod_attendance`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the name within its type: `attendance` of `mod_attendance`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Tells whether `text` is a lower-case letter followed by lower-case letters and digits: a plugin type, or the name
/// of an activity.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Moodle's rule for names other than activities': `^[a-z](?:[a-z0-9_](?!__))*[a-z0-9]+$`.
///
/// The look-ahead forbids `__` from the third character on; that core lets `a__b` pass is kept, because the point is
/// to agree with core.
fn is_plugin_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|&last| last != b'_')
        && bytes.iter().all(|&byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !bytes.iter().skip(2).zip(bytes.iter().skip(3)).any(|pair| pair == (&b'_', &b'_'))
}

impl FromStr for Component {
    type Err = ComponentError;

    fn from_str(text: &str) -> Result<Self, ComponentError> {
        if text.is_empty() {
            return Err(ComponentError::Empty);
        }
        if text.len() > LONGEST {
            return Err(ComponentError::TooLong(text.len()));
        }
        let (kind, name) = text.split_once('_').ok_or_else(|| ComponentError::NoType(text.to_owned()))?;
        Self::new(kind, name)
    }
}

impl TryFrom<String> for Component {
    type Error = ComponentError;

    fn try_from(text: String) -> Result<Self, ComponentError> {
        text.parse()
    }
}

impl From<Component> for String {
    fn from(component: Component) -> Self {
        format!("{}_{}", component.kind, component.name)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}_{}", self.kind, self.name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Component>().expect_err(text).to_string()
    }

    #[test]
    fn splits_at_the_first_underscore() {
        let component: Component = "tool_dataprivacy_extra".parse().expect("valid");
        assert_eq!((component.kind(), component.name()), ("tool", "dataprivacy_extra"));
        assert_eq!(component.to_string(), "tool_dataprivacy_extra");
        let component: Component = "h5plib_v127".parse().expect("valid");
        assert_eq!((component.kind(), component.name()), ("h5plib", "v127"));
    }

    #[test]
    fn says_what_is_wrong() {
        insta::assert_snapshot!(error(""), @"a component cannot be empty; write a plugin type, `_` and a name, as in `mod_attendance`");
        insta::assert_snapshot!(error("attendance"), @"`attendance` has no plugin type; write the type, `_` and the name, as in `mod_attendance`");
        insta::assert_snapshot!(error("Mod_attendance"), @"`Mod` cannot be a plugin type; a type is lower-case letters and digits and starts with a letter, as in `mod`");
        insta::assert_snapshot!(error("core_course"), @"`core_course` is a part of Moodle itself, not a plugin");
        insta::assert_snapshot!(error("mod_my_quiz"), @"`my_quiz` cannot be the name of an activity module; use lower-case letters and digits, starting with a letter (an activity's name has no `_`)");
        insta::assert_snapshot!(error("local_Paid"), @"`Paid` cannot be the name of a plugin; use lower-case letters, digits and single `_`, start with a letter, end with a letter or digit, at least two characters");
        insta::assert_snapshot!(error(&format!("local_{}", "a".repeat(100))), @"a component has at most 100 characters; this one has 106");
    }

    #[test]
    fn agrees_with_core_on_names() {
        // Each answer was had from core's own regular expression.
        let answers = [
            ("ab", true),
            ("a", false),
            ("a_", false),
            ("a_b", true),
            ("a__b", true),
            ("a___b", false),
            ("ab__c", false),
            ("ab_c_d", true),
            ("_ab", false),
            ("1ab", false),
            ("ab1", true),
            ("ab-c", false),
        ];
        for (name, valid) in answers {
            assert_eq!(is_plugin_name(name), valid, "{name}");
        }
    }

    #[test]
    fn travels_as_a_string() {
        let component: Component = serde_json::from_str("\"theme_moove\"").expect("valid");
        assert_eq!(serde_json::to_string(&component).expect("serialises"), "\"theme_moove\"");
        assert!(serde_json::from_str::<Component>("\"../etc\"").is_err());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_written_the_same(text in "\\PC{0,40}|[a-z0-9]{1,6}_[a-z0-9_]{1,12}") {
            if let Ok(component) = text.parse::<Component>() {
                prop_assert_eq!(component.to_string(), text);
            }
        }
    }
}
