//! Redis: where the instances are, running the managed ones, and talking to them as their administrator.
//!
//! A `[redis.x]` is two instances. Sessions must never be forgotten and caches may be at any time, and an instance has one rule for what
//! it does when it is full: so each has its own.

mod book;
mod instance;
mod keyspace;
#[cfg(test)]
mod live_tests;
mod look;
mod managed;
mod resp;

pub use book::{Book, Entry};
pub use instance::{Figures, Purpose};
pub use keyspace::{Keyspace, SeenUser};
pub(crate) use keyspace::{databases, digest, sites};
pub use look::Looked;
pub use managed::{Pair, PairState};
pub use resp::{Client, Reply, RespError};

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_fleet::model::{Fleet, Redis, RedisAddress};
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;
use tokio::sync::Mutex;

use super::Starting;
use crate::accounts::AccountError;
use crate::fleet_state::{FleetId, FleetIdError};
use crate::secrets::{self, Generated, References, SecretError};

/// The administrator of managed instances.
pub const MANAGED_ADMIN: &str = "provost";

/// Why a Redis could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It is not in the fleet file.
    #[error("no redis is called `{0}`")]
    NoSuch(Name),
    /// Its program is missing.
    #[error("Redis is not installed")]
    NotInstalled,
    /// A managed one was not made yet.
    #[error("the managed redis `{0}` was not made yet")]
    NotMade(Name),
    /// A managed one is stopped, and this command starts nothing.
    #[error("the managed redis `{0}` is stopped")]
    Stopped(Name),
    /// A managed one was made and is not where it was.
    #[error("the data of the managed redis `{redis}` is gone from `{directory}`")]
    Lost {
        /// Which.
        redis: Name,
        /// Where its data was.
        directory: Utf8PathBuf,
    },
    /// Somebody else's directory.
    #[error("`{0}` holds something that Provost did not make")]
    Foreign(Utf8PathBuf),
    /// A file or directory failed.
    #[error("cannot prepare the redis `{redis}`")]
    Io {
        /// Which.
        redis: Name,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its program could not be started.
    #[error("the managed redis `{redis}` did not start")]
    Program {
        /// Which.
        redis: Name,
        /// Why not.
        #[source]
        source: provost_engine::process::ProcessError,
    },
    /// It did not come up; it said why in its log.
    #[error("the managed redis `{redis}` did not start:\n{log}")]
    Log {
        /// Which.
        redis: Name,
        /// The end of its log.
        log: String,
    },
    /// It does not end.
    #[error("the managed redis `{0}` did not stop")]
    StillThere(Name),
    /// Moodle writes the address of a Redis in small letters.
    #[error("Moodle cannot reach the socket `{0}`: it writes its path in small letters")]
    Capitals(Utf8PathBuf),
    /// The path of the socket is too long for the kernel.
    #[error("the socket `{0}` has {len} bytes, more than {most}", len = .0.as_str().len(), most = provost_engine::paths::LONGEST_SOCKET_PATH)]
    SocketPath(Utf8PathBuf),
    /// It does not answer, or not as it should.
    #[error("the redis `{redis}` for {} does not answer", purpose.word())]
    Ask {
        /// Which.
        redis: Name,
        /// Which of its two.
        purpose: Purpose,
        /// Why not.
        #[source]
        source: RespError,
    },
    /// All of its databases are taken.
    #[error("the redis `{0}` has no database left for the sessions of one more site")]
    Full(Name),
    /// What was done is not what is seen.
    #[error("{0}")]
    ReadBack(String),
    /// A secret could not be had.
    #[error("cannot have the password of the redis `{redis}`")]
    Secret {
        /// Which.
        redis: Name,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// The fleet's id could not be had.
    #[error(transparent)]
    FleetId(#[from] FleetIdError),
    /// An account is missing.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl RedisError {
    pub(crate) fn io(redis: &Name) -> impl Fn(std::io::Error) -> Self {
        let redis = redis.clone();
        move |source| Self::Io { redis: redis.clone(), source }
    }

    pub(crate) fn ask(redis: &Name, purpose: Purpose) -> impl Fn(RespError) -> Self {
        let redis = redis.clone();
        move |source| match source {
            RespError::Cancelled => Self::Cancelled,
            source => Self::Ask { redis: redis.clone(), purpose, source },
        }
    }
}

/// How a site's PHP reaches its keys.
#[derive(Debug, Clone)]
pub struct Access {
    /// The instance for sessions.
    pub sessions: RedisAddress,
    /// The instance for caches.
    pub caches: RedisAddress,
    /// The site's user in both.
    pub keyspace: Keyspace,
    /// Its password.
    pub password: Secret,
    /// Number of the database with its sessions.
    pub database: u32,
}

impl Access {
    /// An address as Moodle's cache store takes it.
    pub fn server(address: &RedisAddress) -> String {
        match (address.host.starts_with('/'), address.port) {
            (false, Some(port)) => format!("{}:{port}", address.host),
            _ => address.host.clone(),
        }
    }
}

/// Every Redis of a fleet, for the length of one command.
pub struct Redises {
    fleet: Arc<Fleet>,
    references: References,
    starting: Starting,
    held: BTreeMap<Name, Mutex<Option<managed::InUse>>>,
}

impl Redises {
    pub(super) fn new(fleet: Arc<Fleet>, references: References, starting: Starting) -> Self {
        let held = fleet.redis.keys().map(|name| (name.clone(), Mutex::new(None))).collect();
        Self { fleet, references, starting, held }
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.held.keys()
    }

    /// Whether a site of the file uses any.
    pub fn uses(&self, site: &Name) -> bool {
        self.fleet.sites.get(site).is_some_and(|site| site.redis.is_some())
    }

    /// The declaration of one.
    pub fn declared(&self, name: &Name) -> Result<&Redis, RedisError> {
        self.fleet.redis.get(name).ok_or_else(|| RedisError::NoSuch(name.clone()))
    }

    /// The pair of managed instances, where they are managed.
    pub fn pair(&self, cx: &Context, name: &Name) -> Result<Option<Pair>, RedisError> {
        Ok(match self.declared(name)? {
            Redis::Managed { sessions_mib, caches_mib } => {
                Some(Pair::new(&cx.paths, name, [*sessions_mib, *caches_mib]))
            }
            Redis::Existing { .. } => None,
        })
    }

    /// Where one instance is.
    pub fn address(&self, cx: &Context, name: &Name, purpose: Purpose) -> Result<RedisAddress, RedisError> {
        Ok(match (self.declared(name)?, purpose) {
            (Redis::Managed { .. }, _) => {
                RedisAddress { host: cx.paths.redis_socket(name, purpose.word()).into_string(), port: None }
            }
            (Redis::Existing { sessions, .. }, Purpose::Sessions) => sessions.clone(),
            (Redis::Existing { caches, .. }, Purpose::Caches) => caches.clone(),
        })
    }

    /// How a site reaches its keys; `None` where it has none yet.
    pub fn access(&self, cx: &Context, redis: &Name, site: &Name) -> Result<Option<Access>, RedisError> {
        let secret = |source| RedisError::Secret { redis: redis.clone(), source };
        let Some(password) = secrets::read(&cx.paths, &Generated::SiteRedis(site)).map_err(secret)? else {
            return Ok(None);
        };
        let book = Book::read(&cx.paths, redis).map_err(RedisError::io(redis))?;
        let (Some(entry), Some(fleet)) = (book.sites.get(site), FleetId::read(&cx.paths)?) else {
            return Ok(None);
        };
        Ok(Some(Access {
            sessions: self.address(cx, redis, Purpose::Sessions)?,
            caches: self.address(cx, redis, Purpose::Caches)?,
            keyspace: Keyspace::of(&fleet.id, site),
            password,
            database: entry.database,
        }))
    }

    /// Opens a connection as the administrator of one instance. Starts a managed one that was made and is stopped.
    pub async fn admin(&self, cx: &Context, name: &Name, purpose: Purpose) -> Result<Client, RedisError> {
        let secret = |source| RedisError::Secret { redis: name.clone(), source };
        let (user, password) = match self.declared(name)? {
            Redis::Managed { .. } => {
                self.ensure_running(cx, name).await?;
                let kept = secrets::read(&cx.paths, &Generated::RedisAdmin(name)).map_err(secret)?;
                (MANAGED_ADMIN.to_owned(), kept.ok_or_else(|| RedisError::NotMade(name.clone()))?)
            }
            Redis::Existing { admin, .. } => {
                let resolved = self.references.resolve(cx, &admin.password).await;
                (admin.user.clone(), resolved.map_err(secret)?)
            }
        };
        self.log_in(cx, name, purpose, &user, &password).await
    }

    /// Opens a connection to one instance as some user.
    pub async fn log_in(
        &self,
        cx: &Context,
        name: &Name,
        purpose: Purpose,
        user: &str,
        password: &Secret,
    ) -> Result<Client, RedisError> {
        let address = self.address(cx, name, purpose)?;
        let opened = async {
            let mut client = Client::open(&address.host, address.port.unwrap_or(Redis::PORT)).await?;
            client.ask(&["AUTH", user, password.expose()]).await?;
            Ok(client)
        };
        let opened = tokio::select! {
            opened = opened => opened,
            () = cx.cancel.cancelled() => Err(RespError::Cancelled),
        };
        opened.map_err(RedisError::ask(name, purpose))
    }

    /// Makes a managed pair run, and holds it so that nobody stops it under us. Nothing happens for an existing one.
    pub async fn ensure_running(&self, cx: &Context, name: &Name) -> Result<(), RedisError> {
        let Some(pair) = self.pair(cx, name)? else { return Ok(()) };
        let held = self.held.get(name).ok_or_else(|| RedisError::NoSuch(name.clone()))?;
        let mut held = held.lock().await;
        if held.is_none() {
            *held = Some(pair.hold(cx, self.starting).await?);
        }
        Ok(())
    }

    /// Makes every managed pair run that was made. What cannot be started is told, and keeps nothing else from running.
    pub async fn hold_all(&self, cx: &Context) -> Result<(), RedisError> {
        for name in self.held.keys() {
            match self.ensure_running(cx, name).await {
                Ok(()) => {}
                Err(RedisError::NotMade(name)) => {
                    cx.note(format!("the redis `{name}` was not made yet; `provost apply` makes it"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Starts a managed instance again that died, and takes hold of a pair that was made meanwhile.
    pub async fn keep_running(&self, cx: &Context) -> Result<(), RedisError> {
        for (name, held) in &self.held {
            let Some(pair) = self.pair(cx, name)? else { continue };
            if pair.state() != PairState::Made {
                continue;
            }
            if !pair.stopped().is_empty() {
                // What we held is gone; holding anew starts it.
                drop(held.lock().await.take());
                cx.note(format!("the redis `{name}` is down; it is started again"));
            }
            self.ensure_running(cx, name).await?;
        }
        Ok(())
    }

    /// Lets go of what this command used; stops managed pairs that nobody else uses.
    pub(super) async fn close(&self, cx: &Context) {
        for (name, held) in &self.held {
            let Some(held) = held.lock().await.take() else { continue };
            if let Err(error) = held.release(cx).await {
                cx.note(format!("the managed redis `{name}` was not stopped: {error}"));
            }
        }
    }
}
