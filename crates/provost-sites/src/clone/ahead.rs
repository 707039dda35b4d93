//! What a clone's process of PHP loads of its build: told by the first clone, compiled ahead by those that follow.
//!
//! It is kept with the template, as what is known of its components is, and goes with it. Whatever stands in it, nothing of it is
//! executed: what is not needed is compiled in vain, what is missing is compiled when it is loaded.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use serde_json::Value;

use super::Cloning;
use super::copying::Source;
use super::told::Told;
use crate::site::SiteError;

/// The most files of a list: a page of Moodle loads some 1,500.
const MOST: usize = 5000;

const TOLD: Told = Told { prefix: "loaded-", suffix: "", mode: 0o444 };

impl Cloning<'_> {
    /// The list, where an earlier clone has told it.
    pub(super) fn ahead(&self, cx: &Context, source: &Source) -> Result<Option<Utf8PathBuf>, SiteError> {
        let list = TOLD.path(&cx.paths.site(&self.template_site()?), &source.made_of.tree);
        Ok(Some(list).filter(|list| list.is_file()))
    }

    /// Keeps what a clone has told, where nothing is known yet.
    pub(super) fn remember_loaded(
        &self,
        cx: &Context,
        source: &Source,
        told: &Value,
    ) -> Result<(), SiteError> {
        let (directory, text) = (cx.paths.site(&self.template_site()?), lines(told));
        if text.is_empty() || TOLD.path(&directory, &source.made_of.tree).is_file() {
            return Ok(());
        }
        TOLD.keep(&directory, &source.made_of.tree, text.as_bytes())
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
