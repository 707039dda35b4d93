//! Which branch or tag of a plugin's repository, where the user says nothing.
//!
//! Authors follow no one rule, so three are tried: the branch named after the Moodle; else the newest tag whose own
//! `version.php` says that this Moodle is supported; else the default branch. A stable branch of an *older* Moodle is never
//! taken for the present one: it is where its authors keep what they no longer move on.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::refs::Refs;
use crate::request::Minor;
use crate::version_php::PluginVersion;

mod tag_order;
#[cfg(test)]
mod tests;

pub use tag_order::{compare_tags, is_prerelease, newest_first};

/// What the references of a repository say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BranchChoice {
    /// This one; nothing has to be looked at.
    Found(PluginRef),
    /// The first of `tags` whose `version.php` [`supports`] the Moodle; where none does, `otherwise`.
    Ask {
        /// Tags, newest first, those of alphas, betas and candidates last.
        tags: Vec<PluginRef>,
        /// The default branch, if the repository names one.
        otherwise: Option<PluginRef>,
    },
    /// The repository has neither tags nor a default branch.
    Nothing,
}

/// A reference of a plugin's repository, and the rule that leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginRef {
    /// The full name: `refs/heads/MOODLE_405_STABLE`.
    pub reference: String,
    /// The commit that it is at.
    pub commit: String,
    /// Why it.
    pub rule: PluginRule,
}

/// Why a reference was chosen, for a person. Serialised as the text it displays as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginRule {
    /// The branch named after the Moodle.
    StableBranch(String),
    /// The newest tag whose authors support the Moodle.
    SupportedTag(Minor),
    /// The default branch.
    DefaultBranch(String),
}

impl BranchChoice {
    /// Looks through the references of a plugin's repository, for a Moodle by its branch number (`405`).
    pub fn of(refs: &Refs, branch: u32) -> Self {
        let stable = format!("MOODLE_{branch}_STABLE");
        let head = |name: &str, commit: &str, rule| PluginRef {
            reference: format!("refs/heads/{name}"),
            commit: commit.to_owned(),
            rule,
        };
        if let Some(commit) = refs.branches.get(&stable) {
            return Self::Found(head(&stable, commit, PluginRule::StableBranch(stable.clone())));
        }
        let minor = Minor::of_branch(branch);
        let tags = newest_first(refs.tags.keys()).into_iter().filter_map(|tag| {
            let rule = PluginRule::SupportedTag(minor);
            Some(PluginRef {
                reference: format!("refs/tags/{tag}"),
                commit: refs.tags.get(tag)?.clone(),
                rule,
            })
        });
        let tags: Vec<PluginRef> = tags.collect();
        let otherwise = refs.default_branch().map(|(name, commit)| {
            let rule = PluginRule::DefaultBranch(name.to_owned());
            head(name, commit, rule)
        });
        match (tags.is_empty(), otherwise) {
            (true, Some(default)) => Self::Found(default),
            (true, None) => Self::Nothing,
            (false, otherwise) => Self::Ask { tags, otherwise },
        }
    }
}

/// Tells whether a plugin's authors say that it is for a Moodle, by its branch number. Who says nothing does not.
pub fn supports(plugin: &PluginVersion, branch: u32) -> bool {
    plugin.supported.is_some_and(|(first, last)| (first..=last).contains(&branch))
}

impl fmt::Display for PluginRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StableBranch(name) => write!(f, "branch {name}"),
            Self::SupportedTag(minor) => write!(f, "newest tag whose authors support {minor}"),
            Self::DefaultBranch(name) => write!(f, "default branch `{name}`"),
        }
    }
}

impl Serialize for PluginRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
