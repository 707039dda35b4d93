//! Whether the fleet is served, and telling the running services that files have changed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::lease::Holder;
use provost_engine::paths::Paths;
use provost_engine::process::{Account, Program};
use provost_fleet::model::{Fleet, Tls};
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::files::{fpm_pid, nginx_pid};
use super::probe::Pauses;
use super::{Place, UpError, probe, workers};

/// Whether `provost up` runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Serving {
    /// It does.
    Up {
        /// Its process id.
        pid: i32,
    },
    /// It was killed, and its web server runs on.
    Orphaned,
    /// It does not.
    Down,
}

impl Serving {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Up { pid } => format!("up (process {pid})"),
            Self::Orphaned => {
                "served by what a killed `provost up` left running; the next one takes over".to_owned()
            }
            Self::Down => "not served".to_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Noted {
    holder: Holder,
    listen: Vec<SocketAddr>,
}

fn path(paths: &Paths) -> Utf8PathBuf {
    paths.run.join("up.json")
}

/// Notes that this process serves the fleet.
pub(super) fn note(cx: &Context, listen: &[SocketAddr]) -> std::io::Result<()> {
    let noted = Noted { holder: Holder::current(), listen: listen.to_vec() };
    let text = serde_json::to_string(&noted).unwrap_or_default();
    files::write_whole(&path(&cx.paths), text.as_bytes(), 0o644, &Account::Own)
}

/// Takes the note away.
pub(super) fn forget(paths: &Paths) {
    std::fs::remove_file(path(paths)).ok();
}

/// Whether a living process serves the fleet.
pub fn serving(paths: &Paths) -> Serving {
    let noted = std::fs::read_to_string(path(paths)).ok();
    let noted = noted.and_then(|text| serde_json::from_str::<Noted>(&text).ok());
    match noted {
        Some(noted) if noted.holder.is_alive() => Serving::Up { pid: noted.holder.pid },
        _ if services_live(paths) => Serving::Orphaned,
        _ => Serving::Down,
    }
}

/// What became of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Nothing runs; the files are read at the next start.
    NothingRuns,
    /// The services read them, and the host answers as it should.
    Seen,
    /// The services were told; nginx ends TLS, and the answer was not looked at.
    Told,
}

/// What a host is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Moodle's login page.
    Login,
    /// Moodle's maintenance page, or its login page where maintenance ends meanwhile.
    Maintenance,
    /// That it is not available: the plain page of a disabled site, or Moodle's page of maintenance.
    Unavailable,
    /// That there is no such site.
    Nothing,
}

impl Answer {
    /// Whether PHP answers it.
    pub(super) fn needs_pool(self) -> bool {
        matches!(self, Self::Login | Self::Maintenance)
    }

    fn is(self, status: u16) -> bool {
        match self {
            Self::Login => status < 400,
            Self::Maintenance => status < 400 || status == 503,
            Self::Unavailable => status == 503,
            Self::Nothing => status == 404,
        }
    }
}

/// Waits until a host answers as it is to, where anything serves the fleet.
pub async fn see(cx: &Context, fleet: &Fleet, place: &Place, answer: Answer) -> Result<Taken, UpError> {
    if serving(&cx.paths) == Serving::Down {
        return Ok(Taken::NothingRuns);
    }
    // Of a site whose link is gone nobody knows the host.
    let asked = !matches!(fleet.web.tls, Tls::Files { .. }) && !place.is_unknown();
    let Some(address) = fleet.web.listen.first().filter(|_| asked) else {
        return Ok(Taken::Told);
    };
    match probe::until(*address, place, |status| answer.is(status)).await {
        Some(status) if answer.is(status) => {
            workers::until_the_old_ones_end(cx).await;
            Ok(Taken::Seen)
        }
        status => Err(UpError::NotTakenUp { host: place.to_string(), status }),
    }
}

