use super::*;
use crate::ends::{Assignment, UnitKey};

fn world(script: Script) -> (tempfile::TempDir, World) {
    let directory = tempfile::tempdir().unwrap();
    let root = camino::Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let world = World::open(root, script).unwrap();
    world.add_course(7, "c7").unwrap();
    (directory, world)
}

fn unit() -> Assignment {
    let key = UnitKey::new("abc", "1", 0).unwrap();
    Assignment {
        key,
        session: 1,
        number: 0,
        course: 7,
        shortname: "c7".to_owned(),
        backed_up_at: None,
        names: crate::ends::CopyNames::default(),
        place: vec!["Archive".to_owned()],
    }
}

#[tokio::test]
async fn a_course_goes_over_and_a_second_time_changes_nothing() {
    let (_directory, world) = world(Script::calm());
    let ends = ends(world.clone());
    for _ in 0..2 {
        let backup = ends.source.backup(&unit()).await.unwrap();
        let carried = ends.way.carry(&unit(), &backup).await.unwrap();
        assert!(ends.target.restore(&unit(), &carried).await.unwrap().whole);
    }
    assert_eq!(world.courses("target").unwrap().len(), 1);
    assert_eq!(world.deeds().unwrap().len(), 1);
}

#[tokio::test]
async fn a_restore_that_throws_leaves_nothing() {
    let (_directory, world) = world(Script { throws: 1000, ..Script::calm() });
    let ends = ends(world.clone());
    let backup = ends.source.backup(&unit()).await.unwrap();
    let carried = ends.way.carry(&unit(), &backup).await.unwrap();
    assert!(ends.target.restore(&unit(), &carried).await.is_err());
    assert_eq!(world.courses("target").unwrap(), Vec::new());
    assert_eq!(ends.target.find(&unit()).await.unwrap(), None);
}
