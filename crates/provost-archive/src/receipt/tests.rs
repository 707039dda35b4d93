//! Receipts: signed, verified, changed.

use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_engine::paths::Paths;

use super::*;
use crate::census::tests::{Scripted, compared};
use crate::census::{Accepted, Clean};

fn about() -> About {
    let end = |site: &str, course| End {
        site: site.to_owned(),
        wwwroot: format!("http://{site}.example"),
        identifier: format!("digest of {site}"),
        course,
        shortname: "C".to_owned(),
    };
    About {
        fleet: "fleet".to_owned(),
        operation: "7".to_owned(),
        unit: 3,
        source: end("hugo", 5),
        target: end("archives", 9),
    }
}

async fn clean(source: i64, target: i64) -> Clean {
    let ends = [source, target].map(|course| Scripted { course, ..Scripted::default() });
    compared(&ends[0], &ends[1]).await.settle(&Accepted::default()).unwrap()
}

fn place() -> (tempfile::TempDir, Paths) {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::try_from(directory.path().to_owned()).unwrap();
    let [state, run, cache, store] = ["state", "run", "cache", "store"].map(|name| root.join(name));
    (directory, Paths { state, run, cache, store })
}

fn key() -> (tempfile::TempDir, Paths, Key) {
    let (directory, paths) = place();
    let key = Key::read_or_make(&paths).unwrap();
    (directory, paths, key)
}

async fn receipt(key: &Key) -> Receipt {
    key.sign(&clean(5, 9).await, about(), Timestamp::UNIX_EPOCH).unwrap()
}

#[tokio::test]
async fn a_receipt_survives_its_text_and_is_verified_with_the_public_half_alone() {
    let (_directory, _, key) = key();
    let public: PublicKey = key.public().to_string().parse().unwrap();
    let receipt = receipt(&key).await;
    let read = Receipt::from_text(&receipt.to_text().unwrap()).unwrap();
    assert_eq!(read, receipt);
    let proof = read.verify(&public, &about()).unwrap();
    assert_eq!(proof.statement().about, about());
    assert_eq!(proof.receipt(), &receipt.digest());
}

#[tokio::test]
async fn a_changed_receipt_proves_nothing() {
    let (_directory, _, key) = key();
    let text = receipt(&key).await.to_text().unwrap();
    for (from, to) in
        [("hugo", "otto"), (r#"\"course\":5"#, r#"\"course\":6"#), (r#"\"rows\":0"#, r#"\"rows\":1"#)]
    {
        assert!(text.contains(from), "{from}: {text}");
        let changed = Receipt::from_text(&text.replace(from, to)).unwrap();
        assert!(matches!(changed.verify(&key.public(), &about()), Err(ReceiptError::Signature)), "{from}");
    }
}

#[tokio::test]
async fn another_keys_receipt_proves_nothing() {
    let ((_one, _, key), (_other, _, other)) = (key(), self::key());
    assert!(matches!(receipt(&other).await.verify(&key.public(), &about()), Err(ReceiptError::Signature)));
}

#[tokio::test]
async fn a_receipt_is_of_one_unit_only() {
    let (_directory, _, key) = key();
    let receipt = receipt(&key).await;
    let changes: [fn(&mut About); 7] = [
        |about| about.fleet.push('x'),
        |about| about.operation.push('x'),
        |about| about.unit += 1,
        |about| about.source.course += 1,
        |about| about.target.course += 1,
        |about| about.source.identifier.push('x'),
        |about| about.target.identifier.push('x'),
    ];
    for change in changes {
        let mut asked = about();
        change(&mut asked);
        assert!(matches!(receipt.verify(&key.public(), &asked), Err(ReceiptError::AboutAnother { .. })));
    }
    let mut renamed = about();
    renamed.source.shortname = "D".to_owned();
    receipt.verify(&key.public(), &renamed).unwrap();
}

#[tokio::test]
async fn a_recheck_is_of_the_same_two_courses() {
    let (_directory, _, key) = key();
    let proof = receipt(&key).await.verify(&key.public(), &about()).unwrap();
    assert_eq!(proof.recheck(&clean(5, 9).await).unwrap().proof(), &proof);
    assert!(matches!(proof.recheck(&clean(5, 8).await), Err(ReceiptError::OtherCourses)));
}

#[tokio::test]
async fn the_key_is_made_once_and_read_by_nobody_else() {
    let (_directory, paths, key) = key();
    assert_eq!(Key::read_or_make(&paths).unwrap().public(), key.public());
    let file = paths.secrets().join("archive-receipts");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
    assert_eq!(format!("{key:?}"), "***");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "no key").unwrap();
    assert!(matches!(Key::read_or_make(&paths), Err(KeyError::Unreadable(_))));
}

#[test]
fn many_who_make_the_key_at_once_end_with_one() {
    let (_directory, paths) = place();
    let keys: Vec<String> = std::thread::scope(|scope| {
        let made: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Key::read_or_make(&paths).unwrap().public().to_string())).collect();
        made.into_iter().map(|each| each.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    let left = std::fs::read_dir(paths.secrets()).unwrap().count();
    assert_eq!(left, 1);
}

#[test]
fn a_public_key_is_read_as_it_is_written() {
    for wrong in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA"] {
        assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
    }
}
