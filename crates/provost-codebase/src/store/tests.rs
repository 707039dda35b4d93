use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::object::Kind;
use crate::testing::{Place, chain};

fn key(content: &[u8], executable: bool) -> Key {
    Key { id: ObjectId::of(Kind::Blob, content), executable }
}

fn put(store: &Store, content: &[u8], executable: bool) -> Key {
    let key = key(content, executable);
    assert_eq!(store.put(key, &mut &content[..], content.len() as u64).unwrap(), key.id);
    key
}

fn count(directory: &Utf8Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_file_is_read_only_and_has_a_time_above_zero() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    for (executable, mode) in [(false, 0o444), (true, 0o555)] {
        let path = store.path(put(&store, b"<?php\r\n", executable));
        let found = fs::metadata(&path).unwrap();
        assert_eq!(found.permissions().mode() & 0o7777, mode);
        assert_eq!(found.mtime(), 946_684_800);
        assert_eq!(fs::read(&path).unwrap(), b"<?php\r\n");
    }
    assert_eq!(count(&store.writing()), 0);
    let id = ObjectId::of(Kind::Blob, b"<?php\r\n").to_string();
    let plain = store.root().join("blobs").join(&id[..2]).join(&id[2..]);
    assert!(plain.is_file() && plain.with_file_name(format!("{}x", &id[2..])).is_file());
}

#[test]
fn a_content_that_is_not_what_its_id_says_is_not_stored() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let key = key(b"right", false);
    let found = store.put(key, &mut &b"wrong"[..], 5).unwrap();
    assert_ne!(found, key.id);
    assert!(!store.path(key).exists());
    assert_eq!(count(&store.writing()), 0);
}

/// Gives some bytes, then an error of the system.
struct Breaks(std::io::ErrorKind, bool);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.1, true) {
            return Err(self.0.into());
        }
        buffer[0] = b'x';
        Ok(1)
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let key = key(b"xx", false);
    let error = store.put(key, &mut Breaks(std::io::ErrorKind::StorageFull, false), 2).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }));
    let told = chain(&place, &error);
    assert!(told.starts_with("no space is left for `ROOT/store/writing/"), "{told}");
    assert_eq!(count(&store.writing()), 0);
    assert!(error.hint().unwrap().starts_with("free some space"));
}

#[test]
fn a_file_that_takes_no_more_links_gets_a_copy() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let key = put(&store, b"popular", false);
    // Fill the file's links as far as this file system lets us; 65,000 on ext4, without a limit on others.
    let many = place.root.join("many");
    fs::create_dir(&many).unwrap();
    let limited =
        (0..65_100).any(|number| fs::hard_link(store.path(key), many.join(number.to_string())).is_err());
    let target = place.root.join("target");
    fs::create_dir(&target).unwrap();
    let links = Links::new(&store);
    let directory = fs::File::open(&target).unwrap();
    for name in ["one", "two"] {
        assert!(matches!(links.link(key, &directory, name.as_bytes()).unwrap(), Linked::Yes(_)));
        assert_eq!(fs::read(target.join(name)).unwrap(), b"popular");
    }
    let inode = |path: Utf8PathBuf| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(target.join("one")), inode(target.join("two")));
    assert_eq!(inode(target.join("one")) != inode(store.path(key)), limited);
    assert_eq!(store.path(key).with_file_name(key.name(1)).exists(), limited);
    assert_eq!(store.check(&|| false).unwrap().removed, Vec::<Utf8PathBuf>::new());
}

#[test]
fn what_the_store_lacks_is_said() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let directory = fs::File::open(&place.root).unwrap();
    let links = Links::new(&store);
    assert_eq!(links.link(key(b"absent", false), &directory, b"a").unwrap(), Linked::Missing);
    // The shard is made later by somebody else: it must not be remembered as missing.
    let key = put(&store, b"absent", false);
    assert!(matches!(links.link(key, &directory, b"a").unwrap(), Linked::Yes(stamp) if !stamp.own));
    let error = links.link(key, &directory, b"a").unwrap_err();
    assert!(chain(&place, &error).contains("File exists"), "{error}");
}

