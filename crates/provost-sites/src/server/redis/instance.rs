//! One instance: what it is for, how a managed one is set up, started and stopped, and what it says of itself.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::paths::LONGEST_SOCKET_PATH;
use provost_engine::process::Program;
use provost_fleet::name::Name;
use rustix::process::{Pid, Signal};
use serde::Serialize;

use super::RedisError;
use super::resp::{Client, RespError};
use crate::accounts::User;

/// What an instance is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Sessions: kept on disk, and never forgotten to make room.
    Sessions,
    /// Caches: in memory alone, and forgotten when it is full.
    Caches,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sessions, Self::Caches];

    /// In one word, for people and for names of files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Caches => "caches",
        }
    }
}

/// How long a start may take: after a kill it reads its log of writes first, a second for each 100 MiB.
const START: Duration = Duration::from_mins(1);

/// How long an orderly end may take: it writes what is not on disk yet.
const STOP: Duration = Duration::from_secs(30);

/// How often one that starts or stops is looked at.
const PAUSE: Duration = Duration::from_millis(20);

/// How much of its log is told when it does not start, in bytes.
const LOG_TOLD: usize = 2048;

/// Logical databases of an instance for sessions. A site has one to itself, and Redis takes about a kilobyte for each, used or not.
const DATABASES: u32 = 4096;

/// The file with its users, in its directory.
pub(super) const USERS: &str = "users.acl";

/// A managed instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) redis: Name,
    pub(super) purpose: Purpose,
    pub(super) directory: Utf8PathBuf,
    pub(super) socket: Utf8PathBuf,
    pub(super) log: Utf8PathBuf,
    pub(super) memory_mib: u32,
}

impl Instance {
    /// The process that serves it, known by its working directory. Its own file of the number would stay after a kill.
    pub(super) fn process(&self) -> Option<Pid> {
        let directory = self.directory.canonicalize().ok()?;
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let pid = pids.find(|pid| {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == directory)
                && std::fs::read_to_string(format!("/proc/{pid}/comm"))
                    .is_ok_and(|name| name.trim() == "redis-server")
        });
        Pid::from_raw(pid?)
    }

    /// Whether it takes commands. One that is reading its log of writes says so in place of an answer.
    pub(super) async fn answers(&self) -> bool {
        let Ok(mut client) = Client::open(self.socket.as_str(), 0).await else { return false };
        match client.ask(&["PING"]).await {
            Ok(_) => true,
            Err(RespError::Refused(why)) => why.starts_with("NOAUTH"),
            Err(_) => false,
        }
    }

    /// What it is set to. Every answer to a client that a write was done is at most a second from the disk.
    fn configuration(&self) -> String {
        let (directory, socket, log) = (quoted(&self.directory), quoted(&self.socket), quoted(&self.log));
        let memory_mib = self.memory_mib;
        let special = match self.purpose {
            Purpose::Sessions => format!(
                "databases {DATABASES}\nmaxmemory-policy noeviction\nappendonly yes\nappendfsync everysec\n"
            ),
            Purpose::Caches => "databases 1\nmaxmemory-policy allkeys-lru\nappendonly no\n".to_owned(),
        };
        format!(
            "# Written by Provost whenever it starts this instance.\n\
             port 0\nunixsocket {socket}\nunixsocketperm 777\ndaemonize yes\npidfile {pid}\nset-proc-title no\n\
             dir {directory}\naclfile {users}\nlogfile {log}\nsave \"\"\nmaxmemory {memory_mib}mb\n{special}",
            pid = quoted(&self.directory.join("redis.pid")),
            users = quoted(&self.directory.join(USERS)),
        )
    }

    /// Starts it and waits until it takes commands.
    pub(super) async fn start(&self, cx: &Context, user: &User) -> Result<(), RedisError> {
        let io = RedisError::io(&self.redis);
        if self.socket.as_str().len() > LONGEST_SOCKET_PATH {
            return Err(RedisError::SocketPath(self.socket.clone()));
        }
        if self.socket.as_str().contains(|letter: char| letter.is_ascii_uppercase()) {
            return Err(RedisError::Capitals(self.socket.clone()));
        }
        let server = cx.machine.program("redis-server").ok_or(RedisError::NotInstalled)?;
        if let Some(sockets) = self.socket.parent() {
            // Whoever comes by the socket has a password; as root it is the accounts of the sites that come.
            files::directory(sockets, 0o755, &user.account).map_err(&io)?;
        }
        // Its log begins anew: what an earlier one said is no reason why this one does not start.
        files::write_whole(&self.log, b"", 0o600, &user.account).map_err(&io)?;
        let file = self.directory.join("redis.conf");
        files::write_whole(&file, self.configuration().as_bytes(), 0o600, &user.account).map_err(&io)?;
        // It goes into a session of its own: the end of this command's processes is not the server's.
        let begin = Program::new(server)
            .arg(file.as_str())
            .account(user.account.clone())
            .directory(&self.directory)
            .deadline(START);
        let begun = cx.run(begin).await.and_then(provost_engine::process::Output::ok);
        begun.map_err(|source| RedisError::Program { redis: self.redis.clone(), source })?;
        self.wait_until_up(cx).await
    }

    async fn wait_until_up(&self, cx: &Context) -> Result<(), RedisError> {
        let begun = tokio::time::Instant::now();
        loop {
            if self.answers().await {
                return Ok(());
            }
            // Its process is not seen at once.
            let gone = begun.elapsed() > Duration::from_secs(2) && self.process().is_none();
            if gone || begun.elapsed() > START {
                return Err(RedisError::Log { redis: self.redis.clone(), log: end_of(&self.log) });
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = cx.cancel.cancelled() => return Err(RedisError::Cancelled),
            }
        }
    }

    /// Stops it and waits until it is down.
    pub(super) async fn stop(&self) -> Result<(), RedisError> {
        let begun = tokio::time::Instant::now();
        let Some(pid) = self.process() else { return Ok(()) };
        rustix::process::kill_process(pid, Signal::TERM).ok();
        while self.process().is_some() {
            if begun.elapsed() > STOP {
                return Err(RedisError::StillThere(self.redis.clone()));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// A path as the configuration takes it, blanks and quotes and all.
fn quoted(path: &Utf8Path) -> String {
    format!("\"{}\"", path.as_str().replace('\\', "\\\\").replace('"', "\\\""))
}

fn end_of(log: &Utf8Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(LOG_TOLD)..]).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

/// What an instance says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Its release.
    pub release: String,
    /// What it does when it is full.
    pub policy: String,
    /// Memory in use, in bytes.
    pub used_bytes: u64,
    /// Memory that it may use, in bytes; 0 is all.
    pub most_bytes: u64,
    /// Keys that it forgot to make room, since it started.
    pub evicted: u64,
    /// Keys that it has.
    pub keys: u64,
    /// Connections.
    pub clients: u64,
}

impl Figures {
    /// Asks an instance.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ask(client: &mut Client) -> Result<Self, RespError> {
        let reply = client.ask(&["INFO"]).await?;
        Ok(Self::read(reply.text().unwrap_or_default()))
    }

    fn read(text: &str) -> Self {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .unwrap_or_default()
                .trim()
        };
        let number = |name: &str| field(name).parse().unwrap_or_default();
        // `db0:keys=12,expires=0,avg_ttl=0`
        let keys = text.lines().filter_map(|line| {
            let (_, rest) = line.strip_prefix("db")?.split_once(":keys=")?;
            rest.split(',').next()?.parse::<u64>().ok()
        });
        Self {
            release: field("redis_version").to_owned(),
            policy: field("maxmemory_policy").to_owned(),
            used_bytes: number("used_memory"),
            most_bytes: number("maxmemory"),
            evicted: number("evicted_keys"),
            keys: keys.sum(),
            clients: number("connected_clients"),
        }
    }

    /// Why an instance cannot serve a purpose.
    pub fn unfit(&self, purpose: Purpose) -> Option<String> {
        let major = self.release.split('.').next().and_then(|major| major.parse::<u32>().ok());
        let (release, policy) = (&self.release, &self.policy);
        if major.is_some_and(|major| major < OLDEST) {
            return Some(format!(
                "it is Redis {release}, which cannot keep sites apart: {OLDEST} is the oldest that can"
            ));
        }
        match purpose {
            Purpose::Sessions if policy != "noeviction" => Some(format!(
                "the instance for sessions forgets them when it is full: its `maxmemory-policy` is `{policy}`"
            )),
            Purpose::Caches if !policy.starts_with("allkeys-") => Some(format!(
                "the instance for caches does not forget any when it is full: its `maxmemory-policy` is `{policy}`"
            )),
            _ => None,
        }
    }
}

