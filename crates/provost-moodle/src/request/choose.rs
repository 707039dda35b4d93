//! Finding a request among the references of a repository.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::{Minor, MoodleRequest, Release};
use crate::nearest::nearest_name;
use crate::refs::Refs;

/// What was chosen, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The full name of the reference (`refs/tags/v4.5.10`); for a commit, the commit itself.
    pub reference: String,
    /// The commit that it is at.
    pub commit: String,
    /// The rule by which it was chosen.
    pub rule: Rule,
}

/// Why a reference was chosen, for a person. Serialised as the text it displays as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The newest release tag of a minor version.
    NewestOfMinor(Minor),
    /// The tip of this stable branch.
    TipOfStable(String),
    /// The tag of a release.
    Release(Release),
    /// A tag of that name.
    Tag(String),
    /// A branch of that name.
    Branch(String),
    /// The commit was named.
    Commit,
}

/// Why nothing could be chosen, with the nearest that there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// No release tag fits.
    #[error("no tag {wanted}; {nearest}")]
    NoTag {
        /// What was looked for: `v4.6.x` or `v4.5.99`.
        wanted: String,
        /// What there is instead.
        nearest: String,
    },
    /// The stable branch is not there.
    #[error("no branch {wanted}; {nearest}")]
    NoBranch {
        /// The branch's name.
        wanted: String,
        /// What there is instead.
        nearest: String,
    },
    /// Neither tag nor branch has the name.
    #[error("no tag or branch `{wanted}`; {nearest}")]
    NoRef {
        /// The name.
        wanted: String,
        /// What there is instead.
        nearest: String,
    },
    /// A tag and a branch have the name, at different commits.
    #[error("`{0}` is a tag and a branch, at different commits; write `refs/tags/{0}` or `refs/heads/{0}`")]
    Ambiguous(String),
}

impl Choice {
    /// Returns the reference as people write it: `v4.5.10`, `MOODLE_405_STABLE`, or the commit.
    pub fn short_reference(&self) -> &str {
        let name = self.reference.strip_prefix("refs/tags/");
        name.or_else(|| self.reference.strip_prefix("refs/heads/")).unwrap_or(&self.reference)
    }

    fn tag(name: &str, commit: &str, rule: Rule) -> Self {
        Self { reference: format!("refs/tags/{name}"), commit: commit.to_owned(), rule }
    }

    fn branch(name: &str, commit: &str, rule: Rule) -> Self {
        Self { reference: format!("refs/heads/{name}"), commit: commit.to_owned(), rule }
    }
}

impl MoodleRequest {
    /// Finds what the request means in a repository with these references. A commit is taken at its word: whether the
    /// repository has it, only a fetch can tell.
    pub fn choose(&self, refs: &Refs) -> Result<Choice, ChooseError> {
        match self {
            Self::NewestOfMinor(minor) => newest_of_minor(*minor, refs),
            Self::TipOfStable(minor) => tip_of_stable(*minor, refs),
            Self::Exact(release) => exact(*release, refs),
            Self::Ref(name) => named(name, refs),
            Self::Commit(commit) => {
                Ok(Choice { reference: commit.clone(), commit: commit.clone(), rule: Rule::Commit })
            }
        }
    }
}

