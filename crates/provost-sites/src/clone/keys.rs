//! Private keys of clones: from a stock that `provost up` keeps, or made while the database is copied.
//!
//! They are pure arithmetic, some tenths of a second each, and need nothing of the site. The stock lies in the run directory, which no
//! backup takes along and no restart of the machine keeps: a key out of an old copy of it would be two sites' own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::lease::Lease;
use provost_engine::process::{Account, Output, Program};
use provost_fleet::model::Fleet;
use serde::{Deserialize, Serialize};

use crate::agent::{self, CLI_SETTINGS};
use crate::php::Php;
use crate::site::SiteError;

/// Longest that keys may take.
const LONGEST: Duration = Duration::from_mins(1);

/// How many are kept: those of six sites of Moodle 5.0. Who opens more at a time has them made meanwhile, as if there were no stock.
const STOCK: usize = 12;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(2);

/// A private key and the name that it is told apart by.
#[derive(Serialize, Deserialize)]
pub(super) struct PrivateKey {
    pub(super) value: String,
    pub(super) kid: String,
}

/// So many keys, each nobody else's.
pub(super) async fn take(cx: &Context, count: usize) -> Result<Vec<PrivateKey>, SiteError> {
    let directory = stock(cx);
    let mut keys: Vec<PrivateKey> =
        listed(&directory).into_iter().filter_map(|name| claim(&directory, &name)).take(count).collect();
    let missing = count - keys.len();
    // One process for each: they have nothing to say to each other.
    let made = futures_util::future::try_join_all((0..missing).map(|_| make(cx, 1))).await?;
    keys.extend(made.into_iter().flatten());
    Ok(keys)
}

/// Keeps the stock of a fleet that clones sites, until the context is cancelled. While somebody works on the fleet it waits: whoever clones
/// has better use for the processors.
pub(crate) async fn keep(cx: &Context, fleet: &Fleet) {
    if fleet.templates.is_empty() {
        return;
    }
    let mut told = false;
    loop {
        tokio::select! {
            () = cx.cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if listed(&stock(cx)).len() >= STOCK || Lease::take(cx, "fleet").await.is_err() {
            continue;
        }
        if let Err(error) = add(cx).await
            && !cx.cancel.is_cancelled()
            && !std::mem::replace(&mut told, true)
        {
            cx.note(format!("no private keys are made in advance: {}", error.chain()));
        }
    }
}

/// Makes one more.
async fn add(cx: &Context) -> Result<(), SiteError> {
    let directory = stock(cx);
    files::directory(&directory, 0o700, &Account::Own).map_err(SiteError::io("make", &directory))?;
    for key in make(cx, 1).await? {
        let path = directory.join(format!("{}.json", key.kid));
        let text = serde_json::to_vec(&key).unwrap_or_default();
        files::write_whole(&path, &text, 0o600, &Account::Own).map_err(SiteError::io("write", &path))?;
    }
    Ok(())
}

fn stock(cx: &Context) -> Utf8PathBuf {
    cx.paths.run.join("keys")
}

/// Names of the keys that are nobody's yet.
fn listed(directory: &Utf8Path) -> Vec<String> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_owned()).collect();
    names.retain(|name| name.ends_with(".json"));
    names
}

/// Takes a key out of the stock: of several who try, the one whose renaming goes well has it. A key that was taken by a process which was
/// killed is nobody's any more.
fn claim(directory: &Utf8Path, name: &str) -> Option<PrivateKey> {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let number = TAKEN.fetch_add(1, Ordering::Relaxed);
    let taken = directory.join(format!("{name}.{}-{number}", std::process::id()));
    std::fs::rename(directory.join(name), &taken).ok()?;
    let text = std::fs::read(&taken).ok();
    std::fs::remove_file(&taken).ok();
    serde_json::from_slice(&text?).ok()
}

async fn make(cx: &Context, count: usize) -> Result<Vec<PrivateKey>, SiteError> {
    let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
    let ours = agent::unpack(&cx.paths).map_err(SiteError::io("unpack", cx.paths.agents()))?;
    let program = Program::new(&php.cli)
        .args(CLI_SETTINGS)
        .arg(ours.join("keys.php"))
        .arg(count.to_string())
        .deadline(LONGEST);
    let text = cx.run(program).await.and_then(Output::ok).map_err(SiteError::Install)?.text();
    let made: Vec<PrivateKey> = serde_json::from_str(&text).unwrap_or_default();
    if made.len() == count && made.iter().all(|key| !key.value.is_empty() && !key.kid.is_empty()) {
        return Ok(made);
    }
    Err(SiteError::ReadBack("PHP made no private key".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_stock_is_taken_once() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(directory.path()).unwrap().to_owned();
        std::fs::write(directory.join("0a.json"), r#"{"value":"secret","kid":"0a"}"#).unwrap();
        std::fs::write(directory.join("0b.json"), "half").unwrap();
        let names = listed(&directory);
        assert_eq!(names.len(), 2);
        assert_eq!(claim(&directory, "0a.json").unwrap().value, "secret");
        assert!(claim(&directory, "0a.json").is_none());
        assert!(claim(&directory, "0b.json").is_none());
        assert!(directory.read_dir_utf8().unwrap().next().is_none(), "nothing secret is left");
    }
}
