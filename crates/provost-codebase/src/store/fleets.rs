//! Which directories of builds link into a store: repairing a file and removing one concern them all.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use provost_fleet::digest::Digest;

use super::{Store, StoreError};
use crate::flock::{Flock, FlockError};

impl Store {
    pub(super) fn fleets(&self) -> Utf8PathBuf {
        self.root.join("fleets")
    }

    fn registration(&self, builds: &Utf8Path) -> Utf8PathBuf {
        let digest: String = Digest::of(builds.as_str().as_bytes()).as_str().chars().take(32).collect();
        self.fleets().join(digest)
    }

    /// Says that builds in this directory link files of the store. To be said before the first link.
    pub(crate) fn register(&self, builds: &Utf8Path) -> Result<(), StoreError> {
        let path = self.registration(builds);
        if fs::read_to_string(&path).is_ok_and(|known| known == builds.as_str()) {
            return Ok(());
        }
        super::make_directory(&self.fleets())?;
        super::write::replace(&path, builds.as_str().as_bytes(), 0o644)?;
        // Whom a repair does not know, it does not heal: this outlives a power cut.
        let synced = fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::io("sync", &path, error))
    }

    /// All directories of builds that ever linked into this store, also those that are gone.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn registered(&self) -> Result<Vec<Utf8PathBuf>, StoreError> {
        let directory = self.fleets();
        let failed = |error| StoreError::io("read", &directory, error);
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            // A name beginning with a dot is one being written.
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let text = if hidden { String::new() } else { fs::read_to_string(&path).map_err(failed)? };
            if text.starts_with('/') {
                found.push(Utf8PathBuf::from(text));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Forgets a directory of builds that is gone.
    pub(crate) fn unregister(&self, builds: &Utf8Path) {
        // What cannot be forgotten is looked at in vain next time.
        drop(fs::remove_file(self.registration(builds)));
    }

    fn lock_path(&self) -> Utf8PathBuf {
        self.root.join(".lock")
    }

    /// Makes sure that nothing is removed from the store for a while. Others may hold it in this way too.
    ///
    /// # Errors
    /// When it cannot be locked, or the command is cancelled.
    pub(crate) async fn hold(&self, cx: &Context) -> Result<Flock, FlockError> {
        let waiting = "waiting for another provost that removes what nobody needs from the store";
        Flock::take_shared(cx, &self.lock_path(), waiting).await
    }

    /// Waits until nobody takes files from the store or puts some into it, and lets nobody begin.
    ///
    /// # Errors
    /// When it cannot be locked, or the command is cancelled.
    pub(crate) async fn hold_alone(&self, cx: &Context) -> Result<Flock, FlockError> {
        let waiting = format!("waiting for another provost that works with the store {}", self.root);
        Flock::take(cx, &self.lock_path(), &waiting).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn fleets_are_registered_once_and_forgotten() {
        let place = Place::new();
        let store = Store::open(&place.root.join("store")).unwrap();
        assert!(store.registered().unwrap().is_empty());
        for builds in ["/b/builds", "/a/builds", "/b/builds"] {
            store.register(Utf8Path::new(builds)).unwrap();
        }
        assert_eq!(store.registered().unwrap(), ["/a/builds", "/b/builds"]);
        store.unregister(Utf8Path::new("/b/builds"));
        assert_eq!(store.registered().unwrap(), ["/a/builds"]);
    }

    #[tokio::test]
    async fn who_removes_waits_for_who_works() {
        let place = Place::new();
        let store = Store::open(&place.root.join("store")).unwrap();
        let (one, two) = (store.hold(&place.cx).await.unwrap(), store.hold(&place.cx).await.unwrap());
        let other = store.clone();
        let cx = place.cx.clone();
        let alone = tokio::spawn(async move { other.hold_alone(&cx).await });
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        assert!(place.told().starts_with("waiting for another provost that works with the store"));
        drop((one, two));
        let alone = alone.await.unwrap().unwrap();
        place.cx.cancel.cancel();
        assert!(store.hold(&place.cx).await.is_err(), "nobody works meanwhile");
        drop(alone);
    }
}
