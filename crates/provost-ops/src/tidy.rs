//! What killed runs left and no step of a plan is about. Whoever tidies holds the fleet's lease.

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::files::remove_half_written;
use provost_sites::site::copy;
use provost_sites::up::remove_dead_sockets;

use crate::session::Session;
use crate::site::delete::on_disk;

/// Removes files and copies that were being written when their writer was killed.
pub(crate) fn remove_unfinished(cx: &Context) {
    remove_empty_dataroots(cx);
    remove_dead_sockets(&cx.paths);
    copy::prune(cx);
    copy::remove_unfinished(cx);
    let paths = &cx.paths;
    let below = [paths.sites(), paths.dataroots(), copy::place(&paths.state)];
    let below = below.iter().flat_map(|directory| directory.read_dir_utf8().into_iter().flatten().flatten());
    let mut directories: Vec<_> =
        below.map(camino::Utf8DirEntry::into_path).filter(|path| path.is_dir()).collect();
    directories.extend([
        paths.keep(),
        paths.secrets(),
        paths.server_marks(),
        paths.hosts(),
        paths.vhosts(),
        paths.pools(),
        paths.metrics(),
        paths.run.clone(),
    ]);
    for directory in directories {
        // What stays is tried again by the next command; it is in nobody's way.
        if let Err(error) = remove_half_written(&directory) {
            cx.note(format!("half-written files in `{directory}` stay: {}", full_chain(&error)));
        }
    }
}

/// A dataroot is made before it is marked: one that is empty says of nobody that it is his. A disk that is mounted there stays.
fn remove_empty_dataroots(cx: &Context) {
    for entry in cx.paths.dataroots().read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // The system itself refuses one in which there is anything.
            drop(std::fs::remove_dir(entry.path()));
        }
    }
}

/// Copies of deleted sites say that their site is gone, where the deletion was not ended by the command that began it: only from then
/// on are they kept for a stated time.
pub(crate) async fn settle_copies(session: &Session) {
    let (cx, fleet) = (&session.cx, &session.loaded.fleet);
    for (site, kept) in copy::unsettled(&cx.paths) {
        let is_there = fleet.sites.contains_key(&site)
            || !on_disk(session, &site).is_empty()
            || !copy::is_database_gone(cx, &session.servers, &kept).await;
        if is_there {
            continue;
        }
        match copy::settle(cx, &site) {
            Ok(Some(kept)) => {
                let until = kept.manifest.keep_until;
                cx.note(format!("site {site} is gone; its copy {} is kept until {until}", kept.path));
            }
            Ok(None) => {}
            Err(error) => cx.note(format!("the copy of site {site}: {}", error.chain())),
        }
    }
}
