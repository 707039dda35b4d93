//! What changed between two commits, in the words of those who changed it.

use std::time::{Duration, Instant};

use camino::Utf8Path;
use provost_engine::event::Event;
use provost_engine::lease::Lease;

use super::error::{Trouble, classify};
use super::{Git, GitError, Presence, RemoteUrl, Source};
use crate::object::ObjectId;

/// The most lines that can be asked for. Two releases of Moodle are 2,000 commits apart; nobody reads more.
pub const MOST: usize = 2_000;

/// The longest log read, in bytes: room for [`MOST`] commits with messages of 8 kB.
const LARGEST: usize = 16 << 20;

/// The longest part of a message that is kept, in characters.
const LONGEST_BODY: usize = 2_000;

/// By how many generations a history that was cut off is made longer, step by step. A point release of Moodle is some
/// 300 commits, a plugin's release fewer; a whole year of Moodle is not downloaded to be read in a terminal.
const STEPS: [u32; 3] = [50, 250, 1_000];

/// How long all steps may take together. Who asks for a log waits for it.
const DEEPENING: Duration = Duration::from_mins(3);

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its id.
    pub id: ObjectId,
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message, if there is any, in short.
    pub body: String,
}

/// What lies between two commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The commits that the second one has and the first one has not, newest first.
    pub lines: Vec<LogLine>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// Whether the history between the two is all there; otherwise lines may be missing.
    pub complete: bool,
}

impl Git {
    /// Lists what `to` has that `from` has not, at most `limit` commits, the newest. In a cache whose history was cut off, the history is
    /// made longer as far as it is needed, within bounds.
    ///
    /// # Errors
    /// [`GitError::Unreachable`] when history is needed and nobody answers, and what [`Git::fetch`] says.
    pub async fn log(
        &self,
        source: &Source,
        from: ObjectId,
        to: ObjectId,
        limit: usize,
    ) -> Result<Log, GitError> {
        if from == to {
            return Ok(Log { complete: true, ..Log::default() });
        }
        if *source == Source::Imported {
            // Trees have no history.
            return Ok(Log::default());
        }
        for commit in [from, to] {
            self.fetch(source, commit, None).await?;
        }
        let repository = self.repository(source);
        let complete = match source {
            Source::Url(url) => self.deepen(source, url, &repository, from, to).await?,
            _ => self.is_connected(&repository, from, to).await?,
        };
        let (lines, more) = self.read_log(&repository, from, to, limit.clamp(1, MOST)).await?;
        Ok(Log { lines, more, complete })
    }

    /// What is known here of that log, without asking anybody; nothing where a commit is not here.
    ///
    /// # Errors
    /// When git fails.
    pub async fn known_log(
        &self,
        source: &Source,
        from: ObjectId,
        to: ObjectId,
        limit: usize,
    ) -> Result<Vec<LogLine>, GitError> {
        let repository = self.repository(source);
        for commit in [from, to] {
            if self.has(&repository, commit).await? != Presence::Whole {
                return Ok(Vec::new());
            }
        }
        Ok(self.read_log(&repository, from, to, limit.clamp(1, MOST)).await?.0)
    }

    async fn read_log(
        &self,
        repository: &Utf8Path,
        from: ObjectId,
        to: ObjectId,
        limit: usize,
    ) -> Result<(Vec<LogLine>, bool), GitError> {
        let program = self
            .local(repository)
            .args([
                "log",
                "--no-color",
                "--no-notes",
                "--no-show-signature",
                "--encoding=UTF-8",
                "--no-mailmap",
            ])
            .args(["--format=tformat:%H%x00%ct%x00%s%x00%b%x00", &format!("--max-count={}", limit + 1)])
            .args([&format!("{from}..{to}"), "--"])
            .capture(LARGEST);
        let output = self.context().run(program).await?.ok()?;
        if output.stdout.len() >= LARGEST {
            return Err(GitError::Answer(format!("a log of more than {LARGEST} bytes")));
        }
        let mut lines =
            parse(&output.stdout).ok_or_else(|| GitError::Answer("a log that cannot be read".to_owned()))?;
        let more = lines.len() > limit;
        lines.truncate(limit);
        Ok((lines, more))
    }

    /// Whether the history between two commits is there: it does not end where it was cut off.
    async fn is_connected(
        &self,
        repository: &Utf8Path,
        from: ObjectId,
        to: ObjectId,
    ) -> Result<bool, GitError> {
        if !self.is_shallow(repository).await? {
            return Ok(true);
        }
        let place = self.local(repository).args(["rev-parse", "--git-path", "shallow"]);
        let place = self.context().run(place).await?.ok()?.text();
        let cut = fs_err::read_to_string(repository.join(place.trim_end_matches('\n'))).unwrap_or_default();
        let cut: std::collections::HashSet<&str> = cut.lines().collect();
        let walk = self.local(repository).args(["rev-list", &format!("{from}..{to}"), "--"]).capture(LARGEST);
        let walk = self.context().run(walk).await?.ok()?;
        Ok(walk.stdout.len() < LARGEST && !walk.text().lines().any(|id| cut.contains(id)))
    }

    /// Makes a cut history longer until two commits are connected, or a bound is reached; says which.
    async fn deepen(
        &self,
        source: &Source,
        url: &RemoteUrl,
        repository: &Utf8Path,
        from: ObjectId,
        to: ObjectId,
    ) -> Result<bool, GitError> {
        if self.is_connected(repository, from, to).await? {
            return Ok(true);
        }
        let _lock = self.lock_of(source).await?;
        let subject = format!("git/{source}");
        let lease = Lease::take(self.context(), &subject).await;
        let _lease = lease.map_err(|error| GitError::Lease(Box::new(error)))?;
        self.remove_leftovers(repository).await?;
        self.context().emit(&Event::Started { what: format!("downloading history of {source}") });
        let end = Instant::now() + DEEPENING;
        for step in STEPS {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let how = format!("--deepen={step}");
            // Both: one may be on another branch, and what they have in common is where the log ends.
            let program = self.fetch_program(
                repository,
                url,
                &[&how],
                &[(to.to_string(), to), (from.to_string(), from)],
            );
            let output = match self.context().run(program.subject(&subject).deadline(left)).await {
                Err(provost_engine::process::ProcessError::Deadline { .. }) => break,
                other => other?,
            };
            if !output.success() {
                return match classify(&output.log()) {
                    Trouble::Unreachable(why) => Err(GitError::Unreachable {
                        host: url.host().to_owned(),
                        why,
                        wanted: format!("the history of {source}"),
                    }),
                    // What is there is shown, and that it is not all.
                    Trouble::NotThisWay => Ok(false),
                    Trouble::Refused(why) => Err(GitError::Refused { repository: source.to_string(), why }),
                };
            }
            if self.is_connected(repository, from, to).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Reads records of four fields, each ended by NUL; git ends a record with a line end.
fn parse(text: &[u8]) -> Option<Vec<LogLine>> {
    let text = String::from_utf8_lossy(text);
    let mut fields = text.split('\0');
    let mut lines = Vec::new();
    loop {
        let id = fields.next()?.trim_start_matches('\n');
        if id.is_empty() {
            return fields.next().is_none().then_some(lines);
        }
        lines.push(LogLine {
            id: id.parse().ok()?,
            committed: fields.next()?.parse().ok()?,
            subject: fields.next()?.to_owned(),
            body: fields.next()?.trim().chars().take(LONGEST_BODY).collect(),
        });
    }
}

#[cfg(test)]
mod tests;
