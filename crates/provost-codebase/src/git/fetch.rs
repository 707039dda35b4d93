//! Downloads of single commits into the cache.

use std::time::{Duration, SystemTime};

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
const DOWNLOAD: Duration = Duration::from_hours(1);

/// Where wanted commits are pinned, so that git's housekeeping keeps them.
const PINS: &str = "refs/provost";

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
            _ if presence == Presence::Whole => Ok(()),
            Source::Path(_) if presence == Presence::Damaged => Err(self.damaged(source, commit.to_string())),
            Source::Path(path) if !path.is_dir() => Err(GitError::NotARepository(path.clone())),
            Source::Path(_) => {
                Err(GitError::NoCommit { repository: source.to_string(), commit: commit.to_string() })
            }
            Source::Imported if presence == Presence::Damaged => {
                Err(self.damaged(source, commit.to_string()))
            }
            Source::Imported => Err(GitError::NotImported { tree: commit.to_string() }),
            Source::Url(url) => {
                match self.download(source, url, commit, reference, presence == Presence::Damaged).await {
                    Err(GitError::Unreachable { .. }) if presence == Presence::Damaged => {
                        Err(self.damaged(source, commit.to_string()))
                    }
                    other => other,
                }
            }
        }
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
        if !again && self.has(&repository, commit).await? == Presence::Whole {
            return Ok(());
        }
        let subject = format!("git/{source}");
        // Ends a git that a killed Provost of this fleet left at work.
        let _lease =
            Lease::take(self.context(), &subject).await.map_err(|error| GitError::Lease(Box::new(error)))?;
        remove_old_lock(&repository);
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
        let mut program = self
            .network()
            .args(["-C", repository.as_str(), "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"])
            .args(url.upload_pack().iter().copied())
            .deadline(DOWNLOAD);
        if shallow {
            program = program.arg("--depth=1");
        } else if repository.join("shallow").exists() {
            // Without it, git keeps to where the history was cut off before.
            program = program.arg("--unshallow");
        }
        if again {
            // Asks for everything, whatever we seem to have. Git knows this since 2.36; before, only removing the cache helps.
            program = program.arg("--refetch");
        }
        program.args(["--", url.as_str(), &format!("+{what}:{PINS}/{commit}")])
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
        let waiting = format!("waiting for another provost that is downloading {source}");
        Ok(Flock::take(self.context(), &path, &waiting).await?)
    }
}

/// A git that was killed leaves `shallow.lock`, and no git fetches after it. Older than any download may take, it is
/// nobody's; a younger one is left alone, and git says so.
fn remove_old_lock(repository: &Utf8Path) {
    let path = repository.join("shallow.lock");
    let made = fs::metadata(&path).and_then(|found| found.modified());
    if made.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > DOWNLOAD)) {
        drop(fs::remove_file(&path));
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
