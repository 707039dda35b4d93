//! What configuration files say: a repository's own, and those in a commit.

use camino::Utf8Path;

use super::{Git, GitError, Source};
use crate::object::ObjectId;

impl Git {
    /// The URL of a local repository's `origin`, if it has one.
    pub(crate) async fn origin(&self, repository: &Utf8Path) -> Result<Option<String>, GitError> {
        self.own_setting(repository, "remote.origin.url").await
    }

    /// A setting of a repository itself; nobody's and no machine's defaults.
    pub(crate) async fn own_setting(
        &self,
        repository: &Utf8Path,
        name: &str,
    ) -> Result<Option<String>, GitError> {
        let question = self.local(repository).args(["config", "--local", "--no-includes", "--get", name]);
        let answer = self.context().run(question).await?;
        let text = answer.text();
        Ok(Some(text.trim().to_owned()).filter(|text| answer.success() && !text.is_empty()))
    }

    /// Reads a file of a commit that is in the format of git's configuration: `KEY\nVALUE\0`, as often as there are
    /// settings. Git reads it, so that what is found is what git would find. The inner error is what is wrong with the file.
    pub(crate) async fn config_of(
        &self,
        source: &Source,
        commit: ObjectId,
        path: &str,
        longest: u64,
    ) -> Result<Result<Vec<u8>, String>, GitError> {
        let repository = self.repository(source);
        let blob = format!("{commit}:{path}");
        let size = self.local(&repository).args(["cat-file", "-s", &blob]);
        let size: u64 = match self.context().run(size).await? {
            size if size.success() => size.text().trim().parse().unwrap_or(u64::MAX),
            size => return Err(self.broken(source, size)),
        };
        if size > longest {
            return Ok(Err(format!("it has {size} bytes")));
        }
        // Each line of the file is written out with its section's name, which may be as long as the file: what is too much is cut off.
        let capture = usize::try_from(longest).unwrap_or(usize::MAX).saturating_mul(4);
        let question =
            self.local(&repository).args(["config", "--no-includes", "--blob", &blob, "--list", "-z"]);
        let answer = self.context().run(question.capture(capture)).await?;
        if answer.success() {
            let short = answer.stdout.len() < capture;
            return Ok(if short { Ok(answer.stdout) } else { Err("it says too much".to_owned()) });
        }
        let log = answer.log();
        let Some(at) = log.find("bad config") else { return Err(self.broken(source, answer)) };
        let line = log[at..].lines().next().unwrap_or_default();
        Ok(Err(line.split(" in blob ").next().unwrap_or(line).to_owned()))
    }
}