#[test]
fn a_file_that_somebody_changed_is_not_linked() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let directory = fs::File::open(&place.root).unwrap();
    let touched = put(&store, b"touched", false);
    let opened = put(&store, b"opened", false);
    fs::set_permissions(store.path(opened), std::fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(store.path(touched), std::fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(store.path(touched), b"changed").unwrap();
    fs::set_permissions(store.path(touched), std::fs::Permissions::from_mode(0o444)).unwrap();
    for key in [touched, opened] {
        assert_eq!(Links::new(&store).link(key, &directory, b"a").unwrap(), Linked::Missing);
        assert!(!place.root.join("a").exists());
    }
}

#[test]
fn another_file_system_gets_a_copy() {
    let place = Place::new();
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        // No second file system is at hand: then there is only one, and links reach everywhere.
        return;
    };
    let elsewhere = Utf8PathBuf::from_path_buf(elsewhere.path().to_owned()).unwrap();
    let store = Store::open(&place.root.join("store")).unwrap();
    let key = put(&store, b"content", true);
    let directory = fs::File::open(&elsewhere).unwrap();
    let linked = Links::new(&store).link(key, &directory, b"a").unwrap();
    assert!(matches!(linked, Linked::Yes(stamp) if stamp.own && stamp.size == 7));
    let found = fs::metadata(elsewhere.join("a")).unwrap();
    assert_eq!((found.permissions().mode() & 0o7777, found.mtime()), (0o555, 946_684_800));
    assert_eq!(fs::read(elsewhere.join("a")).unwrap(), b"content");
}

#[test]
fn leftovers_of_dead_processes_are_removed() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let own = store.writing().join(format!("{}-999", std::process::id()));
    let dead = store.writing().join("4194305-0");
    fs::write(&own, "").unwrap();
    fs::write(&dead, "").unwrap();
    let places = [store.trees(), store.fleets()];
    for place in &places {
        fs::create_dir_all(place).unwrap();
        for name in
            [".a.4194305-3.new".to_owned(), format!(".a.{}-3.new", std::process::id()), "a".to_owned()]
        {
            fs::write(place.join(name), "").unwrap();
        }
    }
    store.remove_leftovers();
    assert!(own.exists() && !dead.exists());
    for place in places {
        assert!(!place.join(".a.4194305-3.new").exists());
        assert_eq!(
            fs::read_dir(place).unwrap().count(),
            2,
            "what a living process writes, and what is whole"
        );
    }
}

#[test]
fn a_damaged_file_is_found_and_removed() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    let whole = put(&store, b"whole", false);
    let torn = put(&store, b"torn by a power cut", true);
    fs::remove_file(store.path(torn)).unwrap();
    fs::write(store.path(torn), "").unwrap();
    let checked = store.check(&|| false).unwrap();
    assert_eq!((checked.whole, checked.removed), (1, vec![store.path(torn)]));
    assert!(store.path(whole).exists());
    assert!(matches!(store.check(&|| true), Err(StoreError::Cancelled)));
}

#[test]
fn what_is_not_on_the_disk_yet_is_remembered() {
    let place = Place::new();
    let store = Store::open(&place.root.join("store")).unwrap();
    assert!(!store.is_unsynced());
    let mark = store.writing_begins().unwrap();
    store.sync().unwrap();
    assert!(store.is_unsynced(), "somebody still writes");
    Store::writing_ended(&mark);
    assert!(store.is_unsynced() && !store.is_doubtful());
    store.sync().unwrap();
    assert!(!store.is_unsynced());
    // The machine went down in between.
    fs::write(store.root().join("unsynced-1-0"), "another boot").unwrap();
    assert!(store.is_doubtful());
    store.sync().unwrap();
    assert!(!store.is_doubtful());
}

#[test]
fn a_file_that_is_replaced_again_and_again_is_never_missing() {
    let place = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(place.path()).unwrap();
    let store = Store::open(&root.join("store")).unwrap();
    let key = put(&store, b"healed", false);
    let copies: Vec<_> = (0..3000).map(|number| root.join(format!("copy{number}"))).collect();
    for copy in &copies {
        std::fs::copy(store.path(key), copy).unwrap();
        File::open(copy).unwrap().set_modified(modified()).unwrap();
    }
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for copy in &copies {
                std::fs::rename(copy, store.path(key)).unwrap();
            }
            ended.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let links = Links::new(&store);
        let directory = File::open(root).unwrap();
        while !ended.load(std::sync::atomic::Ordering::Relaxed) {
            assert_ne!(links.link(key, &directory, b"link").unwrap(), Linked::Missing);
            std::fs::remove_file(root.join("link")).unwrap();
        }
    });
}

#[test]
fn what_is_whole_is_not_replaced() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&Utf8Path::from_path(place.path()).unwrap().join("store")).unwrap();
    let path = store.path(put(&store, b"whole", false));
    let inode = || std::fs::metadata(&path).unwrap().ino();
    let first = inode();
    put(&store, b"whole", false);
    assert_eq!(inode(), first, "two builds that write one file agree on the first");
    // Somebody wrote into it, and hid that.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&path, b"wrong").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    File::open(&path).unwrap().set_modified(modified()).unwrap();
    put(&store, b"whole", false);
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    assert_ne!(inode(), first);
}
