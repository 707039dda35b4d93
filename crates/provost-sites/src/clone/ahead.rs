//! What a clone's process of PHP loads of its build: told by the first clone, compiled ahead by those that follow.
//!
//! It is kept with the template, as what is known of its components is, and goes with it. Whatever stands in it, nothing of it is
//! executed: what is not needed is compiled in vain, what is missing is compiled when it is loaded.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;
use serde_json::Value;

use super::Cloning;
use super::copying::Source;
use crate::site::SiteError;

/// The most files of a list: a page of Moodle loads some 1,500.
const MOST: usize = 5000;

const PREFIX: &str = "loaded-";

impl Cloning<'_> {
    fn list(&self, cx: &Context, source: &Source) -> Result<Utf8PathBuf, SiteError> {
        Ok(cx.paths.site(&self.template_site()?).join(format!("{PREFIX}{}", source.made_of.tree)))
    }

    /// The list, where an earlier clone has told it.
    pub(super) fn ahead(&self, cx: &Context, source: &Source) -> Result<Option<Utf8PathBuf>, SiteError> {
        Ok(Some(self.list(cx, source)?).filter(|list| list.is_file()))
    }

    /// Keeps what a clone has told, where nothing is known yet.
    pub(super) fn remember_loaded(
        &self,
        cx: &Context,
        source: &Source,
        told: &Value,
    ) -> Result<(), SiteError> {
        let path = self.list(cx, source)?;
        let text = lines(told);
        if text.is_empty() || path.is_file() {
            return Ok(());
        }
        let directory = cx.paths.site(&self.template_site()?);
        files::directory(&directory, 0o755, &Account::Own).map_err(SiteError::io("make", &directory))?;
        let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
        // Of builds that the template was made of before.
        for older in entries.filter(|entry| entry.file_name().starts_with(PREFIX)) {
            std::fs::remove_file(older.path()).ok();
        }
        files::write_whole(&path, text.as_bytes(), 0o444, &Account::Own)
            .map_err(SiteError::io("write", &path))
    }
}

/// The files that were told, those that can be a build's, a line each.
fn lines(told: &Value) -> String {
    let all = told.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str);
    let ours = all.filter(|path| {
        let below = Utf8Path::new(path).components().all(|part| matches!(part, Utf8Component::Normal(_)));
        below && path.ends_with(".php") && !path.contains(['\n', '\r'])
    });
    ours.take(MOST).flat_map(|path| [path, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_can_be_a_builds_are_kept() {
        let told = serde_json::json!([
            "lib/setup.php",
            "../../etc/passwd.php",
            "/etc/hosts.php",
            "lib/a\nb.php",
            "README.md",
            7,
            "lib/../x.php",
        ]);
        assert_eq!(lines(&told), "lib/setup.php\n");
        assert_eq!(lines(&Value::Null), "");
    }
}
