//! Seats: accounts whose pool of php-fpm listens before they are anybody's.
//!
//! A pool that is added makes php-fpm start itself anew, and everything that it had compiled for every site of the fleet is gone: the
//! next page of each compiles some 1,500 files, a second of a core. So where a fleet has templates, `provost up` keeps some pools
//! listening that nobody asks for. A site that is cloned takes the account of one, by its name alone: the user's number stays, and by that
//! number the pool is told. nginx hears of it, php-fpm does not, and the first page finds everything compiled.
//!
//! What a pool's file says of one site goes through two links, to its logs and to its directory for temporary files. Sites with limits of
//! their own have pools of their own. Where everything runs as one user there are no accounts, and no seats.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::model::{Fleet, Limits, Site};
use provost_fleet::name::Name;

use crate::accounts::{self, AccountError, User, seats};
use crate::site::{self, SiteError, files as site_files};
use crate::up::{self, Serving};
use crate::web::REQUEST_SECONDS;
use crate::web::fpm::{FpmPool, PoolUser, pool_file};

/// How many seats are kept free. A site on demand comes now and then; hundreds at once are told to php-fpm together, which pays.
pub(crate) const FREE: usize = 12;

/// With fewer free ones php-fpm is started anew for more.
const FEW: usize = 4;

/// What a free seat's links lead to.
const NOBODY: &str = "nobody";

/// A seat, free or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    uid: u32,
    gid: u32,
}

impl Seat {
    /// The seat of an account, where it has one.
    pub(crate) fn of(paths: &Paths, user: &User) -> Option<Self> {
        let Account::Other { uid, gid } = user.account else { return None };
        let seat = Self { uid, gid };
        seat.directory(paths).is_dir().then_some(seat)
    }

    /// The seat of a site, where it has one and its limits are those of all seats.
    pub(crate) fn of_site(
        cx: &Context,
        fleet_id: &str,
        name: &Name,
        site: &Site,
    ) -> Result<Option<Self>, AccountError> {
        if !cx.machine.root || site.limits != Limits::USUAL {
            return Ok(None);
        }
        let user = accounts::site_if_there(&cx.machine, fleet_id, name)?;
        Ok(user.and_then(|user| Self::of(&cx.paths, &user)))
    }

    fn directory(self, paths: &Paths) -> Utf8PathBuf {
        paths.seats().join(self.uid.to_string())
    }

    /// Where its pool listens.
    pub(crate) fn socket(self, paths: &Paths) -> Utf8PathBuf {
        paths.seat_socket(self.uid)
    }

    /// The file of its pool.
    pub(crate) fn pool(self, paths: &Paths) -> Utf8PathBuf {
        paths.seat_pool(self.uid)
    }

    /// What that file says: nothing of any site.
    pub(crate) fn text(self, paths: &Paths, fleet_id: &str) -> String {
        let (user, group) = (self.uid.to_string(), self.gid.to_string());
        let directory = self.directory(paths);
        let logs = directory.join("logs");
        pool_file(&FpmPool {
            name: &format!("seat.{}", self.uid),
            socket: &self.socket(paths),
            user: Some(PoolUser {
                user: &user,
                group: &group,
                web_group: &accounts::web_user_name(fleet_id),
            }),
            workers: Limits::USUAL.workers,
            memory_mib: Limits::USUAL.memory_mib,
            upload_mib: Limits::USUAL.upload_mib,
            request_seconds: REQUEST_SECONDS,
            error_log: &logs.join("php.log"),
            slow_log: &logs.join("slow.log"),
            temporary: &directory.join("temporary"),
        })
    }

    /// Has its pool write to where a site is, of which both directories are there: with a link that leads nowhere php-fpm does not start.
    fn settle(self, cx: &Context, name: &Name, site: &Site) -> std::io::Result<()> {
        let temporary = site::dataroot(cx, name, site).join(site_files::PHP_TEMPORARY);
        self.link(&cx.paths, cx.paths.site_logs(name).as_str(), temporary.as_str())
    }

    /// Makes the directory and links of a free seat, and the file of its pool.
    fn prepare(self, cx: &Context, fleet_id: &str) -> std::io::Result<()> {
        let own = Account::Other { uid: self.uid, gid: self.gid };
        files::directory(&self.directory(&cx.paths), 0o755, &Account::Own)?;
        // php-fpm does not start where it cannot open the log of slow requests.
        files::directory(&self.directory(&cx.paths).join(NOBODY), 0o750, &own)?;
        self.link(&cx.paths, NOBODY, NOBODY)?;
        let text = self.text(&cx.paths, fleet_id);
        let file = self.pool(&cx.paths);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
            return Ok(());
        }
        files::write_whole(&file, text.as_bytes(), 0o644, &Account::Own)
    }

    fn link(self, paths: &Paths, logs: &str, temporary: &str) -> std::io::Result<()> {
        for (link, target) in [("logs", logs), ("temporary", temporary)] {
            let link = self.directory(paths).join(link);
            if std::fs::read_link(&link).is_ok_and(|there| there.to_str() == Some(target)) {
                continue;
            }
            files::link_whole(&link, target)?;
        }
        Ok(())
    }
}

