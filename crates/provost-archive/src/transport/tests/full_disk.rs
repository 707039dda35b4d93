//! A target without room.

use std::process::Command;

use camino::Utf8Path;

use super::scene::{Scene, Way, assert_arrived, noise, structure};
use crate::transport::{Tally, Transport as _, TransportError};

/// Ways whose processes see what is mounted here: a server of our own has mounts of its own.
const SEEING: [Way; 2] = [Way::Linked, Way::Command];

/// A small disk, until it is dropped.
pub(super) struct Disk(camino::Utf8PathBuf);

impl Disk {
    pub(super) fn at(place: &Utf8Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let size = format!("size={megabytes}m,mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_owned()));
        }
        println!("skipped: only root can mount a small disk");
        None
    }

    pub(super) fn grow(&self, megabytes: u32) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").args(["-l", self.0.as_str()]).status().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_before_anything_is_filled_and_nothing_is_lost() {
    for way in SEEING {
        let scene = Scene::new(way);
        let Some(disk) = Disk::at(&scene.staging(), 4) else { return };
        let (small, large) = (noise(1, 1_000_000), noise(2, 6_000_000));
        let contents = [small.as_slice(), large.as_slice()];
        let cargo = scene.backup("a-1-1", &contents);
        let before = structure(&scene.root.join("source"));
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        let TransportError::NoRoom { place, needed, free } = &error else { panic!("{error}") };
        assert!(place.ends_with("target/staging") && *needed >= 7_000_000 && *free < 4 << 20, "{error}");
        assert_eq!(structure(&scene.root.join("source")), before);
        disk.grow(40);
        let delivered = scene.route().carry(&cargo, &Tally::default()).await.unwrap();
        assert_arrived(&cargo, &delivered.at, &contents);
        scene.route().clear().await.unwrap();
    }
}

/// What the target has itself lies on another disk, so it is copied, and only then it shows that there is no room.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_becomes_full_in_the_middle_is_told_and_half_a_copy_is_given_back() {
    for way in SEEING {
        let scene = Scene::new(way);
        let Some(disk) = Disk::at(&scene.staging(), 4) else { return };
        let content = noise(3, 6_000_000);
        let cargo = scene.backup("a-1-1", &[&content]);
        scene.content("target", &content);
        let error = scene.route().carry(&cargo, &Tally::default()).await.unwrap_err();
        assert!(matches!(&error, TransportError::NoRoom { free, .. } if *free < 4 << 20), "{way:?}: {error}");
        let left: u64 = structure(&scene.staging()).0.iter().map(|file| file.bytes).sum();
        assert!(left < 1_000_000, "{left}");
        disk.grow(40);
        let delivered = scene.route().carry(&cargo, &Tally::default()).await.unwrap();
        assert_arrived(&cargo, &delivered.at, &[&content]);
    }
}