/// The release that brought users with rights.
const OLDEST: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_read() {
        let text = "# Server\r\nredis_version:7.0.15\r\nused_memory:2935832\r\nused_memory_human:2.80M\r\nmaxmemory:1048576\r\n\
                    maxmemory_policy:noeviction\r\nevicted_keys:3\r\nconnected_clients:2\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n\
                    db7:keys=12,expires=1,avg_ttl=5\r\n";
        let figures = Figures::read(text);
        assert_eq!((figures.used_bytes, figures.most_bytes, figures.evicted), (2_935_832, 1_048_576, 3));
        assert_eq!((figures.keys, figures.clients, figures.release.as_str()), (13, 2, "7.0.15"));
    }

    #[test]
    fn a_configuration_is_a_purposes() {
        let instance = |purpose| Instance {
            redis: "main".parse().unwrap(),
            purpose,
            directory: "/state/da ta/\"redis\"/main".into(),
            socket: "/run/main.sock".into(),
            log: "/state/logs/redis.log".into(),
            memory_mib: 64,
        };
        let both = Purpose::ALL.map(|purpose| instance(purpose).configuration());
        insta::assert_snapshot!(both.join("\n"));
    }

    #[test]
    fn each_purpose_has_its_rule() {
        let policy = |policy: &str| Figures {
            policy: policy.to_owned(),
            release: "7.0.15".to_owned(),
            ..Figures::default()
        };
        assert_eq!(policy("noeviction").unfit(Purpose::Sessions), None);
        assert_eq!(policy("allkeys-lru").unfit(Purpose::Caches), None);
        assert!(policy("volatile-ttl").unfit(Purpose::Sessions).unwrap().contains("forgets them"));
        assert!(policy("noeviction").unfit(Purpose::Caches).unwrap().contains("`noeviction`"));
        let old = Figures { release: "5.0.14".to_owned(), ..policy("noeviction") };
        assert!(old.unfit(Purpose::Sessions).unwrap().contains("cannot keep sites apart"));
    }
}