/// Has the running services read their files again, whatever they hold.
pub(crate) async fn read_again(cx: &Context) {
    if serving(&cx.paths) == Serving::Down {
        return;
    }
    let _one = FILES.lock().await;
    reload_nginx(cx).await;
    reload_pools(cx).await;
}

/// Has php-fpm read its files again, and waits until it listens for every site.
pub(super) async fn reload_pools(cx: &Context) {
    // Files that others write from now on are for the next reload.
    let pools = pools(&cx.paths);
    let before = incarnation(cx);
    let patience = tokio::time::Instant::now() + Duration::from_secs(10);
    let mut pauses = Pauses::default();
    loop {
        let told = tokio::time::Instant::now();
        signal(&fpm_pid(&cx.paths), Signal::USR2);
        // Until it has started itself anew it still listens for pools that are gone.
        while told.elapsed() < HEARD && tokio::time::Instant::now() < patience {
            if incarnation(cx) != before && answer(&cx.paths, &pools) {
                return;
            }
            pauses.next().await;
        }
        if tokio::time::Instant::now() >= patience {
            cx.note("php-fpm did not take up every pool; look at its log");
            return;
        }
    }
}

/// After how long php-fpm is told once more. It is deaf while it starts itself anew, which a command that was killed may have asked of it.
const HEARD: Duration = Duration::from_secs(2);

/// By this one start of php-fpm is told from the next: it writes its file anew when it listens and hears signals again.
fn incarnation(cx: &Context) -> Option<(u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(fpm_pid(&cx.paths)).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}

/// Has nginx read its files again, and waits until new workers have taken over.
pub(super) async fn reload_nginx(cx: &Context) {
    let pid_file = nginx_pid(&cx.paths);
    let old = workers::grow_old(&pid_file);
    signal(&pid_file, Signal::HUP);
    if !old.is_empty() {
        workers::hand_over(&pid_file, &old).await;
    }
}

/// Held by who changes files of the web server or has them read again. Reloads follow each other, for php-fpm starts itself anew on each
/// and is deaf meanwhile; and a file that goes between nginx's looking for files and its opening them is an error of all of them.
pub(crate) static FILES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Has nginx check its files.
pub(super) async fn check_nginx(cx: &Context) -> Result<(), UpError> {
    let Some(nginx) = cx.machine.program("nginx") else { return Err(UpError::Missing("nginx")) };
    let file = cx.paths.run.join("nginx.conf");
    let program = Program::new(nginx).args(["-e", "stderr", "-t", "-q", "-c", file.as_str()]);
    let output = cx.run(program).await.and_then(provost_engine::process::Output::ok);
    output.map(drop).map_err(|source| UpError::Start { service: "nginx with the new files", source })
}

/// The pools that have a file.
fn pools(paths: &Paths) -> BTreeSet<String> {
    let pools = std::fs::read_dir(paths.pools()).into_iter().flatten().flatten();
    pools.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".conf")?.to_owned())).collect()
}

/// Whether every pool that has a file takes connections.
pub(super) fn pools_answer(cx: &Context) -> bool {
    answer(&cx.paths, &pools(&cx.paths))
}

/// Whether pools take connections.
///
/// The kernel's list is read and nobody is connected to: a pool without work starts a process of PHP for whoever knocks, and with
/// hundreds of sites every look would start hundreds.
fn answer(paths: &Paths, pools: &BTreeSet<String>) -> bool {
    let directory = paths.run.join("fpm");
    let listening = std::fs::read_to_string("/proc/net/unix").map(|list| listening(&list, &directory));
    pools.iter().all(|name| match &listening {
        Ok(listening) => listening.contains(name),
        Err(_) => std::os::unix::net::UnixStream::connect(directory.join(format!("{name}.sock"))).is_ok(),
    })
}

/// Whether somebody listens on a socket of a pool.
pub(crate) fn listens(cx: &Context, socket: &Utf8Path) -> bool {
    let name = socket.file_name().and_then(|name| name.strip_suffix(".sock"));
    name.is_some_and(|name| answer(&cx.paths, &BTreeSet::from([name.to_owned()])))
}

