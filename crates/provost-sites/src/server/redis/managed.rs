//! A managed pair of instances: made once, started when needed, stopped when the last of those who use it lets go, by the same two locks
//! as a managed database server.

use std::fs::File;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::name::Name;

use super::instance::{Instance, Purpose, USERS};
use super::keyspace::digest;
use super::{Book, MANAGED_ADMIN, RedisError};
use crate::accounts::{self, User};
use crate::secrets::{self, Generated};
use crate::server::{Starting, run_directory};

/// The mark inside of its directory.
const INSIDE: &str = "provost.json";

/// The two instances of a managed Redis.
#[derive(Debug, Clone)]
pub struct Pair {
    redis: Name,
    directory: Utf8PathBuf,
    book: Utf8PathBuf,
    run: Utf8PathBuf,
    instances: [Instance; 2],
}

/// How a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairState {
    /// Never made, or its making was interrupted.
    Absent,
    /// Made.
    Made,
    /// Made once; its directory is not there.
    Lost,
    /// Somebody else's directory.
    Foreign,
}

impl Pair {
    /// The pair of a name, with the memory of each in MiB; nothing is touched.
    pub fn new(paths: &Paths, redis: &Name, memory_mib: [u32; 2]) -> Self {
        let directory = paths.redis_data(redis);
        let instance = |purpose: Purpose, memory_mib| Instance {
            redis: redis.clone(),
            purpose,
            directory: directory.join(purpose.word()),
            socket: paths.redis_socket(redis, purpose.word()),
            log: paths.logs().join(format!("redis-{redis}-{}.log", purpose.word())),
            memory_mib,
        };
        let [sessions, caches] = memory_mib;
        let instances = [instance(Purpose::Sessions, sessions), instance(Purpose::Caches, caches)];
        let book = paths.redis_book(redis);
        Self { redis: redis.clone(), directory, book, run: paths.run.clone(), instances }
    }

    /// The pair that was made under a name, whatever the file says; nothing is touched.
    pub fn made(paths: &Paths, redis: &Name) -> Self {
        Self::new(paths, redis, [0, 0])
    }

    /// Where its data is.
    pub fn directory(&self) -> &camino::Utf8Path {
        &self.directory
    }

    /// How it is, told from files alone.
    pub fn state(&self) -> PairState {
        if self.directory.join(INSIDE).exists() {
            return PairState::Made;
        }
        let empty = match std::fs::read_dir(&self.directory) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        match (empty, self.outside()) {
            (false, _) => PairState::Foreign,
            (true, true) => PairState::Lost,
            (true, false) => PairState::Absent,
        }
    }

    /// Whether the mark outside says that it was made here.
    fn outside(&self) -> bool {
        let text = std::fs::read_to_string(&self.book).unwrap_or_default();
        serde_json::from_str::<Book>(&text).is_ok_and(|book| book.managed)
    }

    /// The instances that do not run.
    pub fn stopped(&self) -> Vec<Purpose> {
        self.instances.iter().filter(|one| one.process().is_none()).map(|one| one.purpose).collect()
    }

    /// Whether one of them runs.
    pub fn any_runs(&self) -> bool {
        self.instances.iter().any(|one| one.process().is_some())
    }

    /// Makes both, with our administrator and nobody else.
    pub(crate) fn make(&self, cx: &Context) -> Result<(), RedisError> {
        let io = RedisError::io(&self.redis);
        if cx.machine.program("redis-server").is_none() {
            return Err(RedisError::NotInstalled);
        }
        let user = accounts::redis(&cx.machine)?;
        let password = secrets::read_or_make(&cx.paths, &Generated::RedisAdmin(&self.redis))
            .map_err(|source| RedisError::Secret { redis: self.redis.clone(), source })?;
        let making = self.directory.with_extension("making");
        match std::fs::remove_dir_all(&making) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        files::directory(&making, 0o700, &user.account).map_err(&io)?;
        for instance in &self.instances {
            let directory = making.join(instance.purpose.word());
            files::directory(&directory, 0o700, &user.account).map_err(&io)?;
            // The server gets a digest, never the password.
            let users = format!(
                "user default off resetchannels -@all\nuser {MANAGED_ADMIN} on #{} ~* &* +@all\n",
                digest(&password)
            );
            files::write_whole(&directory.join(USERS), users.as_bytes(), 0o600, &user.account)
                .map_err(&io)?;
        }
        files::write_whole(&making.join(INSIDE), b"{}", 0o600, &user.account).map_err(&io)?;
        // The mark outside first: a directory that is there and unknown would be nobody's.
        Book { managed: true, ..Book::default() }.write(&cx.paths, &self.redis).map_err(&io)?;
        fs_err::rename(&making, &self.directory).map_err(&io)
    }

