use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;
use provost_moodle::component::Component;
use tokio_util::sync::CancellationToken;

use super::contents::{Contents, Hash};
use super::*;
use crate::git::{GitError, Source};
use crate::testing::{Place, chain, git as run_git, real_cache, version_php};

fn component() -> Component {
    "mod_x".parse().unwrap()
}

fn version() -> String {
    version_php("mod_x", "")
}

/// A zip of these entries: a name that ends in `*` is executable, in `@` a symlink, in `/` a directory.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let plain = name.trim_end_matches(['*', '@']);
        let options = options.unix_permissions(if name.ends_with('*') { 0o755 } else { 0o644 });
        if name.ends_with('@') {
            let target = std::str::from_utf8(content).unwrap();
            writer.add_symlink(plain, target, options).unwrap();
        } else if name.ends_with('/') {
            writer.add_directory(plain, options).unwrap();
        } else {
            writer.start_file(plain, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Replaces a text everywhere by one of the same length: in local headers and in the directory.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at: Vec<usize> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

fn read(bytes: &[u8]) -> Result<Contents, ImportError> {
    let mut hash = Hash { cancel: CancellationToken::new() };
    super::zip::read(Utf8Path::new("x.zip"), Cursor::new(bytes), &component(), &mut hash)
}

/// Takes everything and hashes nothing: what is tested then is what comes out of the zip.
struct Nowhere;

impl Sink for Nowhere {
    fn object(&mut self, _kind: crate::object::Kind, _content: &[u8]) -> Result<ObjectId, ImportError> {
        Ok(ObjectId::new([0; 20]))
    }
}

fn overflows(bytes: &[u8]) -> String {
    let read = super::zip::read(Utf8Path::new("x.zip"), Cursor::new(bytes), &component(), &mut Nowhere);
    read.map(|contents| contents.files).unwrap_err().to_string()
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).map(|contents| contents.tree).unwrap_err().to_string()
}

/// A plugin's zip with one more entry.
fn with(name: &str, content: &[u8]) -> Vec<u8> {
    zip(&[("x/version.php", version().as_bytes()), (name, content)])
}

fn put(place: &Place, name: &str, bytes: &[u8]) -> Utf8PathBuf {
    let path = place.root.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

async fn found(place: &Place) -> Git {
    Git::find(&place.cx).await.unwrap()
}

#[tokio::test]
async fn a_zip_becomes_a_tree_that_git_knows() {
    let place = Place::new();
    let git = found(&place).await;
    let version = version();
    let files: [(&str, &str); 6] = [
        ("version.php", &version),
        ("db/access.php", "<?php\r\n"),
        ("db.php", "<?php"),
        ("cli/run.php*", "#!/usr/bin/env php\n"),
        ("lang/de/x.php", "<?php // Übung"),
        ("readme@", "db/access.php"),
    ];
    let names: Vec<String> = files.iter().map(|(name, _)| format!("x/{name}")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("x/", b""), ("x/lang/", b""), ("x/empty/", b"")];
    entries.extend(names.iter().zip(&files).map(|(name, (_, content))| (name.as_str(), content.as_bytes())));
    entries.extend([("__MACOSX/x/._version.php", &b"rubbish"[..]), ("x/.DS_Store", b"rubbish")]);
    let path = put(&place, "x.zip", &zip(&entries));

    let imported = import_zip(&git, &path, &component()).await.unwrap();
    let origin = place.repository("x", &files);
    assert_eq!(imported.tree.to_string(), origin.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!((imported.files, imported.root.as_str()), (6, "x"));
    assert_eq!(imported.version_php, version.as_bytes());
    let sum = |program: &str| {
        let output = std::process::Command::new(program).arg(&path).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!((imported.sha256.clone(), imported.md5.clone()), (sum("sha256sum"), sum("md5sum")));

    // Git agrees, and keeps it.
    let repository = git.repository(&Source::Imported);
    assert_eq!(repository, place.root.join("cache/git/imported.git"));
    run_git(&repository, &["fsck", "--strict", "--full"]);
    run_git(&repository, &["gc", "--quiet", "--prune=now"]);
    assert_eq!(
        run_git(&repository, &["rev-parse", &format!("refs/provost/{}", imported.tree)]),
        imported.tree.to_string()
    );
    git.fetch(&Source::Imported, imported.tree, None).await.unwrap();
    let listing = git.list(&Source::Imported, imported.tree).await.unwrap();
    assert_eq!(listing.len(), 6);
    let mut objects = git.objects(&Source::Imported).await.unwrap();
    assert_eq!(objects.file(imported.tree, "version.php").await.unwrap().unwrap(), version.as_bytes());
    assert_eq!(objects.tree(imported.tree).await.unwrap().0, imported.tree);

    // A second time nothing is written.
    let packs = || std::fs::read_dir(repository.join("objects/pack")).unwrap().count();
    let before = packs();
    assert_eq!(import_zip(&git, &path, &component()).await.unwrap(), imported);
    assert_eq!(packs(), before);
    assert!(!repository.join("provost-import").exists());
}

#[tokio::test]
async fn a_build_takes_imported_files_as_it_takes_a_repositorys() {
    use crate::build::{Part, Recipe, assemble};
    use crate::object::{Kind, Mode, TreeEntry, write_tree};
    let place = Place::new();
    let git = found(&place).await;
    let path = put(&place, "x.zip", &with("x/cli/run.php*", b"<?php"));
    let imported = import_zip(&git, &path, &component()).await.unwrap();
    // Moodle is a file and `mod`, and the plugin goes below that.
    let moodle = place.repository("moodle", &[("lib.php", "<?php")]);
    let directory = |name: &str, id| TreeEntry { mode: Mode::Directory, name: name.as_bytes().to_vec(), id };
    let inner = ObjectId::of(Kind::Tree, &write_tree(&mut [directory("x", imported.tree)]));
    let lib =
        TreeEntry { mode: Mode::File, name: b"lib.php".to_vec(), id: ObjectId::of(Kind::Blob, b"<?php") };
    let tree = ObjectId::of(Kind::Tree, &write_tree(&mut [lib, directory("mod", inner)]));
    let part = |source, commit, path: &str| Part { source, commit, reference: None, path: path.to_owned() };
    let parts = vec![
        part(Source::parse(moodle.path.as_str()).unwrap(), moodle.head(), ""),
        part(Source::Imported, imported.tree, "mod/x"),
    ];
    let step = provost_engine::plan::Subject::new("build", &"lts".parse().unwrap()).step("assemble");
    assemble(&place.cx, &step, &Recipe::new(tree, parts)).await.unwrap();
    let built = place.cx.paths.build(&tree.to_string()).join("mod/x/cli/run.php");
    assert_eq!(std::fs::read(&built).unwrap(), b"<?php");
    assert_eq!(std::fs::metadata(&built).unwrap().permissions().mode() & 0o111, 0o111);
}

#[tokio::test]
async fn a_tree_that_was_never_imported_is_said_to_be_so() {
    let place = Place::new();
    let git = found(&place).await;
    let tree = ObjectId::of(crate::object::Kind::Tree, b"");
    let error = git.fetch(&Source::Imported, tree, None).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"the git cache does not have the imported files 4b825dc642cb6eb9a060e54bf8d69288fbee4904: what they came from must be imported again");
    assert!(matches!(
        git.fetch_again(&Source::Imported, tree).await,
        Err(GitError::Damaged { cached: true, .. })
    ));
}

#[tokio::test]
async fn an_import_that_was_killed_is_no_hindrance() {
    let place = Place::new();
    let git = found(&place).await;
    let aside = git.importing().await.unwrap().place().unwrap();
    std::fs::write(&aside, "half a pack").unwrap();
    std::fs::write(aside.with_extension("idx"), "half an index").unwrap();
    let path = put(&place, "x.zip", &with("x/lib.php", b"<?php"));
    let imported = import_zip(&git, &path, &component()).await.unwrap();
    assert_eq!(git.list(&Source::Imported, imported.tree).await.unwrap().len(), 2);
}

#[tokio::test]
async fn imports_at_once_do_not_disturb_each_other() {
    let place = Place::new();
    let git = found(&place).await;
    let paths: Vec<_> =
        (0..6u8).map(|n| put(&place, &format!("{n}.zip"), &with("x/lib.php", &[n / 2]))).collect();
    let tasks: Vec<_> = paths
        .iter()
        .map(|path| {
            let (git, path) = (git.clone(), path.clone());
            tokio::spawn(async move { import_zip(&git, &path, &component()).await.unwrap().tree })
        })
        .collect();
    let mut trees = Vec::new();
    for task in tasks {
        trees.push(task.await.unwrap());
    }
    assert_eq!((trees[0], trees[2], trees[4]), (trees[1], trees[3], trees[5]));
    run_git(&git.repository(&Source::Imported), &["fsck", "--strict", "--full"]);
}

#[test]
fn the_root_must_be_the_plugins() {
    let version = version();
    let at = |root: &str, version: &str| zip(&[(&format!("{root}/version.php"), version.as_bytes())]);
    let dynamic = "<?php\n$plugin->version = 1;\n$plugin->component = NAME;\n";
    for root in ["x", "mod_x", "moodle-mod_x-MOODLE_500_STABLE", "x-main", "ann-moodle-mod_x-12ab"] {
        assert_eq!(read(&at(root, &version)).unwrap().root, root);
    }
    assert_eq!(read(&at("x", dynamic)).unwrap().root, "x");
    assert_eq!(read(&zip(&[("./", b""), ("./x/version.php", version.as_bytes())])).unwrap().root, "x");
    insta::assert_snapshot!(refused(&at("moodle-mod_x-main", dynamic)), @"`x.zip` is not mod_x: its directory is `moodle-mod_x-main`, where `x` was expected");
    insta::assert_snapshot!(refused(&at("plugin", &version)), @"`x.zip` is not mod_x: its directory is `plugin`, where `x` was expected");
    insta::assert_snapshot!(refused(&at("x", &version_php("mod_y", ""))), @"`x.zip` is not mod_x: its version.php says mod_y");
    insta::assert_snapshot!(refused(&at("y", &version_php("mod_y", ""))), @"`x.zip` is not mod_x: its version.php says mod_y");
    insta::assert_snapshot!(refused(&zip(&[("version.php", version.as_bytes())])), @"`x.zip` is not mod_x: `version.php` lies outside of any directory, where `x` was expected");
    insta::assert_snapshot!(refused(&with("y/lib.php", b"")), @"`x.zip` is not mod_x: it has the directories `x` and `y`, where `x` was expected");
    insta::assert_snapshot!(refused(&zip(&[("x/lib.php", b"")])), @"`x.zip` is not a plugin: it has no version.php");
    insta::assert_snapshot!(refused(&zip(&[])), @"`x.zip` is not mod_x: it is empty, where `x` was expected");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    insta::assert_snapshot!(refused(&with("x/../../../etc/cron.d/x", b"")), @"`x.zip` is refused: `x/../../../etc/cron.d/x`: its name leads out of the plugin");
    insta::assert_snapshot!(refused(&with(r"x\..\..\y", b"")), @r"`x.zip` is refused: `x\\..\\..\\y`: its name leads out of the plugin");
    insta::assert_snapshot!(refused(&patched(with("QQQQ/passwd", b""), b"QQQQ/", b"/etc/")), @"`x.zip` is refused: `/etc/passwd`: its name is an absolute path");
    insta::assert_snapshot!(refused(&with("x/.GIT/config", b"")), @"`x.zip` is refused: `x/.GIT/config`: its name is git's own");
    insta::assert_snapshot!(refused(&with("x/lib/.git", b"")), @"`x.zip` is refused: `x/lib/.git`: its name is git's own");
    insta::assert_snapshot!(refused(&with("x/a\nb", b"")), @r"`x.zip` is refused: `x/a\nb`: its name has control characters");
    insta::assert_snapshot!(refused(&patched(with("x/aQQb", b""), b"aQQb", b"a\0Qb")), @r"`x.zip` is refused: `x/a\0Qb`: its name has control characters");
    assert_eq!(read(&with(r"x\db\access.php", b"")).unwrap().files, 2);
}

#[test]
fn symlinks_stay_in_the_plugin() {
    assert_eq!(read(&with("x/lib/a@", b"../version.php")).unwrap().files, 2);
    insta::assert_snapshot!(refused(&with("x/a@", b"../../config.php")), @"`x.zip` is refused: `a`: it is a symlink to `../../config.php`, out of the plugin");
    insta::assert_snapshot!(refused(&with("x/a@", b"/etc/passwd")), @"`x.zip` is refused: `a`: it is a symlink to `/etc/passwd`, out of the plugin");
    let through = zip(&[("x/version.php", version().as_bytes()), ("x/a@", b"lib"), ("x/a/b.php", b"")]);
    insta::assert_snapshot!(refused(&through), @"`x.zip` is refused: `a`: it is both a file and a directory");
    let link = zip(&[("x/version.php@", b"lib.php"), ("x/lib.php", version().as_bytes())]);
    insta::assert_snapshot!(refused(&link), @"`x.zip` is not a plugin: it has no version.php");
}

#[test]
fn what_cannot_be_files_is_refused() {
    insta::assert_snapshot!(refused(&zip(&[("x/a/b", b""), ("x/a", b"")])), @"`x.zip` is refused: `a`: it is both a file and a directory");
    insta::assert_snapshot!(refused(&zip(&[("x/a", b""), ("x/a/", b"")])), @"`x.zip` is refused: `a`: it is both a file and a directory");
    let twice = patched(zip(&[("x/one", b"1"), ("x/two", b"2")]), b"x/two", b"x/one");
    insta::assert_snapshot!(refused(&twice), @"`x.zip` is refused: `one`: it is there twice");
    // The upper half of the external attributes is the Unix mode: 0o100644 becomes a block device, then a pipe.
    let plain = with("x/device", b"");
    for kind in [0o060_644_u32, 0o010_644, 0o140_644] {
        let device =
            patched(plain.clone(), &(0o100_644_u32 << 16).to_le_bytes(), &(kind << 16).to_le_bytes());
        assert_eq!(
            refused(&device),
            "`x.zip` is refused: `x/version.php`: it is neither a file nor a directory nor a symlink"
        );
    }
    // Bit 0 of the flags: encrypted.
    let mut encrypted = zip(&[("x/version.php", version().as_bytes())]);
    let central = encrypted.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    encrypted[central + 8] |= 1;
    encrypted[6] |= 1;
    insta::assert_snapshot!(refused(&encrypted), @"`x.zip` is refused: `x/version.php`: it is encrypted");
    let mut method = zip(&[("x/version.php", version().as_bytes())]);
    let central = method.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    (method[central + 10], method[8]) = (14, 14);
    insta::assert_snapshot!(refused(&method), @"`x.zip` is no zip that can be read: `x/version.php`: it is compressed by other means than deflate");
    let notes =
        read(&zip(&[("x/version.php", version().as_bytes()), ("x/A", b""), ("x/a", b"")])).unwrap().notes;
    assert_eq!(notes, ["`A` and `a` differ in case only"]);
}

#[test]
fn damage_is_found() {
    let whole = with("x/lib.php", b"some content that is long enough to be told apart");
    insta::assert_snapshot!(refused(&whole[..whole.len() / 2]), @"`x.zip` is no zip that can be read: Could not find EOCD");
    insta::assert_snapshot!(refused(b"<html>not found</html>"), @"`x.zip` is no zip that can be read: Could not find EOCD");
    insta::assert_snapshot!(refused(b""), @"`x.zip` is no zip that can be read: Could not find EOCD");
    let mut sum = zip(&[("x/version.php", version().as_bytes())]);
    let central = sum.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    sum[central + 16] ^= 1;
    insta::assert_snapshot!(refused(&sum), @"`x.zip` is no zip that can be read: `x/version.php`: Invalid checksum");
}

/// Zeros, deflated: a kilobyte in the zip for a megabyte out of it.
fn zeros(files: usize, bytes: u64) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for number in 0..files {
        writer.start_file(format!("x/{number}"), options).unwrap();
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), bytes), &mut writer).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn bombs_are_stopped_by_what_really_comes_out() {
    let one = zeros(1, LARGEST_FILE + 1);
    insta::assert_snapshot!(overflows(&one), @"`x.zip` is too large: a file has at most 100 MiB");
    // The header may say what it likes.
    let lying = patched(one, &u32::try_from(LARGEST_FILE + 1).unwrap().to_le_bytes(), &7_u32.to_le_bytes());
    insta::assert_snapshot!(overflows(&lying), @"`x.zip` is no zip that can be read: `x/0`: File is larger than its declared uncompressed size");
    insta::assert_snapshot!(overflows(&zeros(MOST_FILES + 1, 0)), @"`x.zip` is too large: a plugin has at most 20000 files");
    insta::assert_snapshot!(overflows(&zeros(4 * MOST_FILES + 1, 0)), @"`x.zip` is too large: a plugin has at most 20000 files");
}

#[test]
fn overlapping_entries_count_as_often_as_they_are_named() {
    // All entries of the directory point to the first one's data, as in the well-known bombs.
    let each: u64 = 60 << 20;
    let mut bomb = zeros(10, each);
    let empty = bomb.clone();
    for (at, _) in empty.windows(4).enumerate().filter(|(_, four)| four == b"PK\x01\x02") {
        bomb[at + 42..at + 46].copy_from_slice(&0_u32.to_le_bytes());
    }
    insta::assert_snapshot!(overflows(&bomb), @"`x.zip` is too large: a plugin's files have at most 512 MiB");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>) {
        drop(read(&bytes));
    }

    #[test]
    fn no_mutation_breaks_the_reader(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6), cut in any::<proptest::sample::Index>()) {
        let version = version();
        let mut bytes = zip(&[
            ("x/", b""),
            ("x/version.php", version.as_bytes()),
            ("x/db/access.php*", b"<?php // some content, some content, some content"),
            ("x/link@", b"db/access.php"),
        ]);
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        // What is still read has names that a build may have.
        if let Ok(contents) = read(&bytes) {
            prop_assert!(contents.files <= 3);
        }
        bytes.truncate(cut.index(bytes.len()));
        drop(read(&bytes));
    }
}

