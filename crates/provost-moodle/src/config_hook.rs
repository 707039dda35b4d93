//! The one `config.php` that every build carries.
//!
//! On disk, with `M` for the fleet's made directory (what PHP needs, all of it plain generated files):
//!
//! ```text
//! M/builds/TREE/config.php                  what `config_php` returns; M is found from here, two directories up
//! M/hosts/HOST                              → ../sites/SITE/site-DIGEST.php
//! M/hosts/HOST+SEGMENT                      the same, for each of the sites that share a host
//! M/sites/SITE/site.php                     → site-DIGEST.php
//! M/sites/SITE/site-DIGEST.php              what `crate::site_file` renders
//! ```
//!
//! Whoever changes a site writes the new file, then replaces the links by rename, and removes the old file last. The
//! functions here give the links' names and targets, so that the writer and the PHP side cannot drift apart.
//!
//! The hook answers an unknown host with a plain 404 and a missing or unknown `PROVOST_SITE` with exit status 64, both
//! before any database is touched. It defines the constant `PROVOST_SITE`, the site's name.

use std::borrow::Cow;
use std::path::Path;

/// `config.php` as Moodles up to 5.0 have it.
const CONFIG_PHP: &str = include_str!("config_hook/config.php");

/// Where Moodles up to 5.0 have the file that starts them.
const SETUP: &str = "'/lib/setup.php'";

/// Where Moodles from 5.1 on have it.
const PUBLIC_SETUP: &str = "/public/lib/setup.php";

/// Returns the bytes of `config.php` for the tree at a path: the same for every site, and but for the path of the file that starts
/// Moodle the same for every tree. To look for that file is left to whoever writes the hook: each page would pay for it.
pub fn config_php(tree: impl AsRef<Path>) -> Cow<'static, str> {
    if tree.as_ref().join(PUBLIC_SETUP.trim_start_matches('/')).is_file() {
        CONFIG_PHP.replace(SETUP, &format!("'{PUBLIC_SETUP}'")).into()
    } else {
        CONFIG_PHP.into()
    }
}

/// The environment variable that names the site on the command line.
pub const SITE_VARIABLE: &str = "PROVOST_SITE";

/// The exit status of a PHP script on the command line that was started with no site, or an unknown one.
pub const NO_SITE_EXIT: i32 = 64;

/// Returns the name of a site's file. `digest` is lower-case letters and digits, at most 128, and different for
/// different content.
pub fn site_file_name(digest: &str) -> String {
    format!("site-{digest}.php")
}

/// Returns the name of the link in `M/hosts` for an address: a host, and the one segment of the path where sites share it.
pub fn host_link_name(host: &str, below: Option<&str>) -> String {
    below.map_or_else(|| host.to_owned(), |below| format!("{host}+{below}"))
}

/// Returns host and segment of a link's name.
pub fn host_of_link(name: &str) -> (&str, Option<&str>) {
    name.split_once('+').map_or((name, None), |(host, below)| (host, Some(below)))
}

/// Returns the target text of the link `M/hosts/HOST`.
pub fn host_link_target(site: &str, digest: &str) -> String {
    format!("../sites/{site}/{}", site_file_name(digest))
}

/// Returns the target text of the link `M/sites/SITE/site.php`.
pub fn site_link_target(digest: &str) -> String {
    site_file_name(digest)
}

#[cfg(test)]
mod tests;
