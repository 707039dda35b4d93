//! What a build is made of: commits and the directories that their files go to.

use std::collections::BTreeSet;

use futures_util::stream::{self, Stream, StreamExt as _};
use provost_fleet::lock::{LockedCodebase, LockedSource, LockedSubmodule};

use crate::git::{Git, GitError, Listing, ListingError, Overlay, Source};
use crate::object::ObjectId;
use crate::patch::{self, Patch};
use crate::store::{Key, Store};

use super::{BuildError, TreePlan};

/// How many repositories are read at once. Each is a handful of git's processes, which mostly wait for their own start; a download goes
/// through one line however many there are.
const AT_ONCE: usize = 4;

/// One commit of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its repository.
    pub source: Source,
    /// The commit.
    pub commit: ObjectId,
    /// The reference (`refs/heads/main`) by which a server gives it that does not give commits by their id.
    pub reference: Option<String>,
    /// The directory of the build that its files go to; empty for Moodle itself.
    pub path: String,
}

/// What a build is made of. Later parts replace what earlier ones have at their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Git's id of the whole tree.
    pub tree: ObjectId,
    /// Moodle first, then the plugins and the submodules of them all; what lies inside another part comes after it.
    pub parts: Vec<Part>,
    /// Directories that are left out of all these.
    pub absent: Vec<String>,
    /// Changes of our own to all that, in their order.
    pub patches: Vec<Patch>,
}

impl Recipe {
    /// Makes a recipe; parts are put in the order of their paths, so that what lies inside comes later.
    pub fn new(tree: ObjectId, mut parts: Vec<Part>) -> Self {
        parts.sort_by(|a, b| a.path.cmp(&b.path));
        Self { tree, parts, absent: Vec::new(), patches: Vec::new() }
    }

    /// Leaves directories out.
    pub fn without(self, absent: impl IntoIterator<Item = String>) -> Self {
        Self { absent: absent.into_iter().collect(), ..self }
    }

    /// The same with patches, of which the tree must be the result.
    pub fn with_patches(mut self, patches: Vec<Patch>) -> Self {
        self.patches = patches;
        self
    }

    /// The tree that these files make, whatever the recipe says.
    ///
    /// # Errors
    /// Whatever keeps the files from being listed.
    pub async fn tree_of(&self, git: &Git) -> Result<ObjectId, BuildError> {
        Ok(self.patched(git).await?.0)
    }

    /// The tree that these files make, and what the patches change for that.
    pub(crate) async fn patched(&self, git: &Git) -> Result<(ObjectId, Overlay), BuildError> {
        let listing = self.list(git).await?;
        let overlay = self.overlay(git, &listing).await?;
        Ok((TreePlan::new(listing.overlay(&overlay))?.tree(), overlay))
    }

    /// The files of the build: from the store if it remembers them, else from git, downloading what is missing.
    /// Either way the list is hashed, and must make the recipe's tree.
    ///
    /// # Errors
    /// [`BuildError::OtherTree`] when it does not, and whatever git says.
    pub(super) async fn plan(&self, git: &Git, store: &Store) -> Result<TreePlan, BuildError> {
        let kept = store.kept_listing(self.tree).and_then(|text| crate::git::parse_ls_tree(text).ok());
        if let Some(plan) = kept.map(TreePlan::new).transpose()?.filter(|plan| plan.tree() == self.tree) {
            return Ok(plan);
        }
        let listing = self.list(git).await?;
        let overlay = self.overlay(git, &listing).await?;
        let listing = listing.overlay(&overlay);
        let text = listing.to_ls_tree();
        let plan = TreePlan::new(listing)?;
        if plan.tree() != self.tree {
            return Err(BuildError::OtherTree { made: plan.tree(), locked: self.tree });
        }
        store.keep_listing(self.tree, &text)?;
        Ok(plan)
    }

    /// All files, with every part in its place.
    pub(crate) async fn list(&self, git: &Git) -> Result<Listing, BuildError> {
        let mut whole = Listing::default();
        let mut listed = std::pin::pin!(list_each(git, self.parts.iter()));
        while let Some((part, listing)) = listed.next().await {
            let listing = listing?;
            if part.path.is_empty() {
                whole = listing;
            } else {
                if let Some(file) = file_in_the_way(&whole, &part.path) {
                    return Err(BuildError::FileInTheWay(file));
                }
                whole = whole.splice(&part.path, &listing);
            }
        }
        for path in &self.absent {
            whole = whole.without(path);
        }
        whole.check_whole().map_err(|error| {
            // By the part that names it, not by the build that lacks it.
            let by = |part: &&Part| match &error {
                ListingError::Submodule(path) => is_inside(path, &part.path),
                _ => false,
            };
            let part = self.parts.iter().rev().find(by);
            let repository = part.map_or_else(String::new, |part| part.source.to_string());
            GitError::Listing { repository, error: error.clone() }
        })?;
        Ok(whole)
    }

    /// What the patches change.
    pub(crate) async fn overlay(&self, git: &Git, listing: &Listing) -> Result<Overlay, BuildError> {
        let sources: BTreeSet<&Source> = self.parts.iter().map(|part| &part.source).collect();
        let sources: Vec<Source> = sources.into_iter().cloned().collect();
        Ok(patch::apply(git, listing, &sources, &self.patches).await.map_err(Box::new)?)
    }