/// A directory of random depth, names and modes.
fn random_files() -> impl Strategy<Value = Vec<(String, Vec<u8>, bool)>> {
    let path = proptest::collection::vec("[a-zA-Z0-9é ._-]{1,8}", 1..4)
        .prop_map(|parts| parts.join("/"))
        .prop_filter("names that a tree may have", |path| {
            path.split('/').all(|part| part != "." && part != ".." && !part.eq_ignore_ascii_case(".git"))
        });
    proptest::collection::vec((path, any::<Vec<u8>>(), any::<bool>()), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_directorys_tree_is_gits(files in random_files()) {
        let place = Place::new();
        let repository = place.repository("x", &[("version.php", &version())]);
        for (path, content, executable) in &files {
            let path = repository.path.join(path);
            // What two of them cannot both be is left out.
            if std::fs::create_dir_all(path.parent().unwrap()).is_ok() && std::fs::write(&path, content).is_ok() {
                let mode = if *executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        repository.commit(&[]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let git = found(&place).await;
            let expected = repository.git(&["rev-parse", "HEAD^{tree}"]);
            assert_eq!(directory_tree_id(&place.cx, &repository.path).await.unwrap().to_string(), expected);
            let imported = import_directory(&git, &repository.path).await.unwrap();
            assert_eq!(imported.tree.to_string(), expected);
            let ours = git.list(&Source::Imported, imported.tree).await.unwrap().to_ls_tree();
            let source = Source::parse(repository.path.as_str()).unwrap();
            let theirs = git.list(&source, repository.head()).await.unwrap().to_ls_tree();
            assert_eq!(ours, theirs);
            run_git(&git.repository(&Source::Imported), &["fsck", "--strict", "--full"]);
        });
    }
}

#[tokio::test]
async fn a_directory_is_taken_as_it_is() {
    let place = Place::new();
    let git = found(&place).await;
    let repository = place.repository(
        "x",
        &[("version.php", &version()), (".gitignore", "node_modules\n"), ("lib/link@", "../version.php")],
    );
    std::fs::create_dir_all(repository.path.join("node_modules")).unwrap();
    std::fs::write(repository.path.join("node_modules/a.js"), "a").unwrap();
    std::fs::create_dir_all(repository.path.join("lib/vendor")).unwrap();
    std::fs::write(repository.path.join("lib/vendor/.git"), "gitdir: /elsewhere").unwrap();
    let imported = import_directory(&git, &repository.path).await.unwrap();
    let listing = git.list(&Source::Imported, imported.tree).await.unwrap();
    let paths: Vec<_> =
        listing.iter().map(|entry| String::from_utf8_lossy(entry.path).into_owned()).collect();
    assert_eq!(paths, [".gitignore", "lib/link", "node_modules/a.js", "version.php"]);
    assert_eq!((imported.root.as_str(), imported.sha256.as_str()), ("x", ""));

    // A changed content is another tree.
    std::fs::write(repository.path.join("node_modules/a.js"), "b").unwrap();
    let tree = directory_tree_id(&place.cx, &repository.path).await.unwrap();
    assert_ne!(tree, imported.tree);
    assert!(!git.is_imported(tree).await.unwrap());
}

#[tokio::test]
async fn what_a_directory_may_not_have_is_said() {
    let place = Place::new();
    let refused =
        async |path: &Utf8Path| chain(&place, &directory_tree_id(&place.cx, path).await.unwrap_err());
    let plugin = |name: &str| place.repository(name, &[("version.php", &version())]).path;
    let out = plugin("out");
    std::os::unix::fs::symlink("../../secret", out.join("link")).unwrap();
    insta::assert_snapshot!(refused(&out).await, @"`ROOT/repositories/out` is refused: `link`: it is a symlink to `../../secret`, out of the plugin");
    let pipe = plugin("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        pipe.join("pipe").as_std_path(),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    insta::assert_snapshot!(refused(&pipe).await, @"`ROOT/repositories/pipe` is refused: `pipe`: it is neither a file nor a directory nor a symlink");
    let git = plugin("git");
    std::fs::write(git.join(".GIT"), "").unwrap();
    insta::assert_snapshot!(refused(&git).await, @"`ROOT/repositories/git` is refused: `.GIT`: its name is git's own");
    let empty = place.repository("empty", &[("lib.php", "")]).path;
    insta::assert_snapshot!(refused(&empty).await, @"`ROOT/repositories/empty` is not a plugin: it has no version.php");
    insta::assert_snapshot!(refused(&place.root.join("nowhere")).await, @"cannot read `ROOT/nowhere`: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(&empty.join("lib.php")).await, @"cannot read `ROOT/repositories/empty/lib.php`: Not a directory (os error 20)");
    let large = plugin("large");
    std::fs::File::create(large.join("large")).unwrap().set_len(LARGEST_FILE + 1).unwrap();
    insta::assert_snapshot!(refused(&large).await, @"`ROOT/repositories/large` is too large: a file has at most 100 MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_directory_that_keeps_changing_is_not_imported() {
    let place = Place::new();
    let plugin = place.repository("x", &[("version.php", &version())]).path;
    let git = found(&place).await;
    for number in 0..400 {
        std::fs::write(plugin.join(format!("{number}.php")), vec![b'a'; 20_000]).unwrap();
    }
    let stop = CancellationToken::new();
    let (stopped, at) = (stop.clone(), plugin.clone());
    let writer = std::thread::spawn(move || {
        while !stopped.is_cancelled() {
            // A new name changes the directory, whichever file is read meanwhile.
            std::fs::write(at.join("new.php"), "").unwrap();
            std::fs::remove_file(at.join("new.php")).unwrap();
        }
    });
    let result = import_directory(&git, &plugin).await;
    stop.cancel();
    writer.join().unwrap();
    assert!(matches!(result, Err(ImportError::Changing { .. })), "{result:?}");
    // At rest it is imported.
    import_directory(&git, &plugin).await.unwrap();
}

/// A file that grows between the two readings of an import: the tree that is written is not the tree that was hashed.
#[tokio::test]
async fn a_change_between_hashing_and_writing_is_found_and_tried_again() {
    struct Growing(std::sync::atomic::AtomicUsize);
    impl Origin for Growing {
        fn read(&self, sink: &mut dyn Sink) -> Result<Contents, ImportError> {
            let calls = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut files = super::contents::Files::new(Utf8Path::new("x"), sink);
            files.file(b"version.php", crate::object::Mode::File, vec![b'a'; calls.min(2)])?;
            files.finish("x".to_owned())
        }
    }
    let place = Place::new();
    let git = found(&place).await;
    let origin = std::sync::Arc::new(Growing(std::sync::atomic::AtomicUsize::new(0)));
    assert!(matches!(import(&git, origin.clone()).await, Err(ImportError::Changing { .. })));
    let contents = import(&git, origin).await.unwrap();
    assert_eq!(git.list(&Source::Imported, contents.tree).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancelled_import_leaves_nothing() {
    let place = Place::new();
    let git = found(&place).await;
    let path = put(&place, "x.zip", &with("x/lib.php", b""));
    place.cx.cancel.cancel();
    assert!(import_zip(&git, &path, &component()).await.unwrap_err().is_cancelled());
    assert!(!git.repository(&Source::Imported).exists());
}

/// A real plugin, archived by git, is the repository's own tree.
#[tokio::test]
async fn a_real_plugin_keeps_its_tree_id() {
    let Some(repository) = real_cache()
        .map(|cache| cache.join("github.com/danmarsden/moodle-mod_attendance.git"))
        .filter(|path| path.is_dir())
    else {
        // The same is shown with files of our own above.
        return;
    };
    let place = Place::new();
    let git = found(&place).await;
    let path = place.root.join("attendance.zip");
    // What the repository would leave out of its archives is in its tree.
    let attributes = place.root.join("attributes");
    std::fs::write(&attributes, "* -export-ignore -export-subst\n").unwrap();
    let clone = place.root.join("clone");
    run_git(&place.root, &["clone", "--quiet", "--bare", repository.as_str(), clone.as_str()]);
    std::fs::create_dir_all(clone.join("info")).unwrap();
    std::fs::copy(&attributes, clone.join("info/attributes")).unwrap();
    let output = format!("--output={path}");
    run_git(&clone, &["archive", "--format=zip", &output, "--prefix=attendance/", "HEAD"]);
    let begun = std::time::Instant::now();
    let imported = import_zip(&git, &path, &"mod_attendance".parse().unwrap()).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(imported.tree.to_string(), run_git(&clone, &["rev-parse", "HEAD^{tree}"]));
    assert!(imported.files > 100, "{} files in {took:?}", imported.files);
}
