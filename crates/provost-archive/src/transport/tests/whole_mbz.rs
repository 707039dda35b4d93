//! A whole `mbz`.

use std::process::Command;

use provost_moodle::mbz::hexadecimal;
use sha2::{Digest as _, Sha256};

use super::scene::{Scene, Way, information, noise, ways};
use crate::transport::{Cargo, Form, RESUMES_WITHIN, Tally, Transport as _, TransportError};

/// Packs a backup with its contents, as another tar does it.
fn pack(scene: &Scene, thin: &Cargo, contents: &[&[u8]]) -> Cargo {
    for bytes in contents {
        let hash = scene.content("source", bytes);
        let place = thin.at.join("files").join(hash.place_in_backup());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    std::fs::write(thin.at.join("moodle_backup.xml"), information("1")).unwrap();
    let at = scene.root.join("source/work/backup.mbz");
    let names: Vec<_> =
        thin.at.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    let mut command = Command::new("tar");
    command.args(["--format=ustar", "-czf", at.as_str(), "-C", thin.at.as_str()]).args(names);
    assert!(command.status().unwrap().success());
    Cargo { key: thin.key.clone(), form: Form::Full, at, digest: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mbz_arrives_is_read_to_its_end_and_is_not_moved_again() {
    for way in ways() {
        let scene = Scene::new(way);
        let content = noise(1, 2_500_000);
        let thin = scene.backup("a-1-1", &[&content]);
        let mut cargo = pack(&scene, &thin, &[&content]);
        let bytes = std::fs::read(&cargo.at).unwrap();
        cargo.digest = Some(hexadecimal(&Sha256::digest(&bytes)));
        let tally = Tally::default();
        let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
        assert!(std::fs::read(&delivered.at).unwrap() == bytes);
        assert_eq!((delivered.contents, delivered.content_bytes), (1, 2_500_000));
        assert_eq!(tally.so_far().archive_bytes, bytes.len() as u64, "{way:?}");
        let again = Tally::default();
        scene.route().carry(&cargo, &again).await.unwrap();
        assert_eq!(again.so_far().bytes(), 0);
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
    assert!(std::fs::read(&delivered.at).unwrap() == std::fs::read(&cargo.at).unwrap());
    assert!(tally.so_far().bytes() - delivered.structure_bytes <= 3 * RESUMES_WITHIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_mbz_is_refused_where_it_arrived() {
    let scene = Scene::new(Way::Linked);
    let thin = scene.backup("a-1-1", &[b"content"]);
    std::os::unix::fs::symlink("/etc/passwd", thin.at.join("course/link.xml")).unwrap();
    let cargo = pack(&scene, &thin, &[b"content"]);
    let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    assert!(matches!(&error, TransportError::Refused(why) if why.contains("a link")), "{error}");
    std::fs::remove_file(thin.at.join("course/link.xml")).unwrap();
    let hash = scene.content("source", b"content");
    let cargo = pack(&scene, &thin, &[b"content"]);
    let whole = std::fs::read(&cargo.at).unwrap();
    std::fs::write(&cargo.at, &whole[..whole.len() - 100]).unwrap();
    let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error}");
    std::fs::remove_dir_all(thin.at.join("files")).unwrap();
    let cargo = pack(&scene, &thin, &[]);
    let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
    assert!(error.to_string().contains(&hash.to_string()), "{error}");
}
