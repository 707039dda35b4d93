//! Settings of Moodle that the file declares: which, with what value, and whose word counts.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::secret::SecretRef;

/// Which setting, as Moodle's tables have it: `core/theme`, `quiz/attempts`. `core` is Moodle's own table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingKey {
    component: String,
    name: String,
}

/// Why a text is the name of no setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingKeyError {
    /// No `/`.
    #[error("a setting is called PLUGIN/NAME, and Moodle's own core/NAME")]
    Whole,
    /// A component that cannot be.
    #[error("before the `/` stands `core` or a plugin, such as `quiz` or `theme_boost`")]
    Component,
    /// A name that cannot be.
    #[error("a setting's name has letters, digits, `_`, `-`, `.`, `:` and `/`, and at most 100 of them")]
    Name,
    /// What Provost or Moodle itself writes.
    #[error("it is no setting: Moodle or Provost writes it")]
    State,
}

/// What Moodle or Provost writes itself, and what makes a site the site that it is: rows of the tables of settings, and no settings.
const STATE: [&str; 13] = [
    "core/version",
    "core/allcomponenthash",
    "core/release",
    "core/branch",
    "core/allversionshash",
    "core/siteidentifier",
    "core/siteadmins",
    "core/rolesactive",
    "core/wwwroot",
    "core/dataroot",
    "core/prefix",
    "core/adminsetuppending",
    "core/upgraderunning",
];

impl SettingKey {
    /// `core`, or a plugin.
    pub fn component(&self) -> &str {
        &self.component
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Keys of `$CFG` that Provost writes into a site's configuration file by itself.
const PROVOSTS: [&str; 13] = [
    "dbtype",
    "dblibrary",
    "dbhost",
    "dbname",
    "dbuser",
    "dbpass",
    "dboptions",
    "directorypermissions",
    "filepermissions",
    "pathtophp",
    "session_handler_class",
    "forced_plugin_settings",
    "config_php_settings",
];

impl SettingKey {
    /// Why the configuration file cannot force it, where it cannot.
    pub fn not_forced(&self) -> Option<&'static str> {
        if self.component != "core" {
            return None;
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if PROVOSTS.contains(&self.name.as_str()) || self.name.starts_with("session_redis_") {
            return Some("the configuration file has it by itself");
        }
        (!self.name.starts_with(|c: char| c.is_ascii_alphabetic()) || !self.name.bytes().all(word))
            .then_some("it cannot be a key of `$CFG`")
    }
}

impl FromStr for SettingKey {
    type Err = SettingKeyError;

    fn from_str(text: &str) -> Result<Self, SettingKeyError> {
        let (component, name) = text.split_once('/').ok_or(SettingKeyError::Whole)?;
        // Moodle's own other word for itself.
        let component = if component == "moodle" { "core" } else { component };
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !component.starts_with(|c: char| c.is_ascii_lowercase())
            || !component.bytes().all(word)
            || component.len() > 100
        {
            return Err(SettingKeyError::Component);
        }
        let odd = |byte: u8| !(word(byte) || matches!(byte, b'-' | b'.' | b':' | b'/'));
        if name.is_empty() || name.len() > 100 || name.bytes().any(odd) {
            return Err(SettingKeyError::Name);
        }
        let is_state = component == "provost" || (component != "core" && name == "version");
        if is_state || STATE.contains(&format!("{component}/{name}").as_str()) {
            return Err(SettingKeyError::State);
        }
        Ok(Self { component: component.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for SettingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.component, self.name)
    }
}

impl Serialize for SettingKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a setting shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// This text, as Moodle stores it.
    Value(String),
    /// A secret.
    Secret(SecretRef),
    /// Not there, so that Moodle's default holds.
    Absent,
}

/// Whose word counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The file's: every `apply` sets it.
    #[default]
    Kept,
    /// The file's, and nobody can change it on the site: it is in the configuration file.
    Forced,
    /// The file's once, and the site's from then on.
    Seeded,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Forced, Self::Seeded];

    /// As the file writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Forced => "forced",
            Self::Seeded => "seeded",
        }
    }
}

/// A declared setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// What it shall be.
    pub wish: Wish,
    /// Whose word counts.
    pub policy: Policy,
    /// The table that says so, such as `profile.school`.
    pub by: String,
}

/// Settings, by their names.
pub type Settings = BTreeMap<SettingKey, Declared>;

/// Words in the names of settings whose values are secrets. Rather one too many: a value that is not shown is only less comfortable.
const SECRET: [&str; 10] = [
    "passw",
    "secret",
    "privatekey",
    "apikey",
    "token",
    "bindpw",
    "salt",
    "credential",
    "dbpass",
    "accesskey",
];

/// How names begin and end that speak about secrets and hold none: `minpasswordlength`, `passwordpolicy`, `tokenduration`.
const ABOUT: ([&str; 7], [&str; 22]) = (
    ["minpassw", "maxpassw", "enablepassw", "enabletoken", "requirepassw", "allowpassw", "fieldpass"],
    [
        "policy",
        "length",
        "digits",
        "lower",
        "upper",
        "nonalphanum",
        "limit",
        "logout",
        "deletion",
        "time",
        "duration",
        "lifetime",
        "expiry",
        "enabled",
        "rotation",
        "url",
        "endpoint",
        "toggle",
        "bypass",
        "adv",
        "locked",
        "required",
    ],
);

/// Whether the value of a setting of this name (without its component) is never shown: it is told as equal or different only.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    let (begins, ends) = ABOUT;
    if begins.iter().any(|word| name.starts_with(word)) || ends.iter().any(|word| name.ends_with(word)) {
        return false;
    }
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with("pass") || name.ends_with("pw")
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn what_speaks_about_secrets_is_none() {
        for name in [
            "smtppass",
            "bind_pw",
            "cronremotepassword",
            "recaptchaprivatekey",
            "clientsecret",
            "maxmind_apikey",
            "minio_secretkey",
            "api_token",
            "passwordsaltmain",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "passwordpolicy",
            "minpasswordlength",
            "passwordreuselimit",
            "passwordchangelogout",
            "tokenduration",
            "theme",
            "enabletokens",
            "loginpasswordtoggle",
            "proxybypass",
            "quizpassword_adv",
            "fieldpass",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
