//! What goes well.

use super::scene::{Scene, assert_arrived, noise, structure, unit, ways};
use crate::transport::{Tally, Transport as _, TransportError};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_arrives_whole_and_nothing_is_written_at_the_source() {
    for way in ways() {
        let scene = Scene::new(way);
        let (large, small, empty) = (noise(1, 3_000_000), noise(2, 700), Vec::new());
        let contents = [large.as_slice(), small.as_slice(), empty.as_slice()];
        let mut cargo = scene.backup("a-1-1", &contents);
        cargo.digest = Some(structure(&cargo.at).1);
        let before = structure(&scene.root.join("source"));
        let tally = Tally::default();
        let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
        assert_arrived(&cargo, &delivered.at, &contents);
        assert_eq!(structure(&scene.root.join("source")), before, "{way:?}");
        assert_eq!(Some(&delivered.digest), cargo.digest.as_ref());
        assert_eq!((delivered.contents, delivered.content_bytes), (3, 3_000_700));
        let moved = tally.so_far();
        assert_eq!((moved.content_bytes, moved.contents), (3_000_700, 3), "{way:?}");
        assert_eq!(moved.structure_bytes, delivered.structure_bytes);

        // Again: nothing is moved.
        let again = Tally::default();
        let same = scene.route().carry(&cargo, &again).await.unwrap();
        assert_eq!((same.at, again.so_far().bytes()), (delivered.at, 0), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_moved_once_for_all_units_and_kept_while_one_wants_it() {
    for way in ways() {
        let scene = Scene::new(way);
        let route = scene.route();
        let (shared, own) = (noise(3, 200_000), noise(4, 1000));
        let one = scene.backup("a-1-1", &[&shared]);
        let other = scene.backup("a-1-2", &[&shared, &own]);
        let (first, second) = (Tally::default(), Tally::default());
        route.carry(&one, &first).await.unwrap();
        let delivered = route.carry(&other, &second).await.unwrap();
        assert_eq!(first.so_far().content_bytes, 200_000);
        assert_eq!((second.so_far().content_bytes, second.so_far().spared_bytes), (1000, 200_000), "{way:?}");
        route.release(&unit("a-1-1")).await.unwrap();
        assert_arrived(&other, &delivered.at, &[&shared, &own]);
        let third = scene.backup("a-1-3", &[&shared]);
        let tally = Tally::default();
        route.carry(&third, &tally).await.unwrap();
        assert_eq!(tally.so_far().content_bytes, 0, "{way:?}");
        for key in ["a-1-2", "a-1-3", "a-1-3"] {
            route.release(&unit(key)).await.unwrap();
        }
        let left = structure(&scene.staging()).0;
        assert_eq!(left.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["gate"], "{way:?}");
        route.clear().await.unwrap();
        assert!(!scene.staging().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_are_carried_at_once_move_a_content_once() {
    for way in ways() {
        let scene = Scene::new(way);
        let route = scene.route();
        let shared = noise(5, 4_000_000);
        let cargos: Vec<_> =
            (1..=3).map(|number| scene.backup(&format!("a-1-{number}"), &[&shared])).collect();
        let tallies: Vec<_> = cargos.iter().map(|_| Tally::default()).collect();
        let all = cargos.iter().zip(&tallies).map(|(cargo, tally)| route.carry(cargo, tally));
        for (delivered, cargo) in futures_util::future::join_all(all).await.into_iter().zip(&cargos) {
            assert_arrived(cargo, &delivered.unwrap().at, &[&shared]);
        }
        let moved: u64 = tallies.iter().map(|tally| tally.so_far().content_bytes).sum();
        assert_eq!(moved, 4_000_000, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_has_is_not_moved_and_not_touched() {
    for way in ways() {
        let scene = Scene::new(way);
        let (had, new) = (noise(6, 100_000), noise(7, 10));
        let cargo = scene.backup("a-1-1", &[&had, &new]);
        scene.content("target", &had);
        let before = structure(&scene.root.join("target/filedir"));
        let tally = Tally::default();
        let delivered = scene.route().carry(&cargo, &tally).await.unwrap();
        assert_arrived(&cargo, &delivered.at, &[&had, &new]);
        assert_eq!((tally.so_far().content_bytes, tally.so_far().spared_bytes), (10, 100_000), "{way:?}");
        scene.route().clear().await.unwrap();
        assert_eq!(structure(&scene.root.join("target/filedir")), before);
        assert!(!scene.staging().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_backup_of_a_unit_takes_the_place_of_the_old_one() {
    for way in ways() {
        let scene = Scene::new(way);
        let cargo = scene.backup("a-1-1", &[b"x"]);
        scene.route().carry(&cargo, &Tally::default()).await.unwrap();
        std::fs::remove_file(cargo.at.join("activities/page_3/page.xml")).unwrap();
        std::fs::write(cargo.at.join("course/course.xml"), "<course id=\"other\"/>").unwrap();
        let delivered = scene.route().carry(&cargo, &Tally::default()).await.unwrap();
        assert_arrived(&cargo, &delivered.at, &[b"x"]);
        assert!(!delivered.at.join("activities/page_3/page.xml").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_digest_than_the_announced_one_is_refused() {
    for way in ways() {
        let scene = Scene::new(way);
        let mut cargo = scene.backup("a-1-1", &[b"x"]);
        cargo.digest = Some("00".repeat(32));
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        assert!(matches!(error, TransportError::Changed(_)), "{error}");
    }
}
