//! The scripted way: a file that is carried piece by piece.

use std::io::Write as _;
use std::sync::Arc;

use camino::Utf8Path;
use futures_util::FutureExt as _;

use super::disk::{World, failed};
use crate::ends::{Assignment, BackedUp, Carried, Doing, EndError, Load, Way};

/// Bytes that are carried at once: cuts and kills fall between.
const PIECE: usize = 8;

pub(super) struct ScriptedWay(pub(super) Arc<World>);

impl Way for ScriptedWay {
    fn carry<'a>(&'a self, unit: &'a Assignment, backup: &'a BackedUp) -> Doing<'a, Carried> {
        async move {
            let content = fs_err::read(backup.at.join("content")).map_err(failed)?;
            let directory = self.0.work("target", &unit.key);
            fs_err::create_dir_all(&directory).map_err(failed)?;
            let to = directory.join("content");
            let mut file = fs_err::OpenOptions::new().create(true).append(true).open(&to).map_err(failed)?;
            let there = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
            for piece in content.get(there..).unwrap_or_default().chunks(PIECE) {
                self.0.script.moment(&unit.key, "the transport").await?;
                file.write_all(piece).map_err(failed)?;
            }
            let digest = fs_err::read_to_string(&to).map_err(failed)?;
            if backup.digest.as_ref() != Some(&digest) {
                super::disk::remove(&to)?;
                return Err(EndError::passing("what arrived is not what was sent"));
            }
            let moved_bytes = content.len().saturating_sub(there) as u64;
            Ok(Carried { at: directory, digest, moved_bytes, spared_bytes: 0 })
        }
        .boxed()
    }

    fn has_lost(&self, at: &Utf8Path) -> bool {
        !at.exists()
    }

    fn load(&self) -> Doing<'_, Load> {
        async { Ok(Load::default()) }.boxed()
    }
}
