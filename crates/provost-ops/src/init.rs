//! `provost init`: a fleet file to start from.

use camino::Utf8PathBuf;
use provost_fleet::starter::{StarterOptions, starter};
use serde::Serialize;

use crate::OpsError;
use crate::archive::public_key;
use crate::error::io;
use crate::session::Call;

/// What was written.
#[derive(Debug, Serialize)]
pub struct Initialised {
    /// The fleet file.
    pub file: Utf8PathBuf,
    /// Where the fleet will keep its things.
    pub state: Utf8PathBuf,
    /// The public half of the key that receipts of archived courses are signed with. `None`: this user may not write there, and whoever
    /// signs first makes it.
    pub key: Option<String>,
}

/// Writes a commented fleet file; never over one that is there.
pub fn init(call: &Call, mut options: StarterOptions) -> Result<Initialised, OpsError> {
    use std::io::Write as _;
    let path = call.fleet_path();
    let state = match &options.state {
        Some(state) => call.environment.directory.join(state),
        None => call.environment.default_state(options.name.as_str()),
    };
    options.state = Some(state.clone());
    let text = starter(&options);
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(OpsError::Exists(call.file.clone()));
        }
        other => other.map_err(io("write", &path))?,
    };
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write", &path))?;
    Ok(Initialised { file: call.file.clone(), state, key: public_key(call).ok().map(|key| key.to_string()) })
}