/// Removes the sockets of pools that have no file any more and that nobody listens on.
///
/// php-fpm takes its sockets away when it hears that a pool is gone or that it is to end. While it starts itself anew it hears neither,
/// and `up` ends it the hard way then. Of a pool that has a file it takes the place itself.
pub fn remove_dead_sockets(paths: &Paths) {
    let directory = paths.run.join("fpm");
    let kept = pools(paths);
    for entry in directory.read_dir_utf8().into_iter().flatten().flatten() {
        let Some(name) = entry.file_name().strip_suffix(".sock") else { continue };
        if !kept.contains(name) && !answer(paths, &BTreeSet::from([name.to_owned()])) {
            // One that stays is in nobody's way, and is looked at again.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

/// The names of the sockets in a directory that somebody listens on, without `.sock`, from the kernel's list: number, references,
/// protocol, flags, type, state, inode, path.
fn listening(list: &str, directory: &Utf8Path) -> BTreeSet<String> {
    /// `__SO_ACCEPTCON`.
    const LISTENS: u32 = 1 << 16;
    let each = list.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let path = Utf8Path::new(fields.nth(3)?);
        let ours = flags & LISTENS != 0 && path.parent() == Some(directory);
        Some(path.file_name().filter(|_| ours)?.strip_suffix(".sock")?.to_owned())
    });
    each.collect()
}

/// Whether nginx or php-fpm of this fleet lives, with or without the `up` that started it.
pub fn services_live(paths: &Paths) -> bool {
    [nginx_pid(paths), fpm_pid(paths)].iter().any(|file| {
        let pid = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<i32>().ok());
        // The number may be another program's by now: ours names a file of the run directory.
        let line = pid.and_then(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok()).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(paths.run.as_str())
    })
}

/// Tells both to open their logs anew, after rotation.
pub(super) fn reopen_logs(paths: &Paths) {
    signal(&nginx_pid(paths), Signal::USR1);
    signal(&fpm_pid(paths), Signal::USR1);
}

fn signal(pid_file: &Utf8Path, signal: Signal) {
    let pid = std::fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse().ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        rustix::process::kill_process(pid, signal).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_goes_that_has_no_pool_and_nobody_who_listens() {
        let directory = tempfile::tempdir().unwrap();
        let at = Utf8Path::from_path(directory.path()).unwrap();
        let at = |name: &str| at.join(name);
        let paths = Paths { run: at("run"), state: at("state"), cache: at("cache"), store: at("store") };
        std::fs::create_dir_all(paths.run.join("fpm")).unwrap();
        std::fs::create_dir_all(paths.pools()).unwrap();
        let socket = |name: &str| paths.run.join("fpm").join(format!("{name}.sock"));
        let listen = |name: &str| std::os::unix::net::UnixListener::bind(socket(name)).unwrap();
        let _alive = listen("alive");
        drop((listen("dead"), listen("pool")));
        std::fs::write(paths.pools().join("pool.conf"), "").unwrap();
        remove_dead_sockets(&paths);
        let there = ["alive", "dead", "pool"].map(|name| socket(name).exists());
        assert_eq!(there, [true, false, true]);
    }

    #[test]
    fn only_sockets_of_the_directory_that_somebody_listens_on_count() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            000000008284cdd5: 00000002 00000000 00010000 0001 01 5088984 /run/f/fpm/hugo.sock\n\
            0000000019b67490: 00000003 00000000 00000000 0001 03   562 /run/f/fpm/zola.sock\n\
            0000000019b67491: 00000002 00000000 00010000 0001 01   563 /run/g/fpm/other.sock\n\
            0000000019b67492: 00000003 00000000 00000000 0001 03   564\n";
        let found = listening(list, Utf8Path::new("/run/f/fpm"));
        assert_eq!(found, BTreeSet::from(["hugo".to_owned()]));
    }
}
