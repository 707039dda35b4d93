//! The run directory: sockets, pids and locks. It is made by whoever needs it first, and removed when a fleet without sites
//! comes to rest.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::name::Name;

use super::redis::{Book, Pair};
use super::{Cluster, ClusterState, ServerError};

/// Makes it: ours alone, and as root open to the services' accounts. Under `/tmp` anybody could have made it first, so its owner is
/// checked.
pub(crate) fn make(cx: &Context, run: &Utf8Path) -> std::io::Result<()> {
    let mode = if cx.machine.root { 0o755 } else { 0o700 };
    if let Some(above) = run.parent() {
        files::directory(above, mode, &Account::Own).or_else(|error| match above.exists() {
            // `/run/user/1000` and the like are there and not ours to change.
            true => Ok(()),
            false => Err(error),
        })?;
    }
    files::directory(run, mode, &Account::Own)?;
    for directory in [Some(run), run.parent()].into_iter().flatten() {
        let owner = std::fs::metadata(directory)?.uid();
        if owner != cx.machine.uid && owner != 0 {
            return Err(std::io::Error::other(format!("`{directory}` belongs to user {owner}, not to us")));
        }
    }
    Ok(())
}

/// Opens a lock file, made if it is not there.
pub(super) fn lock_file(path: &Utf8Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Holds a lock of the run directory alone, once nobody else does. The directory may have been removed while we waited: a lock that no
/// longer has its name keeps nobody out.
pub(super) async fn lock_alone(
    cx: &Context,
    run: &Utf8Path,
    name: &str,
) -> Result<std::io::Result<File>, ServerError> {
    let path = run.join(name);
    loop {
        let file = match make(cx, run).and_then(|()| lock_file(&path)) {
            Ok(file) => file,
            Err(error) => return Ok(Err(error)),
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(Ok(file)),
            Ok(()) => continue,
            Err(TryLockError::Error(error)) => return Ok(Err(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            () = cx.cancel.cancelled() => return Err(ServerError::Cancelled),
        }
    }
}

fn is_at(file: &File, path: &Utf8Path) -> bool {
    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    let (opened, named) = (file.metadata().map(identity), std::fs::metadata(path).map(identity));
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

/// Removes it, unless a server runs or somebody holds a lock in it. The caller has seen that neither nginx nor php-fpm runs, and
/// that nobody is about to start them.
pub(crate) fn remove(paths: &Paths) -> std::io::Result<()> {
    let run = &paths.run;
    let Some(locks) = locks(run)? else { return Ok(()) };
    let clusters = std::fs::read_dir(paths.clusters()).into_iter().flatten().flatten();
    let names = clusters.filter_map(|entry| entry.file_name().to_str()?.parse::<Name>().ok());
    let mut states = names.map(|name| Cluster::made(paths, &name).state());
    if states.any(|state| matches!(state, ClusterState::Running(_))) {
        return Ok(());
    }
    if Book::all(paths).iter().any(|name| Pair::made(paths, name).any_runs()) {
        return Ok(());
    }
    // Aside first: whoever comes meanwhile makes a new one and has it whole.
    let aside = run.with_extension("gone");
    remove_tree(&aside)?;
    std::fs::rename(run, &aside)?;
    drop(locks);
    remove_tree(&aside)
}

/// Every lock in it, held alone; `None` where another holds one, or where there is no directory.
fn locks(run: &Utf8Path) -> std::io::Result<Option<Vec<File>>> {
    let entries = match std::fs::read_dir(run) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".gate") || name.ends_with(".users")).collect();
    // A gate comes before its users, as for everybody else.
    names.sort();
    let mut held = Vec::new();
    for name in names {
        let file = lock_file(&run.join(name))?;
        match file.try_lock() {
            Ok(()) => held.push(file),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Some(held))
}

fn remove_tree(path: &Utf8Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
