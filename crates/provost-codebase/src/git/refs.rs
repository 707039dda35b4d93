//! Which branches and tags a source has.

use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use fs_err as fs;
use provost_engine::files::write_whole;
use provost_engine::process::{Account, Status};
use provost_moodle::refs::Refs;

use super::error::{Trouble, classify};
use super::{Git, GitError, LOCAL, RemoteUrl, Source};

/// References younger than this are not told as old: plugins move by the week.
pub(crate) const FRESH: Duration = Duration::from_hours(24);

/// How long a server may take to list its references; GitHub needs half a second for Moodle's 900.
const ANSWER: Duration = Duration::from_mins(2);

/// The longest list of references we take, in bytes: 100,000 references of 100 bytes.
const LARGEST: usize = 10 << 20;

/// The last answer of the server, kept in the cache for when it cannot be reached.
const KEPT: &str = "provost-references";

impl Git {
    /// Asks a source for its branches and tags. Without a network, the cache answers, and one note says so.
    ///
    /// # Errors
    /// [`GitError::Unreachable`] when the cache cannot answer either.
    pub async fn refs(&self, source: &Source) -> Result<Refs, GitError> {
        let text = match source {
            Source::Path(path) => self.own_references(source, path).await?,
            Source::Url(url) => self.remote_references(source, url).await?,
            // Trees by their ids; nothing there has a name to choose by.
            Source::Imported => return Ok(Refs::default()),
        };
        Refs::parse_ls_remote(&text).map_err(|error| GitError::Answer(error.to_string()))
    }

    /// The branches and tags of a source as they were known last, without asking anybody; `None` where nothing is known.
    ///
    /// # Errors
    /// When what is known cannot be read.
    pub async fn known_refs(&self, source: &Source) -> Result<Option<Refs>, GitError> {
        let repository = self.repository(source);
        if *source == Source::Imported || !repository.is_dir() {
            return Ok(None);
        }
        let kept = repository.join(KEPT);
        let newer = changed(&kept) >= fetched(&repository);
        let answer = fs::read_to_string(&kept).unwrap_or_default();
        let text = match source {
            Source::Url(_) if newer && says_something(&answer) => answer,
            _ => self.own_references(source, &repository).await?,
        };
        let refs = Refs::parse_ls_remote(&text).map_err(|error| GitError::Answer(error.to_string()))?;
        Ok(Some(refs).filter(|refs| !refs.branches.is_empty() || !refs.tags.is_empty()))
    }

    /// How long ago what is known of a server's references was asked for, in seconds: `None` where nobody was asked, and for a
    /// directory of this machine, which is looked at itself.
    pub fn age_of_refs(&self, source: &Source) -> Option<u64> {
        if !matches!(source, Source::Url(_)) {
            return None;
        }
        let repository = self.repository(source);
        changed(&repository.join(KEPT)).max(fetched(&repository)).map(|at| self.seconds_since(at))
    }

    async fn remote_references(&self, source: &Source, url: &RemoteUrl) -> Result<String, GitError> {
        let program = self
            .network()
            .args(["ls-remote", "--symref"])
            .args(url.upload_pack().iter().copied())
            .args(["--", url.as_str()])
            .deadline(ANSWER)
            .capture(LARGEST);
        let output = self.context().run(program).await?;
        if output.success() {
            let text = output.text();
            self.keep(source, &text).await?;
            return Ok(text);
        }
        match classify(&output.log()) {
            Trouble::Unreachable(why) => self.remembered_references(source, url, &why).await,
            Trouble::NotThisWay => Err(GitError::Refused {
                repository: source.to_string(),
                why: "it gives no references".to_owned(),
            }),
            Trouble::Refused(why) => Err(GitError::Refused { repository: source.to_string(), why }),
        }
    }

    /// Keeps an answer for later. That it cannot be written costs a later command without a network, not this one.
    async fn keep(&self, source: &Source, text: &str) -> Result<(), GitError> {
        let repository = self.cache_of(source).await?;
        drop(write_whole(&repository.join(KEPT), text.as_bytes(), 0o644, &Account::Own));
        Ok(())
    }