/// The account of a site that is being made: of a free seat where one listens, else a new one; the one that it has, where it has one.
pub(crate) async fn account(
    cx: &Context,
    fleet_id: &str,
    name: &Name,
    site: &Site,
) -> Result<User, SiteError> {
    if cx.machine.root
        && site.limits == Limits::USUAL
        && up::serving(&cx.paths) != Serving::Down
        && accounts::site_if_there(&cx.machine, fleet_id, name)?.is_none()
    {
        take(cx, fleet_id, name).await?;
    }
    Ok(accounts::site(cx, fleet_id, name).await?)
}

async fn take(cx: &Context, fleet_id: &str, name: &Name) -> Result<(), SiteError> {
    for (number, user) in seats::free(fleet_id)? {
        let listens = |seat: Seat| up::listens(cx, &seat.socket(&cx.paths));
        if !Seat::of(&cx.paths, &user).is_some_and(listens) {
            continue;
        }
        // One look at who has it and one renaming: whoever takes the same one meanwhile takes the next.
        let _lease = match Lease::take(cx, &format!("seat/{number}")).await {
            Err(LeaseError::Held { .. }) => continue,
            other => other.map_err(|error| SiteError::ReadBack(error.to_string()))?,
        };
        if seats::give(cx, fleet_id, number, name).await?.is_some() {
            return Ok(());
        }
    }
    Ok(())
}

/// Makes the seat of a site's account, where it has one, ready for the site, which is about to be served. One of other limits loses it.
pub(crate) fn settle(cx: &Context, user: &User, name: &Name, site: &Site) -> Result<(), SiteError> {
    let Some(seat) = Seat::of(&cx.paths, user) else { return Ok(()) };
    if site.limits != Limits::USUAL {
        return remove_of(&cx.paths, seat.uid);
    }
    seat.settle(cx, name, site).map_err(SiteError::io("write", seat.directory(&cx.paths)))
}

/// The file of the pool of a site's seat, where it has one.
pub(crate) fn pool_of(
    cx: &Context,
    fleet_id: &str,
    name: &Name,
) -> Result<Option<Utf8PathBuf>, AccountError> {
    if !cx.machine.root {
        return Ok(None);
    }
    let user = accounts::site_if_there(&cx.machine, fleet_id, name)?;
    Ok(user.and_then(|user| Seat::of(&cx.paths, &user)).map(|seat| seat.pool(&cx.paths)))
}

/// Whether php-fpm has a file of a site's pool: whether PHP may run for its visitors.
pub fn has_pool(cx: &Context, fleet_id: &str, name: &Name) -> bool {
    cx.paths.pools().join(format!("{name}.conf")).exists()
        || pool_of(cx, fleet_id, name).ok().flatten().is_some_and(|pool| pool.exists())
}

/// Takes a seat out of use whose account is about to go. Its pool goes with the next start of php-fpm: until then it serves a user that
/// is nobody, and whoever gets that number gets a pool that says the same.
pub(crate) fn remove(paths: &Paths, user: &User) -> Result<(), SiteError> {
    let Some(seat) = Seat::of(paths, user) else { return Ok(()) };
    remove_of(paths, seat.uid)
}

fn remove_of(paths: &Paths, uid: u32) -> Result<(), SiteError> {
    let pool = paths.seat_pool(uid);
    match std::fs::remove_file(&pool) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(SiteError::Io { verb: "remove", path: pool, source: error });
        }
        _ => {}
    }
    site_files::remove_tree(&paths.seats().join(uid.to_string()))
}

/// Whether there is no need to make free seats.
pub(crate) fn are_enough(cx: &Context, fleet: &Fleet, fleet_id: &str) -> bool {
    if !cx.machine.root || fleet.templates.is_empty() {
        return true;
    }
    let whole = |user: &&User| Seat::of(&cx.paths, user).is_some_and(|seat| seat.pool(&cx.paths).is_file());
    // Where the list of users cannot be read, none can be made.
    seats::free(fleet_id).map_or(true, |there| there.values().filter(whole).count() >= FEW)
}

/// Makes free seats where a fleet that clones sites has few. Returns whether there are pools now that php-fpm has not heard of.
pub(crate) async fn fill(cx: &Context, fleet: &Fleet, fleet_id: &str) -> Result<bool, SiteError> {
    if are_enough(cx, fleet, fleet_id) {
        return Ok(false);
    }
    for number in (1..).take(FREE) {
        let user = seats::make(cx, fleet_id, number).await?;
        let Account::Other { uid, gid } = user.account else { continue };
        let seat = Seat { uid, gid };
        seat.prepare(cx, fleet_id).map_err(SiteError::io("write", seat.directory(&cx.paths)))?;
    }
    Ok(true)
}

/// Removes seats whose account is gone: whoever was to remove both was killed in between.
pub(crate) fn tidy(paths: &Paths) -> Result<(), SiteError> {
    let Ok(entries) = paths.seats().read_dir_utf8() else { return Ok(()) };
    let ours: BTreeSet<u32> = seats::ours()?;
    let uids = entries.flatten().filter_map(|entry| entry.file_name().parse().ok());
    uids.filter(|uid| !ours.contains(uid)).try_for_each(|uid| remove_of(paths, uid))
}

/// Removes all free seats, for a fleet that has no site any more.
pub(crate) async fn remove_all(cx: &Context, fleet_id: &str) -> Result<(), SiteError> {
    for user in seats::free(fleet_id)?.values() {
        remove(&cx.paths, user)?;
    }
    seats::remove_all(cx, fleet_id).await?;
    tidy(&cx.paths)
}
