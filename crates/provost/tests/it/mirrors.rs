//! Mirrors of plugins that are damaged in ways that disks and interrupted copies have.

use std::path::{Path, PathBuf};

use crate::environment::TestEnv;
use crate::moodle::{Moodle, git};

/// A bare mirror of a small plugin, all of it in one pack.
fn mirror(env: &TestEnv) -> PathBuf {
    let (work, bare) = (env.path("plugin"), env.path("mirror.git"));
    std::fs::create_dir_all(&work).unwrap();
    let version = "<?php\n$plugin->component = 'mod_parrot';\n$plugin->version = 2024100700;\n$plugin->requires = 2022112800;\n";
    std::fs::write(work.join("version.php"), version).unwrap();
    // Does not compress, so that a cut in the middle of the pack falls into it.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    std::fs::write(work.join("noise.bin"), noise.take(200_000).collect::<Vec<u8>>()).unwrap();
    git(&work, &["init", "-q", "-b", "main"]).unwrap();
    git(&work, &["add", "-A"]).unwrap();
    git(&work, &["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "parrot"])
        .unwrap();
    git(env.path("").as_path(), &["clone", "-q", "--bare", "--no-local", "plugin", "mirror.git"]).unwrap();
    git(&bare, &["repack", "-a", "-d", "-q"]).unwrap();
    bare
}

fn pack(bare: &Path) -> PathBuf {
    let entries = std::fs::read_dir(bare.join("objects/pack")).unwrap().flatten();
    entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap()
}

/// Damages a mirror, and mends it: the damage is told with the repository's place and a hint, and then all is well.
fn damaged(damage: impl FnOnce(&Path) -> PathBuf) {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let bare = mirror(&env);
    let plugin = format!("[codebase.main.plugins]\nmod_parrot = {{ git = \"{}\" }}\n", bare.display());
    env.write_fleet(&env.fleet().replace("[codebase.main.plugins]\n", &plugin));
    let whole = std::fs::read(pack(&bare)).unwrap();
    let broken = damage(&bare);
    let output = env.run(&["apply"]);
    assert_ne!(output.code, 0, "{output}");
    let told = output.to_string();
    assert!(told.contains("mirror.git") && told.contains("is damaged"), "the repository is named: {output}");
    assert!(told.contains("hint: "), "{output}");
    assert!(!env.state().join("data/sites/hugo").exists(), "no site is made on half a codebase: {output}");
    let builds = std::fs::read_dir(env.state().join("made/builds")).into_iter().flatten().flatten();
    let half: Vec<_> = builds.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).collect();
    assert!(half.is_empty(), "{half:?}");
    if broken.exists() {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    std::fs::write(&broken, whole).unwrap();
    let mended = env.run(&["apply"]);
    assert_eq!(mended.code, 0, "{mended}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    assert!(env.state().join("made/sites/hugo/code/mod/parrot/noise.bin").exists());
}

#[test]
fn a_truncated_mirror_is_named_and_nothing_is_half_done() {
    damaged(|bare| {
        use std::os::unix::fs::PermissionsExt as _;
        let pack = pack(bare);
        std::fs::set_permissions(&pack, std::fs::Permissions::from_mode(0o644)).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&pack).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        pack
    });
}

#[test]
fn a_mirror_without_its_pack_is_named_and_nothing_is_half_done() {
    damaged(|bare| {
        let pack = pack(bare);
        std::fs::remove_file(&pack).unwrap();
        pack
    });
}
