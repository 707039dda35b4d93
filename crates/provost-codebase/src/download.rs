//! Downloads over HTTP: zips and the catalogue of the plugins directory.
//!
//! | module | what it does |
//! |---|---|
//! | `origin` | where a file comes from: a URL or a path |
//! | `http` | one exchange on a thread of its own: redirects, limits, deadlines |
//! | `zips` | zips by their content in the cache, asked for again at most once |
//! | `catalogue` | `pluglist.php`, kept for a day |
//!
//! The cache is `CACHE/zip/SHA256.zip`, with what is known of each URL in `CACHE/zip/by-url`, and `CACHE/catalogue`. Without
//! a network what is there is used, and one line says so.

mod catalogue;
mod certificates;
mod error;
mod http;
mod origin;
mod proxy;
mod zips;

pub use catalogue::Catalogue;
pub(crate) use catalogue::catalogue_file;
pub use error::DownloadError;
pub use origin::{HttpUrl, Origin};
pub use zips::{Wanted, Zip};

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use provost_engine::files::write_whole;
use provost_engine::process::Account;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use http::Client;

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until there is a connection. Across the world it takes half a second; lost packets are sent again a few times.
    connect: Duration,
    /// Without a single byte, and over how long [`Patience::slowest`] is measured: as long as git is given.
    silence: Duration,
    /// Bytes in a second. What is slower is dead, as for git.
    slowest: u64,
    /// In all. 256 MiB in an hour are 600 kbit/s.
    whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            silence: Duration::from_mins(1),
            slowest: 1000,
            whole: Duration::from_hours(1),
        }
    }
}

/// Downloads of one command. Make one and keep it while a codebase is resolved: it asks every URL at most once. Cheap to
/// clone.
#[derive(Clone)]
pub struct Downloads {
    cx: Context,
    client: Arc<Client>,
    asked: Arc<Mutex<BTreeMap<String, Arc<OnceCell<Zip>>>>>,
}

impl Downloads {
    /// Nothing is opened or read yet.
    pub fn new(cx: &Context) -> Self {
        Self::with_patience(cx, Patience::default())
    }

    fn with_patience(cx: &Context, patience: Patience) -> Self {
        let client = Client::new(cx.machine.child_environment.clone(), patience);
        Self { cx: cx.clone(), client: Arc::new(client), asked: Arc::default() }
    }

    fn cell(&self, url: &HttpUrl) -> Arc<OnceCell<Zip>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(asked.entry(url.as_str().to_owned()).or_default())
    }
}

/// Makes a directory of the cache if it is not there.
fn made(directory: Utf8PathBuf) -> Result<Utf8PathBuf, DownloadError> {
    fs::create_dir_all(&directory).map_err(DownloadError::io("make", &directory))?;
    Ok(directory)
}

/// Reads a small file of the cache. One that is missing or makes no sense is as good as none.
fn remembered<T: DeserializeOwned>(path: &Utf8Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn remember<T: Serialize>(path: &Utf8Path, what: &T) -> Result<(), DownloadError> {
    let failed = DownloadError::io("write", path);
    let text = serde_json::to_vec_pretty(what).map_err(std::io::Error::from);
    text.and_then(|text| write_whole(path, &text, 0o644, &Account::Own)).map_err(failed)
}

/// Removes a file that may not be there.
fn remove(path: &Utf8Path) -> Result<(), DownloadError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DownloadError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// How long ago a file was written, in seconds. `None` if it is not there, or its time is in the future.
fn age(path: &Utf8Path) -> Option<Duration> {
    std::time::SystemTime::now().duration_since(fs::metadata(path).ok()?.modified().ok()?).ok()
}

/// ", downloaded 3 days ago", where that is known.
fn downloaded(path: &Utf8Path) -> String {
    age(path).map_or_else(String::new, |age| format!(", downloaded {}", crate::git::in_words(age.as_secs())))
}

#[cfg(test)]
mod tests;
