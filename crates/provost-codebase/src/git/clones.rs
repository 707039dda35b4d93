//! Repositories that do not hold all they speak of: partial and shallow clones.
//!
//! A partial clone has left blobs, or trees, with the server it came from. We never write to a repository that is not ours, so
//! what it lacks is fetched into the cache of that server's URL and read from there beside it. A partial clone in the cache's own
//! place gets what it lacks itself.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::event::Event;
use provost_engine::lease::Lease;
use provost_engine::process::{Input, Program};

use super::error::{Trouble, classify};
use super::fetch::DOWNLOAD;
use super::{Git, GitError, RemoteUrl, Source};
use crate::object::ObjectId;

/// How often what is missing is asked for: first trees, then what these name, and once more for good measure.
const ROUNDS: usize = 4;

/// The longest list of missing objects, in bytes: 100,000 ids.
const LARGEST: usize = 5 << 20;

impl Git {
    /// Whether a repository is a partial clone: git marks the packs that it got from a server which has more.
    pub(super) async fn is_partial(&self, source: &Source) -> Result<bool, GitError> {
        let repository = self.repository(source);
        let mut packs = vec![repository.join("objects/pack"), repository.join(".git/objects/pack")];
        if repository.join(".git").is_file() {
            // A second work tree of some other one.
            packs =
                self.object_directories(source).await?.into_iter().map(|path| path.join("pack")).collect();
        }
        let marked = |path: &Utf8PathBuf| {
            fs::read_dir(path).is_ok_and(|mut entries| {
                entries.any(|entry| {
                    entry.is_ok_and(|one| one.path().extension().is_some_and(|end| end == "promisor"))
                })
            })
        };
        Ok(packs.iter().any(marked))
    }

    /// Whether the history of a repository has been cut off.
    pub(super) async fn is_shallow(&self, repository: &Utf8Path) -> Result<bool, GitError> {
        let question = self.local(repository).args(["rev-parse", "--is-shallow-repository"]);
        Ok(self.context().run(question).await?.text().trim() == "true")
    }

    /// Objects of a commit, but not of its history, that are not there.
    async fn missing(&self, repository: &Utf8Path, commit: ObjectId) -> Result<Vec<String>, GitError> {
        let question = self
            .local(repository)
            .args(["rev-list", "--objects", "--no-object-names", "--missing=print", "--max-count=1"])
            .args([&commit.to_string(), "--"])
            .capture(LARGEST);
        let answer = self.context().run(question).await?.ok()?;
        Ok(answer.text().lines().filter_map(|line| line.strip_prefix('?')).map(str::to_owned).collect())
    }

    /// Sees to it that all of a commit of somebody's partial clone can be read.
    pub(super) async fn complete_path(&self, source: &Source, commit: ObjectId) -> Result<(), GitError> {
        let repository = self.repository(source);
        if self.known().whole.contains(&(repository.clone(), commit)) {
            return Ok(());
        }
        let lacks = |count: usize, why: String| GitError::Partial {
            repository: source.to_string(),
            path: repository.clone(),
            commit: commit.to_string(),
            count,
            why,
        };
        let count = self.missing(&repository, commit).await?.len();
        if count > 0 {
            let Some(url) = self.promisor(&repository).await? else {
                return Err(lacks(count, "it does not say from where".to_owned()));
            };
            let origin = Source::parse(&url).map_err(|error| lacks(count, error.to_string()))?;
            self.note_once(
                &source.to_string(),
                &format!("{source} is a partial clone: what it lacks is taken from {origin}"),
            );
            match Box::pin(self.fetch(&origin, commit, None)).await {
                Err(error) if error.is_cancelled() => return Err(error),
                other => other.map_err(|error| lacks(count, error.to_string()))?,
            }
            let beside = self.object_directories(&origin).await?;
            self.known().beside.insert(repository.clone(), beside);
            let count = self.missing(&repository, commit).await?.len();
            if count > 0 {
                return Err(lacks(count, format!("{origin} does not have them either")));
            }
        }
        self.known().whole.insert((repository.clone(), commit));
        Ok(())
    }

    /// Sees to it that a commit of a partial clone in the cache is all there.
    pub(super) async fn complete_cache(
        &self,
        source: &Source,
        url: &RemoteUrl,
        commit: ObjectId,
    ) -> Result<(), GitError> {
        let repository = self.repository(source);
        if self.known().whole.contains(&(repository.clone(), commit)) {
            return Ok(());
        }
        let mut missing = self.missing(&repository, commit).await?;
        if !missing.is_empty() {
            let _lock = self.lock_of(source).await?;
            let subject = format!("git/{source}");
            let lease = Lease::take(self.context(), &subject).await;
            let _lease = lease.map_err(|error| GitError::Lease(Box::new(error)))?;
            self.remove_leftovers(&repository).await?;
            self.context().emit(&Event::Started { what: format!("downloading what {source} lacks") });
            for _ in 0..ROUNDS {
                missing = self.missing(&repository, commit).await?;
                if missing.is_empty() {
                    break;
                }
                self.fetch_objects(source, &repository, url, &missing, &subject).await?;
            }
        }
        if !missing.is_empty() {
            return Err(GitError::Partial {
                repository: source.to_string(),
                path: repository,
                commit: commit.to_string(),
                count: missing.len(),
                why: format!("{} does not have them either", url.host()),
            });
        }
        self.known().whole.insert((repository, commit));
        Ok(())
    }

    /// Fetches single objects, as git itself does when it meets one that a partial clone lacks; but all at once.
    async fn fetch_objects(
        &self,
        source: &Source,
        repository: &Utf8Path,
        url: &RemoteUrl,
        ids: &[String],
        subject: &str,
    ) -> Result<(), GitError> {
        let program: Program = self
            .network()
            .args(["-C", repository.as_str(), "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args([
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "-c",
                "fetch.unpackLimit=1",
                "fetch",
                "--quiet",
                "--no-tags",
            ])
            .args(["--no-write-fetch-head", "--no-recurse-submodules", "--stdin"])
            .args(url.upload_pack().iter().copied())
            .args(["--", url.as_str()])
            .input(Input::Bytes(format!("{}\n", ids.join("\n")).into_bytes()))
            .deadline(DOWNLOAD);
        let output = self.context().run(program.subject(subject)).await?;
        if output.success() {
            return Ok(());
        }
        Err(match classify(&output.log()) {
            Trouble::Unreachable(why) => GitError::Unreachable {
                host: url.host().to_owned(),
                why,
                wanted: format!("{} objects of {source}", ids.len()),
            },
            Trouble::NotThisWay => GitError::Refused {
                repository: source.to_string(),
                why: "it gives no single objects".to_owned(),
            },
            Trouble::Refused(why) => GitError::Refused { repository: source.to_string(), why },
        })
    }

    /// Where a partial clone has left what it lacks.
    async fn promisor(&self, repository: &Utf8Path) -> Result<Option<String>, GitError> {
        let remote = match self.own_setting(repository, "extensions.partialClone").await? {
            Some(remote) => remote,
            // Since 2.22 any remote may be one.
            None => "origin".to_owned(),
        };
        self.own_setting(repository, &format!("remote.{remote}.url")).await
    }
}

#[cfg(test)]
mod tests;
