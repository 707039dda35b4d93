//! Receipts: verified with the public half of the key alone, and exported.

use camino::{Utf8Path, Utf8PathBuf};
use provost_archive::receipt::{Key, PublicKey, Receipt, Statement};
use provost_engine::registry::State;
use serde::Serialize;

use super::{ArchiveError, Which};
use crate::OpsError;
use crate::error::io;
use crate::session::{Access, Call, Session};

/// Receipts that are read from the registry at once.
const PAGE: u32 = 500;

/// A receipt that was verified.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Version of this form.
    pub schema: u32,
    /// The file.
    pub file: Utf8PathBuf,
    /// Its digest.
    pub digest: String,
    /// The key that it was verified with.
    pub key: String,
    /// What was signed.
    pub statement: Statement,
}

/// Receipts that were written.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// Version of this form.
    pub schema: u32,
    /// The directory.
    pub directory: Utf8PathBuf,
    /// How many.
    pub receipts: u64,
    /// The key that verifies them.
    pub key: String,
}

/// Verifies a file with a key; without one, with the fleet's own.
pub fn verify(call: &Call, file: &Utf8Path, key: Option<&str>) -> Result<Verified, OpsError> {
    let path = call.environment.directory.join(file);
    let text = fs_err::read_to_string(&path).map_err(io("read", file))?;
    let key: PublicKey = match key {
        Some(text) => text.parse().map_err(ArchiveError::from)?,
        None => public_key(call)?,
    };
    let receipt = Receipt::from_text(&text).map_err(ArchiveError::from)?;
    let statement = receipt.read(&key).map_err(ArchiveError::from)?;
    let digest = receipt.digest().to_string();
    Ok(Verified { schema: 1, file: file.to_owned(), digest, key: key.to_string(), statement })
}

/// The public half of the fleet's key, which is made where there is none yet.
pub fn public_key(call: &Call) -> Result<PublicKey, OpsError> {
    let loaded = call.load()?;
    let paths = call.environment.paths(&loaded.fleet);
    Ok(Key::read_or_make(&paths).map_err(ArchiveError::from)?.public())
}

/// Whether its copy is gone, or on its way to be: a receipt would prove something that is not there.
fn is_given_up(state: State) -> bool {
    matches!(state, State::Cancelling | State::Undoing | State::Undone)
}

/// Writes the receipts of a session into a directory, a file for each course, and the key beside them.
pub async fn export(call: &Call, which: &Which, to: &Utf8Path) -> Result<Exported, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        let directory = call.environment.directory.join(to);
        fs_err::create_dir_all(&directory).map_err(io("make", to))?;
        let key = Key::read_or_make(&session.cx.paths).map_err(ArchiveError::from)?.public().to_string();
        fs_err::write(directory.join("key.txt"), format!("{key}\n")).map_err(io("write", to))?;
        let mut after = None;
        let mut receipts = 0;
        loop {
            let page = registry.receipts(row.id, after, PAGE).await.map_err(ArchiveError::from)?;
            let Some(last) = page.last() else { break };
            after = Some(last.unit);
            for receipt in page {
                let unit = registry.unit(row.id, receipt.unit).await.map_err(ArchiveError::from)?;
                if unit.is_some_and(|unit| is_given_up(unit.place.state)) {
                    continue;
                }
                let file = directory.join(format!("{}-{}.json", row.id.0, receipt.unit));
                fs_err::write(&file, receipt.body).map_err(io("write", file))?;
                receipts += 1;
            }
        }
        Ok(Exported { schema: 1, directory: to.to_owned(), receipts, key })
    };
    let done = done.await;
    session.close().await;
    done
}
