//! Where the store is: one for all fleets of a user if hard links reach the builds from there.

use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::paths::Paths;
use rustix::fs::{AtFlags, CWD, StatxFlags};

/// Chooses the store of a fleet: beside the cache if that is ours and of one file system with the builds, else in the state
/// directory. A fleet that has a store of its own, from before stores were shared, keeps it. Looks only.
pub fn choose(state: &Utf8Path, cache: &Utf8Path, uid: u32) -> Utf8PathBuf {
    let own = Paths::own_store(state);
    let shared = Paths::shared_store(cache);
    if own.is_dir() || !is_ours(&shared, uid) {
        return own;
    }
    match (mount(&shared), mount(&state.join("made"))) {
        (Some(one), Some(other)) if one == other => shared,
        _ => own,
    }
}

/// Whether a directory, or the one in which it would be made, is this user's: a file that two users link has one owner, who
/// could change it for both. Under `sudo` the home directory, and so the cache, may still be somebody else's.
fn is_ours(path: &Utf8Path, uid: u32) -> bool {
    nearest(path).and_then(|there| std::fs::metadata(there).ok()).is_some_and(|found| found.uid() == uid)
}

/// The file system of a place and how it is mounted: links reach neither another file system, nor another mount of this one.
fn mount(path: &Utf8Path) -> Option<(u32, u32, u64)> {
    let there = nearest(path)?;
    let found = rustix::fs::statx(CWD, there.as_str(), AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    Some((found.stx_dev_major, found.stx_dev_minor, found.stx_mnt_id))
}

/// The path itself, or what is there of the way to it.
fn nearest(path: &Utf8Path) -> Option<&Utf8Path> {
    path.ancestors().find(|one| one.exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn fleets_of_one_user_on_one_file_system_share_a_store() {
        let place = Place::new();
        let (state, cache) = (place.root.join("state"), place.root.join("cache"));
        let uid = rustix::process::geteuid().as_raw();
        assert_eq!(choose(&state, &cache, uid), cache.join("store"));
        assert_eq!(choose(&state, &cache, uid + 1), state.join("store"), "another user's cache");
        if let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") {
            let elsewhere = Utf8Path::from_path(elsewhere.path()).unwrap();
            assert_eq!(choose(&state, elsewhere, uid), state.join("store"), "another file system");
        }
        std::fs::create_dir_all(state.join("store")).unwrap();
        assert_eq!(choose(&state, &cache, uid), state.join("store"), "one that is there stays in use");
    }
}