/// Reads a release tag: `v4.5.10`, or `v4.5` for the first release as old versions were tagged. `None` for betas, release
/// candidates and everything else.
fn release_of_tag(tag: &str) -> Option<Release> {
    let number = |text: &str| {
        let plain = matches!(text.len(), 1..=4) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let parts: Vec<u32> = tag.strip_prefix('v')?.split('.').map(number).collect::<Option<_>>()?;
    match *parts.as_slice() {
        [major, minor] => Some(Release { minor: Minor { major, minor }, patch: 0 }),
        [major, minor, patch] => Some(Release { minor: Minor { major, minor }, patch }),
        _ => None,
    }
}

/// Every release that is tagged, with its tag. Where `v4.5` and `v4.5.0` both are, the longer one is kept.
fn releases(refs: &Refs) -> BTreeMap<Release, (&str, &str)> {
    // Tags come in order, so `v4.5.0` comes after `v4.5` and takes its place.
    refs.tags
        .iter()
        .filter_map(|(tag, commit)| Some((release_of_tag(tag)?, (tag.as_str(), commit.as_str()))))
        .collect()
}

fn newest_of_minor(minor: Minor, refs: &Refs) -> Result<Choice, ChooseError> {
    let releases = releases(refs);
    match releases.iter().rfind(|(release, _)| release.minor == minor) {
        Some((_, (tag, commit))) => Ok(Choice::tag(tag, commit, Rule::NewestOfMinor(minor))),
        None => Err(ChooseError::NoTag {
            wanted: format!("v{minor}.x"),
            nearest: nearest_release(minor, refs, &releases),
        }),
    }
}

fn exact(release: Release, refs: &Refs) -> Result<Choice, ChooseError> {
    let releases = releases(refs);
    if let Some((tag, commit)) = releases.get(&release) {
        return Ok(Choice::tag(tag, commit, Rule::Release(release)));
    }
    let nearest = match releases.iter().rfind(|(other, _)| other.minor == release.minor) {
        Some((_, (tag, _))) => format!("the newest of {} here is {tag}", release.minor),
        None => nearest_release(release.minor, refs, &releases),
    };
    Err(ChooseError::NoTag { wanted: format!("v{release}"), nearest })
}

fn tip_of_stable(minor: Minor, refs: &Refs) -> Result<Choice, ChooseError> {
    let wanted = minor.stable_branch();
    if let Some(commit) = refs.branches.get(&wanted) {
        return Ok(Choice::branch(&wanted, commit, Rule::TipOfStable(wanted.clone())));
    }
    let mut stable: Vec<Minor> =
        refs.branches.keys().filter_map(|branch| Minor::of_stable_branch(branch)).collect();
    stable.sort_unstable();
    let nearest = match nearest_minor(minor, &stable) {
        Some((which, minor)) => format!("the {which} stable branch here is {}", minor.stable_branch()),
        None => format!("here are no stable branches{}", default_branch(refs)),
    };
    Err(ChooseError::NoBranch { wanted, nearest })
}

fn named(name: &str, refs: &Refs) -> Result<Choice, ChooseError> {
    let (in_tags, in_heads) = (name.strip_prefix("refs/tags/"), name.strip_prefix("refs/heads/"));
    let either = in_tags.or(in_heads).unwrap_or(name);
    let tag = refs.tags.get(either).filter(|_| in_heads.is_none());
    let branch = refs.branches.get(either).filter(|_| in_tags.is_none());
    match (tag, branch) {
        (Some(tag), Some(branch)) if tag != branch => Err(ChooseError::Ambiguous(name.to_owned())),
        (Some(commit), _) => Ok(Choice::tag(either, commit, Rule::Tag(either.to_owned()))),
        (None, Some(commit)) => Ok(Choice::branch(either, commit, Rule::Branch(either.to_owned()))),
        (None, None) => {
            let names = refs.tags.keys().chain(refs.branches.keys());
            let nearest = match nearest_name(either, names) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!(
                    "here are {} tags and {} branches{}",
                    refs.tags.len(),
                    refs.branches.len(),
                    default_branch(refs)
                ),
            };
            Err(ChooseError::NoRef { wanted: name.to_owned(), nearest })
        }
    }
}

fn default_branch(refs: &Refs) -> String {
    refs.head.as_ref().map_or_else(String::new, |head| format!("; the default branch is {head}"))
}

/// Says which release comes nearest, and what else there is of the minor version that has none.
fn nearest_release(minor: Minor, refs: &Refs, releases: &BTreeMap<Release, (&str, &str)>) -> String {
    let minors: Vec<Minor> = releases.keys().map(|release| release.minor).collect();
    let nearest = match nearest_minor(minor, &minors) {
        Some((which, nearest)) => {
            let newest = releases.iter().rfind(|(release, _)| release.minor == nearest);
            let tag = newest.map_or("", |(_, (tag, _))| tag);
            format!("the {which} minor here is {nearest} ({tag})")
        }
        None => format!("here are no release tags{}", default_branch(refs)),
    };
    let (prefix, branch) = (format!("v{minor}."), minor.stable_branch());
    let early = refs.tags.keys().rfind(|tag| tag.starts_with(&prefix));
    let early = early.map(|tag| format!("; {tag} is no release")).unwrap_or_default();
    let has_branch = refs.branches.contains_key(&branch);
    let branch = if has_branch { format!("; `{minor}+` would take {branch}") } else { String::new() };
    format!("{nearest}{early}{branch}")
}

/// The minor version nearest to `wanted` in an ascending list, and whether it is "newest" or merely "nearest".
fn nearest_minor(wanted: Minor, ascending: &[Minor]) -> Option<(&'static str, Minor)> {
    let newest = *ascending.last()?;
    if wanted > newest {
        return Some(("newest", newest));
    }
    let older = ascending.iter().rfind(|&&minor| minor < wanted);
    Some(("nearest", *older.or(ascending.first())?))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewestOfMinor(minor) => write!(f, "newest tag of {minor}"),
            Self::TipOfStable(branch) => write!(f, "tip of {branch}"),
            Self::Release(release) => write!(f, "tag of release {release}"),
            Self::Tag(name) => write!(f, "tag {name}"),
            Self::Branch(name) => write!(f, "tip of branch {name}"),
            Self::Commit => f.write_str("commit as given"),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
