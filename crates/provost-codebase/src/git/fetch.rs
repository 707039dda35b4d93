//! Downloads of single commits into the cache.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::event::Event;
use provost_engine::lease::Lease;
use provost_engine::process::{ProcessError, Program};

use super::error::{Trouble, classify};
use super::{Git, GitError, LOCAL, Presence, RemoteUrl, Source};
use crate::flock::Flock;
use crate::object::ObjectId;

/// How long one download may take. Moodle at depth 1 is 80 MB; an hour carries that over 200 kbit/s. A line that has
/// gone dead is noticed after a minute.
pub(super) const DOWNLOAD: Duration = Duration::from_hours(1);

/// Where wanted commits are pinned, so that git's housekeeping keeps them.
pub(super) const PINS: &str = "refs/provost";

impl Git {
    /// Sees to it that a commit is in the source's repository, with all it contains. Downloads only what is missing, at
    /// depth 1. `reference` (`refs/heads/…`) is asked for where a server does not give commits by their id.
    ///
    /// # Errors
    /// [`GitError::Unreachable`], [`GitError::Refused`] or [`GitError::NoCommit`].
    pub async fn fetch(
        &self,
        source: &Source,
        commit: ObjectId,
        reference: Option<&str>,
    ) -> Result<(), GitError> {
        let repository = self.repository(source);
        let presence = self.has(&repository, commit).await?;
        match source {
            Source::Path(path) => self.look_in(source, path, commit, presence).await,
            Source::Imported => match presence {
                Presence::Whole => Ok(()),
                Presence::Damaged => Err(self.damaged(source, commit.to_string())),
                Presence::Absent => Err(GitError::NotImported { tree: commit.to_string() }),
            },
            Source::Url(url) => {
                let partial = self.is_partial(source).await?;
                if partial && self.has_commit(&repository, commit).await? {
                    return self.complete_cache(source, url, commit).await;
                }
                if presence == Presence::Whole && self.is_settled(&repository, commit).await? {
                    return Ok(());
                }
                match self.download(source, url, commit, reference, presence == Presence::Damaged).await {
                    Err(GitError::Unreachable { .. }) if presence == Presence::Damaged => {
                        Err(self.damaged(source, commit.to_string()))
                    }
                    // Its files are there; that git does not know where its history ends harms nobody who only reads them.
                    Err(GitError::Unreachable { .. }) if presence == Presence::Whole => Ok(()),
                    Ok(()) if partial => self.complete_cache(source, url, commit).await,
                    other => other,
                }
            }
        }
    }

    /// Looks for a commit in somebody's own repository, which is never written to.
    async fn look_in(
        &self,
        source: &Source,
        path: &Utf8Path,
        commit: ObjectId,
        presence: Presence,
    ) -> Result<(), GitError> {
        if !path.is_dir() {
            return Err(GitError::NotARepository(path.to_owned()));
        }
        if self.is_partial(source).await? && self.has_commit(path, commit).await? {
            return self.complete_path(source, commit).await;
        }
        match presence {
            Presence::Whole => Ok(()),
            Presence::Damaged => Err(self.damaged(source, commit.to_string())),
            Presence::Absent if self.is_shallow(path).await? => {
                Err(GitError::Shallow { path: path.to_owned(), commit: commit.to_string() })
            }
            Presence::Absent => {
                Err(GitError::NoCommit { repository: source.to_string(), commit: commit.to_string() })
            }
        }
    }

    /// Whether the fetch of a commit that is there came to its end. A git that is killed between storing the commit and noting
    /// that its history is cut off there leaves a repository in which later fetches fail.
    async fn is_settled(&self, repository: &Utf8Path, commit: ObjectId) -> Result<bool, GitError> {
        if repository.join(PINS).join(commit.to_string()).exists() {
            return Ok(true);
        }
        let walk =
            self.local(repository).args(["rev-list", "--quiet", "--max-count=2", &commit.to_string(), "--"]);
        Ok(self.context().run(walk).await?.success())
    }

    /// Whether there is a commit, with or without its files.
    async fn has_commit(&self, repository: &Utf8Path, commit: ObjectId) -> Result<bool, GitError> {
        let question = self.local(repository).args(["cat-file", "-e", &format!("{commit}^{{commit}}")]);
        Ok(self.context().run(question).await?.success())
    }

    /// Downloads a commit again although it seems to be there: an object of it is missing.
    ///
    /// # Errors
    /// As [`Git::fetch`].
    pub async fn fetch_again(&self, source: &Source, commit: ObjectId) -> Result<(), GitError> {
        match source {
            Source::Path(_) | Source::Imported => Err(self.damaged(source, commit.to_string())),
            Source::Url(url) => self.download(source, url, commit, None, true).await,
        }
    }

