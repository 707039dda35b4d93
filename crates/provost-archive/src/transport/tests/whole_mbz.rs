//! A whole `mbz`.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use provost_moodle::mbz::hexadecimal;
use sha2::{Digest as _, Sha256};

use super::full_disk::Disk;
use super::scene::{Scene, Way, assert_arrived, information, noise, structure, unit, ways};
use crate::transport::{Cargo, Form, RESUMES_WITHIN, Tally, Transport as _, TransportError};

/// Puts the contents of a backup with it, as it says.
fn fill(scene: &Scene, thin: &Cargo, contents: &[&[u8]]) {
    for bytes in contents {
        let hash = scene.content("source", bytes);
        let place = thin.at.join("files").join(hash.place_in_backup());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    std::fs::write(thin.at.join("moodle_backup.xml"), information("1")).unwrap();
}

/// Packs a backup, as another tar does it. `more` is what tar is told besides.
fn tar(scene: &Scene, thin: &Cargo, more: &[&str]) -> Cargo {
    let at = scene.root.join("source/work/backup.mbz");
    let names: Vec<_> =
        thin.at.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    let mut command = Command::new("tar");
    command.args(["--format=ustar", "-czf", at.as_str(), "-C", thin.at.as_str()]).args(more).args(names);
    assert!(command.output().unwrap().status.success());
    Cargo { key: thin.key.clone(), form: Form::Full, at, digest: None }
}

/// A backup with its contents, packed.
fn pack(scene: &Scene, thin: &Cargo, contents: &[&[u8]]) -> Cargo {
    fill(scene, thin, contents);
    tar(scene, thin, &[])
}

/// That the backup is there and nothing else of the unit is.
fn assert_unpacked(thin: &Cargo, at: &Utf8Path, contents: &[&[u8]]) {
    assert_arrived(thin, at, contents);
    assert!(at.is_dir() && at.ends_with("backup"));
    let mut names: Vec<_> = at
        .parent()
        .unwrap()
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["backup", "carried.json", "lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mbz_arrives_is_taken_apart_and_is_not_moved_again() {
    for way in ways() {
        let scene = Scene::new(way);
        let (large, small) = (noise(1, 2_500_000), noise(2, 700));
        let contents = [large.as_slice(), small.as_slice(), b""];
        let thin = scene.backup("a-1-1", &contents);
        let mut cargo = pack(&scene, &thin, &contents);
        let bytes = std::fs::read(&cargo.at).unwrap();
        for digest in [None, Some(hexadecimal(&Sha256::digest(&bytes)))] {
            cargo.digest = digest;
            let tally = Tally::default();
            let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
            assert_unpacked(&thin, &delivered.at, &contents);
            assert_eq!((delivered.contents, delivered.content_bytes), (3, 2_500_700));
            let first = cargo.digest.is_none();
            assert_eq!(tally.so_far().archive_bytes, if first { bytes.len() as u64 } else { 0 }, "{way:?}");
        }
        scene.route().release(&unit("a-1-1")).await.unwrap();
        assert!(!scene.staging().join("units/a-1-1").exists());
        scene.route().clear().await.unwrap();
        assert!(!scene.staging().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_mbz_resumes_within_a_megabyte() {
    let scene = Scene::new(Way::Command);
    let content = noise(2, 6_000_000);
    let thin = scene.backup("a-1-1", &[&content]);
    let cargo = pack(&scene, &thin, &[&content]);
    let tally = Tally::default();
    for (end, bytes) in [("origin", 1_000_000), ("landing", 2_000_000), ("origin", 2_500_000)] {
        scene.cut(end, bytes);
        assert!(matches!(scene.route().carry(&cargo, &tally).await, Err(TransportError::Broken { .. })));
    }
    let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
    assert_unpacked(&thin, &delivered.at, &[&content]);
    assert!(tally.so_far().bytes() - delivered.structure_bytes <= 3 * RESUMES_WITHIN);
}

/// What the process at the target is told after the `mbz` has come is some 20 KB: it ends in the middle of that.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_cut_while_it_is_taken_apart_goes_on_and_moves_nothing_again() {
    let scene = Scene::new(Way::Command);
    let content = noise(3, 300_000);
    let thin = scene.backup("a-1-1", &[&content]);
    let cargo = pack(&scene, &thin, &[&content]);
    let tally = Tally::default();
    // So little that it ends when the mbz itself has come, and ever a little later.
    let mut broken = 0;
    let first = std::fs::metadata(&cargo.at).unwrap().len() + 2_000;
    scene.cut("landing", first);
    for step in 0..40_u64 {
        match scene.route().carry(&cargo, &tally).await {
            Ok(_) => break,
            Err(TransportError::Broken { .. } | TransportError::Host { .. }) => broken += 1,
            Err(error) => panic!("{error}"),
        }
        scene.cut("landing", 1_000 + 700 * step);
    }
    std::fs::remove_file(scene.root.join("ssh/cut.landing")).ok();
    assert!(broken > 5, "{broken}");
    // And what a killed process may leave: half a file, and a file that nobody knows.
    let unit = scene.staging().join("units/a-1-1");
    std::fs::remove_file(unit.join("carried.json")).ok();
    std::fs::write(unit.join("backup/course/course.xml"), "<cour").unwrap();
    std::fs::write(unit.join("backup/course/other.xml"), "of an earlier backup").unwrap();
    let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
    assert_unpacked(&thin, &delivered.at, &[&content]);
    let twice = tally.so_far().bytes() - delivered.structure_bytes;
    assert!(twice <= delivered.structure_bytes, "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_too_small_for_what_is_in_it_is_told_and_the_mbz_stays() {
    let scene = Scene::new(Way::Linked);
    let Some(disk) = Disk::at(&scene.staging(), 4) else { return };
    let contents = [vec![b'x'; 3_000_000], vec![b'y'; 3_000_000]];
    let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    let thin = scene.backup("a-1-1", &contents);
    let cargo = pack(&scene, &thin, &contents);
    let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    let TransportError::NoRoom { needed, free, .. } = &error else { panic!("{error}") };
    assert!(*needed > 6_000_000 && *free < 4 << 20, "{error}");
    let left = structure(&scene.staging().join("units/a-1-1/backup")).0;
    assert_eq!(left, [], "said before anything is filled");
    disk.grow(40);
    let again = Tally::default();
    let delivered = scene.route().carry(&cargo, &again).await.unwrap();
    assert_unpacked(&thin, &delivered.at, &contents);
    assert_eq!(again.so_far().bytes(), 0);
    scene.route().clear().await.unwrap();
}

/// Carries what nobody should restore. Nothing of it is taken out, and nothing is left when it is released.
async fn refused(scene: &Scene, cargo: &Cargo) -> String {
    let before = structure(&scene.root.join("target/filedir"));
    let error = scene.route().carry(cargo, &Tally::default()).await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error}");
    let end = crate::ends::EndError::from(error);
    assert!(matches!(end, crate::ends::EndError::Course { .. }), "it parks the unit");
    assert_eq!(structure(&scene.staging().join("units/a-1-1/backup")).0, [], "{end}");
    scene.route().release(&cargo.key).await.unwrap();
    let left = structure(&scene.staging()).0;
    assert_eq!(left.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["gate"]);
    assert_eq!(structure(&scene.root.join("target/filedir")), before);
    end.to_string()
}

fn hostile() -> (Scene, Cargo) {
    let scene = Scene::new(Way::Linked);
    let thin = scene.backup("a-1-1", &[b"content"]);
    fill(&scene, &thin, &[b"content"]);
    (scene, thin)
}

fn write(at: &Utf8PathBuf, path: &str, bytes: &[u8]) {
    std::fs::write(at.join(path), bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_names_that_lead_out_are_refused_where_they_arrived() {
    let (scene, thin) = hostile();
    std::os::unix::fs::symlink("/etc/passwd", thin.at.join("course/link.xml")).unwrap();
    assert!(refused(&scene, &tar(&scene, &thin, &[])).await.contains("a link"));
    std::fs::remove_file(thin.at.join("course/link.xml")).unwrap();
    std::fs::hard_link(thin.at.join("files.xml"), thin.at.join("files2.xml")).unwrap();
    assert!(refused(&scene, &tar(&scene, &thin, &[])).await.contains("a link"));
    std::fs::remove_file(thin.at.join("files2.xml")).unwrap();
    for to in ["../../out/&", "/tmp/&", "a/../../&", "files/../../&"] {
        let rule = format!("--transform=s|course.course.xml|{to}|");
        let cargo = tar(&scene, &thin, &["-P", &rule]);
        assert!(refused(&scene, &cargo).await.contains("named"), "{to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_lying_indexes_are_refused_where_they_arrived() {
    let (scene, thin) = hostile();
    write(&thin.at, "course/bomb.xml", &vec![0; 20 << 20]);
    let bomb = refused(&scene, &tar(&scene, &thin, &[])).await;
    assert!(bomb.contains("when it is unpacked"), "{bomb}");
    std::fs::remove_file(thin.at.join("course/bomb.xml")).unwrap();
    // Core's index comes first, and names each file with its length.
    write(&thin.at, ".ARCHIVE_INDEX", b"Moodle archive file index. Count: 1\nfiles.xml\tf\t1\t0\n");
    let lying = refused(&scene, &tar(&scene, &thin, &[".ARCHIVE_INDEX"])).await;
    assert!(lying.contains("its index is wrong"), "{lying}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_that_are_damaged_missing_or_not_said_to_be_there_are_refused() {
    let (scene, thin) = hostile();
    let hash = scene.content("source", b"content");
    let place = thin.at.join("files").join(hash.place_in_backup());
    std::fs::write(&place, "CONTENT").unwrap();
    assert!(refused(&scene, &tar(&scene, &thin, &[])).await.contains("not what it is called"));
    std::fs::write(&place, "content").unwrap();
    write(&thin.at, "moodle_backup.xml", information("0").as_bytes());
    assert!(refused(&scene, &tar(&scene, &thin, &[])).await.contains("says that they are not"));
    std::fs::remove_dir_all(thin.at.join("files")).unwrap();
    for said in ["0", "1"] {
        write(&thin.at, "moodle_backup.xml", information(said).as_bytes());
        let missing = refused(&scene, &tar(&scene, &thin, &[])).await;
        assert!(missing.contains(&hash.to_string()), "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_short_or_no_tar_is_refused() {
    let (scene, thin) = hostile();
    let cargo = tar(&scene, &thin, &[]);
    let whole = std::fs::read(&cargo.at).unwrap();
    std::fs::write(&cargo.at, &whole[..whole.len() - 100]).unwrap();
    refused(&scene, &cargo).await;
    std::fs::write(&cargo.at, "no archive at all").unwrap();
    assert!(refused(&scene, &cargo).await.contains("no course backup"));
}