    async fn remembered_references(
        &self,
        source: &Source,
        url: &RemoteUrl,
        why: &str,
    ) -> Result<String, GitError> {
        let repository = self.repository(source);
        let nothing = || GitError::Unreachable {
            host: url.host().to_owned(),
            why: why.to_owned(),
            wanted: source.to_string(),
        };
        if !repository.is_dir() {
            return Err(nothing());
        }
        let kept = repository.join(KEPT);
        let (answered, mirrored) = (changed(&kept), fetched(&repository));
        let answer = fs::read_to_string(&kept).unwrap_or_default();
        // A mirror that somebody keeps fresh by other means knows better than our old answer.
        let own =
            if answered < mirrored { self.own_references(source, &repository).await? } else { String::new() };
        let (text, when) = if says_something(&own) { (own, mirrored) } else { (answer, answered) };
        if !says_something(&text) {
            return Err(nothing());
        }
        // One line for all that a host has; of its own only what may well be behind by now.
        let host = url.host();
        self.note_once(
            host,
            &format!("no network: {host} is not reached; its references are taken from the cache"),
        );
        if when.is_none_or(|at| self.seconds_since(at) > FRESH.as_secs()) {
            let when = when.map_or_else(|| "at an unknown time".to_owned(), |at| self.age(at));
            self.note_once(&source.to_string(), &format!("the references of {source} were fetched {when}"));
        }
        Ok(text)
    }

    fn age(&self, at: SystemTime) -> String {
        in_words(self.seconds_since(at))
    }

    fn seconds_since(&self, at: SystemTime) -> u64 {
        let then = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        u64::try_from(self.context().now().as_second()).unwrap_or(0).saturating_sub(then)
    }

    /// Gives a note about something, the first time only.
    pub(super) fn note_once(&self, about: &str, note: &str) {
        let mut noted = self.noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if noted.insert(about.to_owned()) {
            self.context().note(note);
        }
    }

    /// A local repository's references, in the form of `ls-remote --symref`. Asked without `ls-remote`, which would start
    /// another git that knows nothing of our `safe.directory`.
    async fn own_references(&self, source: &Source, repository: &Utf8Path) -> Result<String, GitError> {
        if !repository.is_dir() {
            return Err(GitError::NotARepository(repository.to_owned()));
        }
        let head = self.local(repository).args(["symbolic-ref", "-q", "HEAD"]).deadline(LOCAL);
        let head = self.context().run(head).await?;
        if head.log().contains("not a git repository") {
            return Err(GitError::NotARepository(repository.to_owned()));
        }
        let all = self.local(repository).args(["show-ref", "--dereference"]).deadline(LOCAL).capture(LARGEST);
        let all = self.context().run(all).await?;
        // Status 1 without a word: there are none. Any other is a reference to an object that is not there, and git ends its list
        // before it: what follows is not absent, it is not known.
        if !all.success() && all.status != Status::Code(1) {
            return Err(self.broken(source, all));
        }
        let mut text = String::new();
        if head.success() {
            text.push_str(&format!("ref: {}\tHEAD\n", head.text().trim()));
        }
        for line in all.text().lines().filter_map(|line| line.split_once(' ')) {
            text.push_str(&format!("{}\t{}\n", line.0, line.1));
        }
        Ok(text)
    }
}

/// Whether a list of references has a branch or a tag in it; the commits that we pinned ourselves say nothing.
fn says_something(references: &str) -> bool {
    references.contains("\trefs/heads/") || references.contains("\trefs/tags/")
}

/// How long ago, in the largest unit of which there are at least two.
pub(crate) fn in_words(seconds: u64) -> String {
    match seconds {
        0..120 => "just now".to_owned(),
        120..7_200 => format!("{} minutes ago", seconds / 60),
        7_200..172_800 => format!("{} hours ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// When a mirror was last changed, as far as its files tell.
fn fetched(repository: &Utf8Path) -> Option<SystemTime> {
    ["FETCH_HEAD", "packed-refs", "HEAD"].into_iter().filter_map(|name| changed(&repository.join(name))).max()
}

fn changed(path: &Utf8Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