    /// Makes both run and holds them.
    pub(super) async fn hold(&self, cx: &Context, starting: Starting) -> Result<InUse, RedisError> {
        let io = RedisError::io(&self.redis);
        match self.state() {
            PairState::Made => {}
            PairState::Absent => return Err(RedisError::NotMade(self.redis.clone())),
            PairState::Lost => {
                let (redis, directory) = (self.redis.clone(), self.directory.clone());
                return Err(RedisError::Lost { redis, directory });
            }
            PairState::Foreign => return Err(RedisError::Foreign(self.directory.clone())),
        }
        if starting == Starting::Never && !self.stopped().is_empty() {
            return Err(RedisError::Stopped(self.redis.clone()));
        }
        let gate = self.gate(cx).await?;
        let user = accounts::redis(&cx.machine)?;
        for instance in &self.instances {
            if instance.process().is_none() || !instance.answers().await {
                self.start(cx, instance, &user).await?;
            }
        }
        let users = run_directory::lock_file(&self.run.join(self.lock("users"))).map_err(&io)?;
        users.lock_shared().map_err(&io)?;
        drop(gate);
        Ok(InUse { pair: self.clone(), users, starting })
    }

    async fn start(&self, cx: &Context, instance: &Instance, user: &User) -> Result<(), RedisError> {
        let io = RedisError::io(&self.redis);
        let what = format!("starting the redis `{}` for {}", self.redis, instance.purpose.word());
        cx.emit(&Event::Started { what });
        // One that is there and does not answer is ending, or has come from another run directory.
        instance.stop().await?;
        files::directory(&cx.paths.logs(), 0o755, &Account::Own).map_err(&io)?;
        instance.start(cx, user).await
    }

    /// Stops both and removes all that they have. The caller knows that no site uses them.
    pub(crate) async fn remove(&self, cx: &Context) -> Result<(), RedisError> {
        let io = RedisError::io(&self.redis);
        let _gate = self.gate(cx).await?;
        for instance in &self.instances {
            instance.stop().await?;
        }
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        for instance in &self.instances {
            for path in [&instance.socket, &instance.log] {
                std::fs::remove_file(path).ok();
            }
        }
        secrets::forget(&cx.paths, &Generated::RedisAdmin(&self.redis))
            .map_err(|source| RedisError::Secret { redis: self.redis.clone(), source })?;
        Book::default().write(&cx.paths, &self.redis).map_err(io)
    }

    async fn gate(&self, cx: &Context) -> Result<File, RedisError> {
        match run_directory::lock_alone(cx, &self.run, &self.lock("gate")).await {
            Ok(file) => file.map_err(RedisError::io(&self.redis)),
            Err(_) => Err(RedisError::Cancelled),
        }
    }

    fn lock(&self, what: &str) -> String {
        format!("redis-{}.{what}", self.redis)
    }
}

/// A running pair that nobody stops while this is held.
pub(super) struct InUse {
    pair: Pair,
    users: File,
    starting: Starting,
}

impl InUse {
    /// Lets go; stops both if nobody else holds them.
    pub(super) async fn release(self, cx: &Context) -> Result<(), RedisError> {
        let waiting = Context { cancel: tokio_util::sync::CancellationToken::new(), ..cx.clone() };
        let _gate = self.pair.gate(&waiting).await?;
        self.users.unlock().map_err(RedisError::io(&self.pair.redis))?;
        let alone = self.users.try_lock().is_ok();
        // Who only looks stops nothing; and services that a killed `up` left behind still need their sessions.
        let wanted = self.starting == Starting::Never || crate::up::services_live(&cx.paths);
        if alone && !wanted {
            for instance in &self.pair.instances {
                instance.stop().await?;
            }
        }
        Ok(())
    }
}
