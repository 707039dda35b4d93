//! `git cat-file --batch` for many blobs: plain blocking pipes, for threads that also write files.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::fd::OwnedFd;

use provost_engine::process::Running;
use rustix::fs::OFlags;

use super::{Git, GitError, Source};
use crate::object::{Kind, ObjectId};

/// Git's buffer for its answers and ours, in bytes: a pipe's own size on Linux.
const BUFFER: usize = 64 << 10;

/// What git answers to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The object follows, and one line end after it.
    Object {
        /// Its id.
        id: ObjectId,
        /// What it is.
        kind: Kind,
        /// Its length in bytes.
        length: u64,
    },
    /// There is no such object.
    Missing,
}

/// Reads the line before an object: `ID KIND LENGTH`, or `WHAT missing`.
pub(super) fn parse_reply(line: &[u8]) -> Option<Reply> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    if line.ends_with(" missing") {
        return Some(Reply::Missing);
    }
    let mut words = line.split(' ');
    let id = words.next()?.parse().ok()?;
    let kind = Kind::from_word(words.next()?)?;
    let length = words.next()?.parse().ok()?;
    words.next().is_none().then_some(Reply::Object { id, kind, length })
}

/// The two ends of a running `git cat-file --batch --buffer`.
pub(crate) struct BatchPipe {
    questions: File,
    answers: BufReader<File>,
}

impl Git {
    /// Starts a reader of many blobs. The process ends when [`Running`] is dropped, and the pipes with it.
    pub(crate) async fn batch(&self, source: &Source) -> Result<(Running, BatchPipe), GitError> {
        let program = self.local(&self.repository(source)).args(["cat-file", "--batch", "--buffer"]);
        let mut running = self.context().start(program).await?;
        let pipes = running.stdin.take().zip(running.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| GitError::Answer("no pipes".to_owned()))?;
        let pipe = BatchPipe {
            questions: blocking(stdin.into_owned_fd()?)?,
            answers: BufReader::with_capacity(BUFFER, blocking(stdout.into_owned_fd()?)?),
        };
        Ok((running, pipe))
    }
}

fn blocking(pipe: OwnedFd) -> std::io::Result<File> {
    let flags = rustix::fs::fcntl_getfl(&pipe)?;
    rustix::fs::fcntl_setfl(&pipe, flags - OFlags::NONBLOCK)?;
    Ok(File::from(pipe))
}

impl BatchPipe {
    /// Asks for all `ids` from a thread of its own, and hands each answer in their order to `take`, with a reader of
    /// exactly its content. Bounded memory: neither side runs further ahead than the pipes are long.
    pub(crate) fn ask<E: From<std::io::Error>>(
        self,
        ids: &[ObjectId],
        mut take: impl FnMut(ObjectId, Reply, &mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { mut questions, mut answers } = self;
        std::thread::scope(|scope| {
            // When git ends, writing fails; what matters then is said by the missing answer.
            scope.spawn(move || {
                for some in ids.chunks(1000) {
                    let text: Vec<u8> =
                        some.iter().flat_map(|id| id.hex().into_iter().chain([b'\n'])).collect();
                    if questions.write_all(&text).is_err() {
                        return;
                    }
                }
            });
            let mut answer = || -> Result<(), E> {
                let mut line = Vec::new();
                for wanted in ids {
                    line.clear();
                    answers.read_until(b'\n', &mut line)?;
                    let reply = parse_reply(&line).unwrap_or(Reply::Missing);
                    let length = if let Reply::Object { length, .. } = reply { length } else { 0 };
                    let mut content = (&mut answers).take(length);
                    take(*wanted, reply, &mut content)?;
                    std::io::copy(&mut content, &mut std::io::sink())?;
                    if matches!(reply, Reply::Object { .. }) {
                        answers.read_exact(&mut [0])?;
                    }
                }
                Ok(())
            };
            let answered = answer();
            // Closes the pipe, so that git and with it the other thread end even if we stopped early.
            drop(answers);
            answered
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let id = "9d4fbf58ab52abdc8ed1e4586787597228cf00dd";
        assert_eq!(
            parse_reply(format!("{id} blob 12\n").as_bytes()),
            Some(Reply::Object { id: id.parse().unwrap(), kind: Kind::Blob, length: 12 })
        );
        assert_eq!(parse_reply(b"HEAD:a b missing\n"), Some(Reply::Missing));
        assert_eq!(parse_reply(b""), None);
        assert_eq!(parse_reply(b"x blob 12\n"), None);
    }
}
