//! Selections of sites: the one language of every `--sites`.
//!
//! ```text
//! or   := and ('|' and)*
//! and  := not ('&' not)*
//! not  := '!' not | '(' or ')' | term
//! term := glob                                  a site's name or one of its tags
//!       | key ':' glob                          one of [`TextKey`]
//!       | key ('<'|'<='|'='|'>='|'>') version   `moodle`, or a plugin such as `mod_quiz`
//! ```
//!
//! What is not known of a site (its server is down) makes a term neither true nor false: [`Answer::Unknown`]. Who writes to the
//! sites of a selection must not guess.

mod glob;
mod parse;
mod version;

use std::fmt;

use provost_moodle::component::Component;

pub use glob::Glob;
pub use parse::SelectorError;
pub use version::{Comparison, Version};

/// A selection of sites. Made by `FromStr`; `Display` writes it so that it reads back as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// One of these.
    Any(Vec<Selector>),
    /// All of these.
    All(Vec<Selector>),
    /// Not this.
    Not(Box<Selector>),
    /// A site's name or one of its tags.
    Word(Glob),
    /// Something that is told of a site as text.
    Text(TextKey, Glob),
    /// A version that a site runs on.
    Version(VersionKey, Comparison, Version),
}

/// What is told of a site as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKey {
    /// Its name.
    Name,
    /// A tag.
    Tag,
    /// Its URL.
    Url,
    /// The host of its URL, or of an alias.
    Host,
    /// Its codebase.
    Codebase,
    /// The server of its database.
    Database,
    /// The template it was cloned from.
    Template,
    /// What `site list` says of it: `installed`, `disabled`, `maintenance`, …
    State,
}

/// Every key with its word.
const TEXT_KEYS: [(&str, TextKey); 8] = [
    ("name", TextKey::Name),
    ("tag", TextKey::Tag),
    ("url", TextKey::Url),
    ("host", TextKey::Host),
    ("codebase", TextKey::Codebase),
    ("database", TextKey::Database),
    ("template", TextKey::Template),
    ("state", TextKey::State),
];

/// The word for Moodle itself.
const MOODLE: &str = "moodle";

impl TextKey {
    /// Its word in a selection.
    pub fn word(self) -> &'static str {
        TEXT_KEYS.iter().find(|(_, key)| *key == self).map_or("", |(word, _)| word)
    }
}

/// What has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionKey {
    /// Moodle, by its release: `4.5.2`.
    Moodle,
    /// A plugin, by the number in its `version.php`.
    Plugin(Component),
}

/// What a selection asks of a site.
pub trait SiteFacts {
    /// Its values of a key: none, one or several. `None` where they are not known.
    fn texts(&self, key: TextKey) -> Option<Vec<String>>;
    /// The version of something on it. `None` where it is not known; `Some(None)` where the site has no such thing.
    fn version(&self, key: &VersionKey) -> Option<Option<Version>>;
}

/// Whether a site is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is not.
    No,
    /// That depends on what is not known of it.
    Unknown,
    /// It is.
    Yes,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Selector {
    /// Every site there is.
    pub fn everything() -> Self {
        Self::Word(Glob::everything())
    }

    /// Whether a site is meant.
    pub fn matches(&self, site: &impl SiteFacts) -> Answer {
        match self {
            Self::Any(parts) => {
                let mut answer = Answer::No;
                for part in parts {
                    match part.matches(site) {
                        Answer::Yes => return Answer::Yes,
                        Answer::Unknown => answer = Answer::Unknown,
                        Answer::No => {}
                    }
                }
                answer
            }
            Self::All(parts) => {
                let mut answer = Answer::Yes;
                for part in parts {
                    match part.matches(site) {
                        Answer::No => return Answer::No,
                        Answer::Unknown => answer = Answer::Unknown,
                        Answer::Yes => {}
                    }
                }
                answer
            }
            Self::Not(part) => match part.matches(site) {
                Answer::Yes => Answer::No,
                Answer::Unknown => Answer::Unknown,
                Answer::No => Answer::Yes,
            },
            Self::Word(glob) => {
                let one = |key| text(glob, key, site);
                match (one(TextKey::Name), one(TextKey::Tag)) {
                    (Answer::Yes, _) | (_, Answer::Yes) => Answer::Yes,
                    (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
                    (Answer::No, Answer::No) => Answer::No,
                }
            }
            Self::Text(key, glob) => text(glob, *key, site),
            Self::Version(key, comparison, version) => match site.version(key) {
                None => Answer::Unknown,
                Some(None) => Answer::No,
                Some(Some(is)) => comparison.holds(&is, version).into(),
            },
        }
    }

    /// Whether it asks for what only a live site tells: its state, or a version.
    pub fn asks_live(&self) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().any(Self::asks_live),
            Self::Not(part) => part.asks_live(),
            Self::Word(_) => false,
            Self::Text(key, _) => *key == TextKey::State,
            Self::Version(..) => true,
        }
    }

    /// The words without a wildcard that name a site or a tag: what a mistyped selection is explained by.
    pub fn literals(&self) -> Vec<&str> {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::literals).collect(),
            Self::Not(part) => part.literals(),
            Self::Word(glob) | Self::Text(TextKey::Name | TextKey::Tag, glob) => {
                glob.literal().into_iter().collect()
            }
            Self::Text(..) | Self::Version(..) => Vec::new(),
        }
    }
}

fn text(glob: &Glob, key: TextKey, site: &impl SiteFacts) -> Answer {
    match site.texts(key) {
        None => Answer::Unknown,
        Some(values) => values.iter().any(|value| glob.matches(value)).into(),
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(parts) => joined(f, parts, " | ", |part| matches!(part, Self::Any(_))),
            Self::All(parts) => joined(f, parts, " & ", |part| matches!(part, Self::Any(_) | Self::All(_))),
            Self::Not(part) if matches!(**part, Self::Any(_) | Self::All(_)) => write!(f, "!({part})"),
            Self::Not(part) => write!(f, "!{part}"),
            Self::Word(glob) => write!(f, "{glob}"),
            Self::Text(key, glob) => write!(f, "{}:{glob}", key.word()),
            Self::Version(key, comparison, version) => write!(f, "{key}{comparison}{version}"),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Selector],
    by: &str,
    needs_parentheses: impl Fn(&Selector) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(by)?;
        }
        if needs_parentheses(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for VersionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moodle => f.write_str(MOODLE),
            Self::Plugin(component) => write!(f, "{component}"),
        }
    }
}

#[cfg(test)]
mod tests;
