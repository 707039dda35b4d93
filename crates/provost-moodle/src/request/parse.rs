//! Reading a request.

use std::str::FromStr;

use super::{Minor, MoodleRequest, Release};

/// The longest request, in bytes: what a file system allows for one part of a reference's name.
const LONGEST: usize = 255;

/// The oldest major version that Provost can name. Moodle 1.x has no plugin types, no `version.php` of this form and runs
/// on no PHP of this century's second decade.
const OLDEST_MAJOR: u32 = 2;

/// Why a text does not say which Moodle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The text is empty.
    #[error(
        "a Moodle version cannot be empty; write one as in `4.5`, `4.5+` or `4.5.1`, or a tag, branch or commit"
    )]
    Empty,
    /// The text is longer than any reference.
    #[error("a Moodle version, tag or branch has at most {LONGEST} characters; this one has {0}")]
    TooLong(usize),
    /// It looks like a version, and is none that can be.
    #[error(
        "`{text}` is no Moodle version; write `{example}` for its newest release, `{example}+` for the tip of its stable \
         branch, or `{example}.1` for one release (a branch or tag of such a name: `refs/heads/…`, `refs/tags/…`)"
    )]
    Impossible {
        /// What was written.
        text: String,
        /// The minor version that was perhaps meant.
        example: String,
    },
    /// A version before 2.0.
    #[error("Moodle {0} cannot be; the oldest that can be named is {OLDEST_MAJOR}.0")]
    TooOld(String),
    /// Part of a commit id.
    #[error("`{0}` looks like an abbreviated commit, which can come to mean another one; give all 40 digits")]
    AbbreviatedCommit(String),
    /// Git allows no such name.
    #[error("`{text}` can be no version, tag or branch: {why}")]
    NoRefName {
        /// What was written.
        text: String,
        /// Which of git's rules it breaks.
        why: &'static str,
    },
}

impl FromStr for MoodleRequest {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        if text.is_empty() {
            return Err(RequestError::Empty);
        }
        if text.len() > LONGEST {
            return Err(RequestError::TooLong(text.len()));
        }
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        match text.len() {
            40 if hexadecimal => return Ok(Self::Commit(text.to_ascii_lowercase())),
            7..40 if hexadecimal && has_letter => {
                return Err(RequestError::AbbreviatedCommit(text.to_owned()));
            }
            _ => {}
        }
        if looks_like_a_version(text) {
            return version(text);
        }
        match breaks_ref_rule(text) {
            Some(why) => Err(RequestError::NoRefName { text: text.to_owned(), why }),
            None => Ok(Self::Ref(text.to_owned())),
        }
    }
}

/// Whether a text was meant as a version: digits alone, or digits and a point in front.
fn looks_like_a_version(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && (rest.is_empty() || rest.starts_with(['.', '+']))
}

fn version(text: &str) -> Result<MoodleRequest, RequestError> {
    let (numbers, tip) = match text.strip_suffix('+') {
        Some(numbers) => (numbers, true),
        None => (text, false),
    };
    let parts: Option<Vec<u32>> = numbers.split('.').map(number).collect();
    let request = match (parts.as_deref(), tip) {
        (Some(&[major, minor]), true) => MoodleRequest::TipOfStable(Minor { major, minor }),
        (Some(&[major, minor]), false) => MoodleRequest::NewestOfMinor(Minor { major, minor }),
        (Some(&[major, minor, patch]), false) => {
            MoodleRequest::Exact(Release { minor: Minor { major, minor }, patch })
        }
        _ => return Err(RequestError::Impossible { text: text.to_owned(), example: example(text) }),
    };
    match parts.as_deref() {
        Some(&[major, ..]) if major < OLDEST_MAJOR => Err(RequestError::TooOld(numbers.to_owned())),
        _ => Ok(request),
    }
}

/// A number of at most four digits, without leading zeros: `4.05` is not how anyone writes 4.5.
fn number(text: &str) -> Option<u32> {
    let plain = matches!(text.len(), 1..=4) && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

/// The minor version that a text begins with, or one that serves as an example.
fn example(text: &str) -> String {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    match (parts.next().and_then(number), parts.next().and_then(number)) {
        (Some(major), Some(minor)) if major >= OLDEST_MAJOR => Minor { major, minor }.to_string(),
        _ => "4.5".to_owned(),
    }
}

/// Which rule of `git check-ref-format` a name breaks.
pub(crate) fn breaks_ref_rule(text: &str) -> Option<&'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it has a space or a control character in it");
    }
    if text.contains(['~', '^', ':', '?', '*', '[', '\\']) {
        return Some("git allows none of ~ ^ : ? * [ \\ in a name");
    }
    if text.starts_with('-') {
        return Some("a name does not start with `-`");
    }
    if text.contains("..") || text.contains("@{") || text == "@" {
        return Some("git gives `..`, `@{` and `@` another meaning");
    }
    if text.ends_with('.') {
        return Some("a name does not end with a point");
    }
    // Git's rule knows `.lock` in lower case only.
    let locked = |part: &str| part.strip_suffix(".lock").is_some();
    if text.split('/').any(|part| part.is_empty() || part.starts_with('.') || locked(part)) {
        return Some(
            "between its slashes, each part has a character, no point in front and no `.lock` at the end",
        );
    }
    None
}
