//! The way between two real Moodles.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::FutureExt as _;

use super::{Making, requests};
use crate::ends::{Assignment, BackedUp, Carried, Doing, EndError, Load, Way};
use crate::transport::{Cargo, SHARED, Tally};

pub(super) struct MoodleWay(pub(super) Arc<Making>);

impl Way for MoodleWay {
    fn carry<'a>(&'a self, unit: &'a Assignment, backup: &'a BackedUp) -> Doing<'a, Carried> {
        async move {
            let cargo = Cargo {
                key: unit.key.clone(),
                form: requests::form(&self.0.declared).1,
                at: backup.at.clone(),
                digest: backup.digest.clone(),
            };
            let delivered = self.0.transport.carry(&cargo, &Tally::default()).await?;
            Ok(Carried {
                at: delivered.at,
                digest: delivered.digest,
                moved_bytes: delivered.moved.bytes(),
                spared_bytes: delivered.moved.spared_bytes,
            })
        }
        .boxed()
    }

    fn has_lost(&self, at: &Utf8Path) -> bool {
        // Its name is that of the transport between two places of this machine.
        self.0.transport.name() == SHARED && !at.exists()
    }

    fn load(&self) -> Doing<'_, Load> {
        async move {
            let page = async {
                match &self.0.page {
                    Some(page) => super::page::time(page).await,
                    None => None,
                }
            };
            let active = futures_util::future::join_all(self.0.databases.iter().map(|each| each.active()));
            let (page_ms, active) = futures_util::join!(page, active);
            // The busier one decides. One that does not say is not taken for idle, nor for busy: its own errors will tell.
            let active = active.into_iter().flatten().max().unwrap_or_default();
            Ok(Load { active, page_ms })
        }
        .boxed()
    }
}

/// Removes a directory that may be gone, however many files are in it.
pub(super) async fn remove(directory: Utf8PathBuf) -> Result<(), EndError> {
    let shown = directory.clone();
    let removed = tokio::task::spawn_blocking(move || fs_err::remove_dir_all(directory)).await;
    match removed {
        Ok(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EndError::passing_because(format!("cannot remove `{shown}`"), error))
        }
        Err(error) => Err(EndError::passing_because("a task broke", error)),
        Ok(_) => Ok(()),
    }
}
