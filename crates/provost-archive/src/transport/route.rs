//! A transport between two places, each with a process of ours that reads or writes there.

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::FutureExt as _;
use provost_engine::context::Context;
use serde_json::json;

use super::helper::Helper;
use super::host::Host;
use super::{
    Cargo, Carrying, Delivered, Form, Room, Side, Tally, Transport, TransportError, full, journey::Journey,
    thin,
};
use crate::ends::UnitKey;

/// Where courses are taken from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Its host.
    pub host: Host,
    /// The site's `filedir`, which holds contents by their names.
    pub filedir: Utf8PathBuf,
}

/// Where backups arrive.
#[derive(Debug, Clone)]
pub struct Landing {
    /// Its host.
    pub host: Host,
    /// The directory of this session, outside of any dataroot. It is made, and belongs to the host's account; all of it goes with
    /// [`Transport::clear`].
    pub staging: Utf8PathBuf,
    /// The site's `filedir`: contents that it has are linked from there, and never written.
    pub filedir: Option<Utf8PathBuf>,
}

/// The transports `shared` and `ssh`: both are a process at each end, which either lie on this machine or behind `ssh`. Where one account
/// of this machine has both places, files are linked.
#[derive(Clone)]
pub struct Route {
    pub(super) cx: Context,
    pub(super) origin: Origin,
    pub(super) landing: Landing,
    /// Space that is left to the target's site, whatever comes.
    pub(super) reserve: u64,
}

/// The name of the transport between two places of this machine.
pub const SHARED: &str = "shared";

/// Space that a transport leaves free at the target, in bytes: the site that lives there must go on writing.
pub const RESERVE: u64 = 256 << 20;

impl Route {
    /// Between two places.
    pub fn new(cx: Context, origin: Origin, landing: Landing) -> Self {
        Self { cx, origin, landing, reserve: RESERVE }
    }

    /// With another reserve: a directory in memory needs none.
    pub fn with_reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Whether files are given over by linking.
    pub(super) fn is_direct(&self) -> bool {
        self.origin.host.is_one_with(&self.landing.host)
    }

    pub(super) async fn at_landing(&self) -> Result<Helper, TransportError> {
        self.landing.host.prepare(&self.landing.staging).map_err(|source| TransportError::Files {
            side: Side::Target,
            what: format!("make `{}`", self.landing.staging),
            source,
        })?;
        Helper::start(&self.cx, Side::Target, &self.landing.host).await
    }

    pub(super) async fn at_origin(&self) -> Result<Helper, TransportError> {
        Helper::start(&self.cx, Side::Source, &self.origin.host).await
    }

    /// Where a unit's backup will be.
    pub(super) fn place(&self, key: &UnitKey) -> Utf8PathBuf {
        self.unit(key).join("backup")
    }

    /// Where a unit's `mbz` is until it is taken apart.
    pub(super) fn archive(&self, key: &UnitKey) -> Utf8PathBuf {
        self.unit(key).join("backup.mbz")
    }

    fn unit(&self, key: &UnitKey) -> Utf8PathBuf {
        self.landing.staging.join("units").join(key.as_str())
    }

    async fn carried(&self, cargo: &Cargo, tally: &Tally) -> Result<Delivered, TransportError> {
        check_path(&cargo.at)?;
        let mut journey = Journey::begin(self, cargo, tally).await?;
        let delivered = match cargo.form {
            Form::Thin => thin::carry(&mut journey).await,
            Form::Full => full::carry(&mut journey).await,
        };
        match delivered {
            Ok(delivered) => {
                journey.end().await;
                Ok(delivered)
            }
            Err(error) => Err(journey.explained(error)),
        }
    }

    async fn once(&self, request: serde_json::Value) -> Result<super::wire::Message, TransportError> {
        let mut helper = self.at_landing().await?;
        let answer = helper.ask(request).await;
        helper.close().await;
        answer
    }
}

impl Transport for Route {
    fn name(&self) -> &'static str {
        match (&self.origin.host, &self.landing.host) {
            (Host::Here { .. }, Host::Here { .. }) => SHARED,
            _ => "ssh",
        }
    }

    fn carry<'a>(&'a self, cargo: &'a Cargo, tally: &'a Tally) -> Carrying<'a, Delivered> {
        self.carried(cargo, tally).boxed()
    }

    fn room(&self) -> Carrying<'_, Room> {
        async {
            let answer = self.once(json!({"do": "room", "staging": self.landing.staging})).await?;
            let free = answer.number("free").unwrap_or(0);
            Ok(Room { free_bytes: free.saturating_sub(self.reserve) })
        }
        .boxed()
    }

    fn release<'a>(&'a self, unit: &'a UnitKey) -> Carrying<'a, ()> {
        async move {
            let request = json!({"do": "release", "staging": self.landing.staging, "key": unit.as_str()});
            self.once(request).await.map(drop)
        }
        .boxed()
    }

    fn clear(&self) -> Carrying<'_, ()> {
        async { self.once(json!({"do": "clear", "staging": self.landing.staging})).await.map(drop) }.boxed()
    }
}

/// A path that an end is told is absolute and plain.
fn check_path(path: &Utf8Path) -> Result<(), TransportError> {
    let plain = path
        .as_str()
        .strip_prefix('/')
        .is_some_and(|rest| !rest.contains('\0') && rest.split('/').all(|part| !matches!(part, "..")));
    if plain { Ok(()) } else { Err(TransportError::Refused(format!("`{path}` is no place of a backup"))) }
}