    async fn download(
        &self,
        source: &Source,
        url: &RemoteUrl,
        commit: ObjectId,
        reference: Option<&str>,
        again: bool,
    ) -> Result<(), GitError> {
        let repository = self.cache_of(source).await?;
        let _lock = self.lock_of(source).await?;
        // Somebody else may have fetched it while we waited.
        if !again
            && self.has(&repository, commit).await? == Presence::Whole
            && self.is_settled(&repository, commit).await?
        {
            return Ok(());
        }
        let subject = format!("git/{source}");
        // Ends a git that a killed Provost of this fleet left at work.
        let _lease =
            Lease::take(self.context(), &subject).await.map_err(|error| GitError::Lease(Box::new(error)))?;
        self.remove_leftovers(&repository).await?;
        self.context().emit(&Event::Started { what: format!("downloading {source} at {}", short(commit)) });
        let whole = Self::is_whole(&repository);
        let ways = [
            (commit.to_string(), !whole),
            (reference.unwrap_or_default().to_owned(), !whole),
            // The reference has moved on; the commit may be in its history.
            (reference.unwrap_or_default().to_owned(), false),
        ];
        for (what, shallow) in ways.iter().filter(|(what, _)| !what.is_empty()) {
            let program = self.download_program(&repository, url, what, commit, *shallow, again);
            let output = self.context().run(program.subject(&subject)).await?;
            let trouble = if output.success() { None } else { Some(classify(&output.log())) };
            match trouble {
                None if self.has(&repository, commit).await? == Presence::Whole => {
                    return self.pin(&repository, commit).await;
                }
                None | Some(Trouble::NotThisWay) => {}
                Some(Trouble::Unreachable(why)) => {
                    return Err(GitError::Unreachable {
                        host: url.host().to_owned(),
                        why,
                        wanted: format!("{source} at {}", short(commit)),
                    });
                }
                Some(Trouble::Refused(why)) => {
                    return Err(GitError::Refused { repository: source.to_string(), why });
                }
            }
        }
        Err(GitError::NoCommit { repository: source.to_string(), commit: commit.to_string() })
    }

    fn download_program(
        &self,
        repository: &Utf8Path,
        url: &RemoteUrl,
        what: &str,
        commit: ObjectId,
        shallow: bool,
        again: bool,
    ) -> Program {
        let mut how = Vec::new();
        if shallow {
            how.push("--depth=1");
        } else if repository.join("shallow").exists() {
            // Without it, git keeps to where the history was cut off before.
            how.push("--unshallow");
        }
        if again {
            // Asks for everything, whatever we seem to have. Git knows this since 2.36; before, only removing the cache helps.
            how.push("--refetch");
        }
        self.fetch_program(repository, url, &how, &[(what.to_owned(), commit)])
    }

    /// A fetch of some things, each pinned as the commit that it should be.
    pub(super) fn fetch_program(
        &self,
        repository: &Utf8Path,
        url: &RemoteUrl,
        how: &[&str],
        what: &[(String, ObjectId)],
    ) -> Program {
        self.network()
            .args(["-C", repository.as_str(), "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            // As a pack, which is there whole or not at all. Few objects would be written one by one, the commit first; a
            // git killed in between would leave a commit that seems to be there.
            .args(["-c", "fetch.unpackLimit=1"])
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"])
            .args(url.upload_pack().iter().copied())
            .deadline(DOWNLOAD)
            .args(how.iter().copied())
            .args(["--", url.as_str()])
            .args(what.iter().map(|(what, commit)| format!("+{what}:{PINS}/{commit}")))
    }

    pub(super) async fn pin(&self, repository: &Utf8Path, commit: ObjectId) -> Result<(), GitError> {
        let (name, commit) = (format!("{PINS}/{commit}"), commit.to_string());
        self.context().run(self.local(repository).args(["update-ref", &name, &commit])).await?.ok()?;
        Ok(())
    }

    /// Whether the cache's place holds a mirror with history, which `--depth` would cut off.
    fn is_whole(repository: &Utf8Path) -> bool {
        let own = repository.join("refs/heads");
        let packed = fs::read_to_string(repository.join("packed-refs")).unwrap_or_default();
        let loose = fs::read_dir(own).is_ok_and(|mut entries| entries.next().is_some());
        !repository.join("shallow").exists() && (loose || packed.contains(" refs/heads/"))
    }

    /// The cache's repository of a source, made if it is not there. A repository that is there is used as it is.
    pub(super) async fn cache_of(&self, source: &Source) -> Result<Utf8PathBuf, GitError> {
        let repository = self.repository(source);
        if repository.join("HEAD").exists() {
            return Ok(repository);
        }
        let _lock = self.lock_of(source).await?;
        if repository.join("HEAD").exists() {
            return Ok(repository);
        }
        let io = |what, path: &Utf8Path| {
            let path = path.to_owned();
            move |source| GitError::Io { what, path, source }
        };
        // Made aside and renamed: a half-made repository would be taken for a mirror.
        let aside = repository.with_extension("new");
        drop(fs::remove_dir_all(&aside));
        fs::create_dir_all(&aside).map_err(io("make", &aside))?;
        let init = self.bare_program().env("GIT_CONFIG_GLOBAL", "/dev/null");
        let init = init.args(["init", "--quiet", "--bare", "--template=", aside.as_str()]).deadline(LOCAL);
        self.context().run(init).await?.ok()?;
        fs::rename(&aside, &repository).map_err(io("make", &repository))?;
        Ok(repository)
    }

    pub(super) async fn lock_of(&self, source: &Source) -> Result<Flock, GitError> {
        let path = self.repository(source).with_extension("lock");
        let waiting = match source {
            Source::Imported => "waiting for another provost that takes files into the cache".to_owned(),
            source => format!("waiting for another provost that is downloading {source}"),
        };
        Ok(Flock::take(self.context(), &path, &waiting).await?)
    }
}

fn short(commit: ObjectId) -> String {
    commit.to_string().chars().take(10).collect()
}

impl From<std::io::Error> for GitError {
    /// Pipes to git that broke.
    fn from(source: std::io::Error) -> Self {
        Self::Process(ProcessError::Lost { program: "git".to_owned(), source })
    }
}
