//! Editing the fleet file: one edit at a time, never over what somebody else wrote meanwhile, and committed where that is asked
//! for.

pub mod commit;
mod held;

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::digest::Digest;
use provost_fleet::edit::{Edit, apply_edits};
use provost_fleet::model::Fleet;

use crate::OpsError;
use crate::session::Call;
use held::Held;

/// The fleet file, held for an edit. No other `provost` edits it until this is dropped.
#[derive(Debug)]
pub struct FleetFile {
    held: Held,
    /// As the user calls it.
    shown: Utf8PathBuf,
    text: String,
    digest: Digest,
}

/// What the fleet file would become.
#[derive(Debug)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// What it means.
    pub fleet: Fleet,
    /// What changes, as `diff -u` shows it.
    pub diff: String,
}

impl FleetFile {
    /// Takes the file's lock and reads it. Waits for another edit to end.
    pub async fn open(call: &Call) -> Result<Self, OpsError> {
        let shown = call.file.clone();
        let held = Held::take(call).await?;
        let text = held.read()?;
        let digest = Digest::of(text.as_bytes());
        Ok(Self { held, shown, text, digest })
    }

    /// Digest of the text as it was read.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where it is, links followed.
    pub fn path(&self) -> &Utf8Path {
        self.held.path()
    }

    /// What edits would make of it. Writes nothing.
    pub fn edit(&self, edits: &[Edit]) -> Result<Edited, OpsError> {
        let path = self.shown.as_str();
        let text = apply_edits(path, &self.text, edits).map_err(OpsError::Invalid)?;
        let fleet = provost_fleet::load(path, &text).map_err(OpsError::Invalid)?.fleet;
        let diff = unified(self.shown.file_name().unwrap_or(path), &self.text, &text);
        Ok(Edited { text, fleet, diff })
    }

    /// Writes an edit, whole. Mode and owner stay, and so does a link that leads to the file.
    ///
    /// # Errors
    /// When the file is no longer what the edit was made of: nothing is written.
    pub fn write(&mut self, edited: &Edited) -> Result<(), OpsError> {
        let now = self.held.read()?;
        if Digest::of(now.as_bytes()) != self.digest {
            return Err(OpsError::Changed(self.shown.clone()));
        }
        self.held.write(&edited.text)?;
        self.digest = Digest::of(edited.text.as_bytes());
        self.text.clone_from(&edited.text);
        Ok(())
    }
}

fn unified(name: &str, old: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
