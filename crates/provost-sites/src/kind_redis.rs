//! The kind `redis`: managed pairs of instances are made here, and removed with all that is in them; existing ones are looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, StepId, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Redis};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::secrets::{self, Generated};
use crate::server::Servers;
use crate::server::redis::{Book, Figures, Pair, PairState, Purpose, RedisError};
use crate::{kind_keyspace, kind_site};

/// The kind's name.
pub const NAME: &str = "redis";

/// The kind `redis`.
pub struct RedisKind {
    /// The fleet's servers.
    pub servers: Arc<Servers>,
}

/// What was seen of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRedis {
    /// Whether it is, or was, one of ours.
    pub managed: bool,
    /// The release, where an existing one was asked.
    #[serde(default)]
    pub release: Option<String>,
    /// Why it is not fit for what it shall do.
    #[serde(default)]
    pub unfit: Option<String>,
    /// Sites that were given something of it.
    #[serde(default)]
    pub sites: Vec<Name>,
}

/// The action that makes a pair.
pub const MAKE: &str = "make";
/// The action that removes a pair.
pub const REMOVE: &str = "remove";

impl Kind for RedisKind {
    const NAME: &'static str = NAME;
    type Wanted = Redis;
    type Seen = SeenRedis;

    fn wanted(&self, fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, Redis> {
        fleet.redis.clone()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, Redis>,
    ) -> BTreeMap<Name, Observation<SeenRedis>> {
        // A fleet has one or two.
        let looks = wanted.iter().map(|(name, redis)| async move {
            let seen = match redis {
                Redis::Managed { .. } => look_at_pair(cx, name),
                Redis::Existing { .. } => self.look_at_existing(cx, name).await,
            };
            (name.clone(), seen)
        });
        let mut seen: BTreeMap<_, _> = futures_util::future::join_all(looks).await.into_iter().collect();
        for name in Book::all(&cx.paths) {
            if !wanted.contains_key(&name)
                && let Ok(book) = Book::read(&cx.paths, &name)
            {
                seen.insert(name, Observation::Present(of_book(&book)));
            }
        }
        seen
    }

    fn plan(&self, name: &Name, wanted: Option<&Redis>, seen: &Observation<SeenRedis>) -> Planned {
        match (wanted, seen) {
            (Some(Redis::Managed { .. }), Observation::Absent) => make(),
            (Some(redis), Observation::Present(is)) if is.managed != is_managed(redis) => {
                other_kind(name, is.managed)
            }
            (Some(_), Observation::Present(SeenRedis { unfit: Some(why), .. })) => Planned::Blocked(
                Reason(why.clone()),
                Some(Hint(
                    "sessions need an instance of their own with `maxmemory-policy noeviction`, caches another one with \
                     `allkeys-lru`, both Redis 6 or newer"
                        .to_owned(),
                )),
            ),
            (None, Observation::Present(is)) if is.managed => remove(is),
            (None, Observation::Present(is)) => Planned::Held(
                Reason(format!(
                    "it is no longer in the file, and {} site(s) have a user and keys in it",
                    is.sites.len()
                )),
                Hint(format!(
                    "put `[redis.{name}]` back, with `redis = \"none\"` in those sites, and apply: then nothing is left there"
                )),
            ),
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let name = &step.id.subject.name;
        if step.id.action == REMOVE {
            let book = Book::read(&cx.paths, name).map_err(StepError::failed)?;
            Pair::made(&cx.paths, name).remove(cx).await.map_err(StepError::failed)?;
            for site in book.sites.keys().filter(|site| !self.servers.redis().uses(site)) {
                secrets::forget(&cx.paths, &Generated::SiteRedis(site)).map_err(StepError::failed)?;
            }
            return Ok(Effect("it is stopped, and its data is gone".to_owned()));
        }
        let redis = self.servers.redis();
        let pair = redis.pair(cx, name).map_err(StepError::failed)?;
        let pair = pair.ok_or_else(|| StepError::told("an existing redis cannot be made"))?;
        if pair.state() != PairState::Made {
            pair.make(cx).map_err(StepError::failed)?;
        }
        // Read back: both start, and their administrator gets in.
        let mut release = String::new();
        for purpose in Purpose::ALL {
            let figures = self.figures(cx, name, purpose).await.map_err(StepError::failed)?;
            if let Some(why) = figures.unfit(purpose) {
                return Err(StepError::told(why));
            }
            release = figures.release;
        }
        Ok(Effect(format!("Redis {release} answers, for sessions and for caches")))
    }
}

impl RedisKind {
    async fn figures(&self, cx: &Context, name: &Name, purpose: Purpose) -> Result<Figures, RedisError> {
        let mut client = self.servers.redis().admin(cx, name, purpose).await?;
        Figures::ask(&mut client).await.map_err(|source| RedisError::Ask {
            redis: name.clone(),
            purpose,
            source,
        })
    }

    async fn look_at_existing(&self, cx: &Context, name: &Name) -> Observation<SeenRedis> {
        let book = match Book::read(&cx.paths, name) {
            Ok(book) => book,
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let mut seen = of_book(&book);
        if seen.managed {
            return Observation::Present(seen);
        }
        for purpose in Purpose::ALL {
            match self.figures(cx, name, purpose).await {
                Ok(figures) => {
                    seen.unfit = seen.unfit.or_else(|| figures.unfit(purpose));
                    seen.release = Some(figures.release);
                }
                Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
            }
        }
        Observation::Present(seen)
    }
}

fn of_book(book: &Book) -> SeenRedis {
    let sites = book.sites.keys().cloned().collect();
    SeenRedis { managed: book.managed, release: None, unfit: None, sites }
}

fn look_at_pair(cx: &Context, name: &Name) -> Observation<SeenRedis> {
    let pair = Pair::made(&cx.paths, name);
    let book = match Book::read(&cx.paths, name) {
        Ok(book) => book,
        Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
    };
    match pair.state() {
        PairState::Absent if !book.sites.is_empty() => Observation::Present(of_book(&book)),
        PairState::Absent => Observation::Absent,
        // Running or not is not what the file is about: a command that needs it starts it.
        PairState::Made => Observation::Present(SeenRedis { managed: true, ..of_book(&book) }),
        PairState::Lost => Observation::Unknown(Reason(format!(
            "it was made once, but its data is gone from `{}`; is a disk not mounted? if it is lost for good, remove `{}`",
            pair.directory(),
            cx.paths.redis_book(name)
        ))),
        PairState::Foreign => {
            Observation::Foreign(Owner(format!("`{}` was not made by Provost", pair.directory())))
        }
    }
}

fn is_managed(redis: &Redis) -> bool {
    matches!(redis, Redis::Managed { .. })
}

fn other_kind(name: &Name, was_managed: bool) -> Planned {
    let (is, back) = if was_managed {
        ("Provost made one of this name, and the file names an existing one", "`managed = true` back")
    } else {
        (
            "sites use an existing one of this name, and the file asks for a managed one",
            "`sessions` and `caches` back",
        )
    };
    Planned::Blocked(
        Reason(is.to_owned()),
        Some(Hint(format!("put {back} into `[redis.{name}]`, and give the other one another name"))),
    )
}

fn make() -> Planned {
    Planned::Steps(vec![StepDraft {
        action: MAKE,
        reason: "it was not made yet".to_owned(),
        changes: vec![Change::create("managed redis", "sessions and caches")],
        after: Vec::new(),
        impact: Impact::Create,
        params: serde_json::Value::Null,
    }])
}

/// When no site uses it any more.
fn remove(is: &SeenRedis) -> Planned {
    let of_site = |site: &Name| -> Vec<StepId> {
        let site_is = Subject::new(kind_site::NAME, site);
        vec![
            site_is.step(kind_site::CONFIGURE),
            site_is.step(kind_site::DELETE),
            Subject::new(kind_keyspace::NAME, site).step(kind_keyspace::DROP),
        ]
    };
    Planned::Steps(vec![StepDraft {
        action: REMOVE,
        reason: "it is no longer in the file".to_owned(),
        changes: vec![Change::remove("managed redis", "sessions and caches")],
        after: is.sites.iter().flat_map(of_site).collect(),
        impact: Impact::Interrupt,
        params: serde_json::Value::Null,
    }])
}
