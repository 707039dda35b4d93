//! What shares this fleet's opcache: the builds that sites run on, and the sites.

use std::collections::BTreeSet;

use provost_codebase::build::php_files;
use provost_engine::paths::Paths;
use provost_fleet::model::Fleet;

use crate::seat::FREE;
use crate::site::files::build_of;
use crate::site::traces::made;
use crate::web::fpm::OpcacheSizing;

/// PHP files of the next build where there is none yet to go by: what Moodle 5.0 has with some plugins, and room.
const NEXT_BUILD: u32 = 18_000;

/// Counts what is there now, and adds a build for the next upgrade, and for each codebase that has none yet; as large as the largest.
/// What is reserved in vain costs nothing.
pub(super) fn sizing(paths: &Paths, fleet: &Fleet) -> OpcacheSizing {
    // One that is no longer in the file is served until it is removed.
    let mut sites = made(paths);
    sites.extend(fleet.sites.keys().cloned());
    let live: BTreeSet<String> = sites.iter().filter_map(|name| build_of(paths, name)).collect();
    let counts: Vec<u32> = live.iter().filter_map(|tree| php_files(paths, tree)).collect();
    let largest = counts.iter().copied().max().unwrap_or(NEXT_BUILD);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let more = number(fleet.codebases.len().saturating_sub(counts.len()).max(1));
    OpcacheSizing {
        php_files: counts.iter().fold(largest.saturating_mul(more), |all, one| all.saturating_add(*one)),
        live_builds: number(counts.len()).saturating_add(more),
        sites: number(sites.len() + if fleet.templates.is_empty() { 0 } else { FREE }),
    }
}

#[cfg(test)]
mod tests {
    use camino::{Utf8Path, Utf8PathBuf};

    use super::*;

    const FLEET: &str = "[fleet]\nname = \"f\"\n[codebase.new]\nmoodle = \"5.0\"\n[codebase.old]\nmoodle = \"4.5\"\n\
         [site.hugo]\ncodebase = \"new\"\nurl = \"http://hugo.localhost:8080\"\n";

    fn build(paths: &Paths, tree: char, files: usize, site: &str) {
        let tree = tree.to_string().repeat(40);
        let directory = paths.build(&tree).join("lib");
        fs_err::create_dir_all(&directory).unwrap();
        for file in 0..files {
            fs_err::write(directory.join(format!("{file}.php")), "").unwrap();
        }
        fs_err::write(directory.join("styles.css"), "").unwrap();
        let site = paths.sites().join(site);
        fs_err::create_dir_all(&site).unwrap();
        std::os::unix::fs::symlink(format!("../../builds/{tree}"), site.join("code")).unwrap();
    }

    #[test]
    fn opcache_is_sized_by_the_builds_that_sites_run_on() {
        let directory = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(directory.path()).unwrap().to_owned();
        let paths = Paths {
            run: state.join("run"),
            cache: Utf8PathBuf::from("/nowhere"),
            store: state.join("store"),
            state,
        };
        let fleet = provost_fleet::load("fleet.toml", FLEET).unwrap().fleet;
        let sizing = || super::sizing(&paths, &fleet);
        let nothing = OpcacheSizing { php_files: 2 * NEXT_BUILD, live_builds: 2, sites: 1 };
        assert_eq!(sizing(), nothing, "one for each codebase");
        build(&paths, 'a', 30, "hugo");
        let one = OpcacheSizing { php_files: 30 + 30, live_builds: 2, sites: 1 };
        assert_eq!(sizing(), one, "one is there, and one for the other codebase");
        build(&paths, 'b', 40, "removed");
        build(&paths, 'b', 40, "removed-too");
        fs_err::create_dir_all(paths.builds().join(".locks")).unwrap();
        fs_err::create_dir_all(paths.build(&"c".repeat(40))).unwrap();
        let two = OpcacheSizing { php_files: 30 + 40 + 40, live_builds: 3, sites: 3 };
        assert_eq!(
            sizing(),
            two,
            "each build once, and one for the next upgrade; no lock, nothing that no site runs on"
        );
    }
}
