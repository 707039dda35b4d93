//! What Moodle makes of the hooks of a build: told by the template or its first clone, put into the caches of those that follow.
//!
//! A new site loads every hook and everything that listens to one, which is half a second of whatever it is first asked for, two thirds of
//! what a clone's PHP did. The answer is about the build alone; but core keeps it in a cache whose files are named after the site. PHP tells
//! those that it finds under such a name (`php/agent/hooks.php`), so where core names them otherwise nothing is told, and each site works it
//! out for itself, as every site does that is installed.

use std::collections::BTreeMap;

use camino::Utf8Path;
use md5::{Digest as _, Md5};
use provost_engine::context::Context;
use provost_engine::files;
use provost_fleet::name::Name;
use serde_json::Value;

use super::Cloning;
use super::copying::Source;
use super::told::Told;
use crate::accounts::User;
use crate::site::SiteError;

const TOLD: Told = Told { prefix: "hooks-", suffix: ".json", mode: 0o444 };

/// Where core keeps it, below the dataroot, as long as its administrator has not chosen another cache.
const CACHE: &str = "cache/cachestore_file/default_application/core_hookcallbacks";

/// Entries of the cache, which all have to be there.
const ENTRIES: [&str; 3] = ["callbacks", "deprecations", "overrideshash"];

/// The most that an entry may have, in bytes; those of Moodle 5.0 have 13 KiB together.
const MOST: usize = 1 << 20;

impl Cloning<'_> {
    /// Puts it into the dataroot of a clone, before Moodle has seen it.
    pub(super) fn seed_hooks(
        &self,
        cx: &Context,
        source: &Source,
        root: &Utf8Path,
        user: &User,
        identifier: &str,
    ) -> Result<(), SiteError> {
        let path = TOLD.path(&cx.paths.site(&self.template_site()?), &source.made_of.tree);
        let Ok(text) = std::fs::read(&path) else { return Ok(()) };
        let Some(entries) = serde_json::from_slice(&text).ok().and_then(|told| entries(&told)) else {
            return Ok(());
        };
        let mut directory = root.to_owned();
        for part in CACHE.split('/') {
            directory.push(part);
            files::directory(&directory, 0o2770, &user.account).map_err(SiteError::io("make", &directory))?;
        }
        for (entry, content) in entries {
            let file = directory.join(file_of(&entry, identifier));
            let above = file.parent().unwrap_or(&directory);
            files::directory(above, 0o2770, &user.account).map_err(SiteError::io("make", above))?;
            files::write_whole(&file, content.as_bytes(), 0o660, &user.account)
                .map_err(SiteError::io("write", &file))?;
        }
        Ok(())
    }
}

/// Keeps what the template or a clone has told, where nothing is known yet. `site` is the name under which the template is a site.
pub(crate) fn remember(cx: &Context, site: &Name, tree: &str, told: &Value) -> Result<(), SiteError> {
    let directory = cx.paths.site(site);
    match entries(told) {
        Some(_) if !TOLD.path(&directory, tree).is_file() => {
            TOLD.keep(&directory, tree, told.to_string().as_bytes())
        }
        _ => Ok(()),
    }
}

/// The entries, if they are whole.
fn entries(told: &Value) -> Option<BTreeMap<String, String>> {
    let one = |entry: &str| {
        let content =
            told.get(entry)?.as_str().filter(|content| !content.is_empty() && content.len() <= MOST)?;
        Some((entry.to_owned(), content.to_owned()))
    };
    ENTRIES.into_iter().map(one).collect()
}

/// The file of an entry in the cache, as core names it: a definition's mode, component and area, and a digest of the site's identifier.
fn file_of(entry: &str, identifier: &str) -> String {
    let digest = |text: &str| Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let name = digest(&format!("1/core/hookcallbacks/{}", digest(identifier)));
    let first = entry.get(..3).unwrap_or(entry);
    format!("{first}-cache/{entry}-{name}.cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_as_core_names_it() {
        // Of a real site of Moodle 5.0.
        let identifier = "7e5fef18704142409d0d9cacba718577n11.localhost";
        assert_eq!(
            file_of("callbacks", identifier),
            "cal-cache/callbacks-85e41424dd645e8ea19b8f1b15c7b271.cache"
        );
    }

    #[test]
    fn what_is_not_whole_is_not_used() {
        let told = serde_json::json!({"callbacks": "a:0:{}", "deprecations": "a:0:{}", "overrideshash": "N;", "other": "x"});
        assert_eq!(entries(&told).unwrap().len(), 3);
        for broken in [
            serde_json::json!({"callbacks": "a:0:{}", "deprecations": "a:0:{}"}),
            serde_json::json!({"callbacks": "a:0:{}", "deprecations": "", "overrideshash": "N;"}),
            serde_json::json!([]),
            Value::Null,
        ] {
            assert_eq!(entries(&broken), None, "{broken}");
        }
    }
}