    /// Which of `missing` each part's repository has; every one is asked of one repository only.
    pub(super) async fn share(
        &self,
        git: &Git,
        missing: Vec<Key>,
    ) -> Result<Vec<(Part, Vec<Key>)>, BuildError> {
        let mut left: BTreeSet<Key> = missing.iter().copied().collect();
        let mut shares = Vec::new();
        if !self.patches.is_empty() && !missing.is_empty() {
            // Applied once more, which puts their results back where they may have been removed.
            let overlay = self.overlay(git, &self.list(git).await?).await?;
            if let Some(pin) = overlay.pin {
                let ids: BTreeSet<ObjectId> = overlay.ids().collect();
                let part =
                    Part { source: Source::Imported, commit: pin, reference: None, path: String::new() };
                shares.push((part, take(&mut left, &missing, &ids)));
            }
        }
        // Plugins first: their lists are short, and Moodle's then takes all that is left.
        let mut gone = None;
        let mut listed = std::pin::pin!(list_each(git, self.parts.iter().rev()));
        while !left.is_empty() {
            let Some((part, listing)) = listed.next().await else { break };
            match listing {
                Ok(listing) => {
                    let ids: BTreeSet<ObjectId> = listing.iter().map(|entry| entry.id).collect();
                    shares.push((part.clone(), take(&mut left, &missing, &ids)));
                }
                Err(error) if error.is_cancelled() => return Err(error.into()),
                // A repository that is gone is missed only if the others have not all that is asked for.
                Err(error) => drop(gone.get_or_insert(error)),
            }
        }
        if let Some(error) = gone.filter(|_| !left.is_empty()) {
            return Err(error.into());
        }
        shares.reverse();
        Ok(shares)
    }
}

/// The files of parts, in their order, each from its repository; some are read ahead.
fn list_each<'a>(
    git: &'a Git,
    parts: impl Iterator<Item = &'a Part>,
) -> impl Stream<Item = (&'a Part, Result<Listing, GitError>)> {
    // Nothing begins before it is its turn.
    let each: Vec<_> = parts.map(|part| part.listed(git)).collect();
    stream::iter(each).buffered(AT_ONCE)
}

/// Takes out of `left` what has these ids. In the order of the tree, which is that in which a pack is read fastest.
fn take(left: &mut BTreeSet<Key>, missing: &[Key], ids: &BTreeSet<ObjectId>) -> Vec<Key> {
    let own: BTreeSet<Key> = left.iter().copied().filter(|key| ids.contains(&key.id)).collect();
    left.retain(|key| !own.contains(key));
    missing.iter().copied().filter(|key| own.contains(key)).collect()
}

impl Part {
    async fn listed<'a>(&'a self, git: &'a Git) -> (&'a Self, Result<Listing, GitError>) {
        (self, self.list(git).await)
    }

    async fn list(&self, git: &Git) -> Result<Listing, GitError> {
        git.fetch(&self.source, self.commit, self.reference.as_deref()).await?;
        match git.list(&self.source, self.commit).await {
            Err(GitError::Damaged { cached: true, .. }) => {
                git.fetch_again(&self.source, self.commit).await?;
                git.list(&self.source, self.commit).await
            }
            other => other,
        }
    }
}

/// Whether `path` lies in a directory; everything lies in the one without a name.
fn is_inside(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// A file, or a symlink, at `path` or at a directory above it.
fn file_in_the_way(listing: &Listing, path: &str) -> Option<String> {
    let above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
    above.into_iter().find(|directory| listing.find(directory).is_some()).map(str::to_owned)
}

/// Reads a recipe out of the lock.
impl TryFrom<&LockedCodebase> for Recipe {
    type Error = BuildError;

    fn try_from(locked: &LockedCodebase) -> Result<Self, BuildError> {
        let part = |source: &str, commit: &str, reference: &str, path: &str| {
            Ok::<_, BuildError>(Part {
                source: Source::parse(source)?,
                commit: commit.parse()?,
                reference: Some(reference).filter(|name| name.starts_with("refs/")).map(str::to_owned),
                path: path.to_owned(),
            })
        };
        let submodule = |below: &str, (path, submodule): (&String, &LockedSubmodule)| {
            let path = if below.is_empty() { path.clone() } else { format!("{below}/{path}") };
            let reference = submodule.reference.as_deref().unwrap_or_default();
            part(&submodule.source, &submodule.commit, reference, &path)
        };
        let moodle = &locked.moodle;
        let mut parts = vec![part(&moodle.source, &moodle.commit, &moodle.reference, "")?];
        for one in &moodle.submodules {
            parts.push(submodule("", one)?);
        }
        for plugin in locked.plugins.values() {
            if plugin.path.is_empty() {
                return Err(BuildError::NotWhole("a plugin in the lock has no path".to_owned()));
            }
            parts.push(match &plugin.source {
                LockedSource::Git { source, reference, commit } => {
                    part(source, commit, reference, &plugin.path)?
                }
                LockedSource::Zip { tree, .. } | LockedSource::Directory { tree, .. } => Part {
                    source: Source::Imported,
                    commit: tree.parse()?,
                    reference: None,
                    path: plugin.path.clone(),
                },
            });
            for one in &plugin.submodules {
                parts.push(submodule(&plugin.path, one)?);
            }
        }
        Ok(Self::new(locked.tree.parse()?, parts).without(locked.absent.values().cloned()))
    }
}
