//! Submodules: a commit that names other repositories' commits is made whole.
//!
//! Git's own `submodule update` is not used: it needs a checkout, and runs what a repository says. What is read is one file,
//! `.gitmodules` at the commit; each submodule is then one more part of the build, from a source like any other.

mod error;
mod file;
mod url;

pub use error::SubmoduleError;

use std::collections::VecDeque;

use crate::build::Part;
use crate::git::{Entry, Git, GitError, Source};
use crate::object::{Mode, ObjectId};
use file::{Declarations, Declared};

/// How deep submodules may lie in submodules. Real plugins have one level; what refers to itself never ends.
pub const DEEPEST: usize = 4;

/// How many submodules one commit may have in all, each being a download. The largest plugins have a dozen.
pub const MOST: usize = 100;

/// The longest `.gitmodules` that is read, in bytes: room for [`MOST`] entries, many times over.
const LONGEST_FILE: u64 = 256 << 10;

/// One submodule of a commit, or of another submodule of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its directory, relative to the commit's root.
    pub path: String,
    /// Its repository.
    pub source: Source,
    /// The same as text, absolute and without a password, for the lock.
    pub url: String,
    /// The commit.
    pub commit: ObjectId,
    /// `refs/heads/BRANCH`, if `.gitmodules` names a branch: for servers that do not give commits by their id.
    pub reference: Option<String>,
}

impl Submodule {
    /// The part of a build that it is; `below` is the directory of the plugin that has it, empty for Moodle.
    pub fn part(&self, below: &str) -> Part {
        let path = if below.is_empty() { self.path.clone() } else { format!("{below}/{}", self.path) };
        Part { source: self.source.clone(), commit: self.commit, reference: self.reference.clone(), path }
    }
}

/// Finds and downloads all submodules of a commit that is there, and theirs. What holds another one comes before it.
///
/// # Errors
/// [`SubmoduleError`]; nothing is guessed.
pub async fn expand(git: &Git, source: &Source, commit: ObjectId) -> Result<Vec<Submodule>, SubmoduleError> {
    let mut found: Vec<Submodule> = Vec::new();
    let mut open = VecDeque::from([(source.clone(), commit, String::new(), 0)]);
    while let Some((source, commit, below, depth)) = open.pop_front() {
        let own = of_commit(git, &source, commit).await?;
        if found.len() + own.len() > MOST {
            return Err(SubmoduleError::TooMany { repository: source.to_string(), most: MOST });
        }
        if depth == DEEPEST && !own.is_empty() {
            return Err(SubmoduleError::TooDeep {
                repository: source.to_string(),
                path: below.trim_end_matches('/').to_owned(),
            });
        }
        for mut submodule in own {
            submodule.path = format!("{below}{}", submodule.path);
            git.fetch(&submodule.source, submodule.commit, submodule.reference.as_deref())
                .await
                .map_err(|error| SubmoduleError::NotHad { path: submodule.path.clone(), error })?;
            let inside = format!("{}/", submodule.path);
            open.push_back((submodule.source.clone(), submodule.commit, inside, depth + 1));
            found.push(submodule);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Leaves out what is replaced: a submodule at, or below, the place of another plugin.
pub fn outside<'a>(
    submodules: Vec<Submodule>,
    below: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Vec<Submodule> {
    let others: Vec<&str> = others.into_iter().filter(|other| *other != below).collect();
    let in_another = |submodule: &Submodule| {
        let path = submodule.part(below).path;
        let holds = |other: &&&str| {
            // A plugin that this one lies in replaces nothing of it.
            !format!("{below}/").starts_with(&format!("{other}/"))
                && path.strip_prefix(**other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        others.iter().any(|other| holds(&other))
    };
    submodules.into_iter().filter(|submodule| !in_another(submodule)).collect()
}

async fn of_commit(git: &Git, source: &Source, commit: ObjectId) -> Result<Vec<Submodule>, SubmoduleError> {
    let listing = git.list(source, commit).await?;
    if listing.submodules().len() == 0 {
        return Ok(Vec::new());
    }
    let repository = || source.to_string();
    let named = listing.iter().find(|entry| entry.path == b".gitmodules");
    let declared = match named {
        None => Declarations::default(),
        // Git follows no symlink here either: it could lead to a file of this machine.
        Some(Entry { mode: Mode::Symlink, .. }) => {
            return Err(SubmoduleError::File { repository: repository(), why: "it is a symlink".to_owned() });
        }
        Some(_) => Declarations::read(git, source, commit).await?,
    };
    let base = url::base(git, source).await?;
    let mut all = Vec::new();
    for entry in listing.submodules() {
        let path = String::from_utf8(entry.path.to_vec()).map_err(|_| SubmoduleError::NotDeclared {
            repository: repository(),
            path: String::from_utf8_lossy(entry.path).into_owned(),
        })?;
        let Declared { url, branch } = declared.at(&repository(), &path)?;
        let (source, url) = url::resolve(&base, &url).map_err(|error| SubmoduleError::Url {
            repository: repository(),
            path: path.clone(),
            error,
        })?;
        let reference = branch.map(|branch| format!("refs/heads/{branch}"));
        all.push(Submodule { path, source, url, commit: entry.id, reference });
    }
    Ok(all)
}

impl From<GitError> for SubmoduleError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

#[cfg(test)]
mod tests;
