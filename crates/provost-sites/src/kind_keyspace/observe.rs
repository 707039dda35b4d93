//! What each site has in each Redis.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Observation, Reason};
use provost_fleet::name::Name;

use super::{KeyspaceKind, SeenKeyspace, WantedKeyspace};
use crate::secrets::{self, Generated};
use crate::server::redis::{Book, Client, Keyspace, PairState, Purpose, RedisError, digest, sites};

/// What is in one Redis: sites that have all of theirs there, and sites that have a part.
#[derive(Default)]
struct There {
    whole: BTreeSet<Name>,
    part: BTreeMap<Name, String>,
}

impl KeyspaceKind {
    pub(super) async fn look(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedKeyspace>,
    ) -> BTreeMap<Name, Observation<SeenKeyspace>> {
        let mut seen: BTreeMap<Name, SeenKeyspace> = BTreeMap::new();
        let mut part: BTreeMap<Name, String> = BTreeMap::new();
        let mut unknown: BTreeMap<Name, String> = BTreeMap::new();
        for redis in self.servers.redis().names() {
            let here = |site: &Name| wanted.get(site).is_some_and(|want| &want.redis == redis);
            let there = match self.look_into(cx, redis).await {
                Ok(there) => there,
                Err(error) => {
                    let why = full_chain(&error);
                    unknown.extend(
                        wanted.keys().filter(|site| here(site)).map(|site| (site.clone(), why.clone())),
                    );
                    continue;
                }
            };
            for site in there.whole.iter().chain(there.part.keys()) {
                let one = seen.entry(site.clone()).or_default();
                match (here(site), there.part.get(site)) {
                    (true, None) => one.whole = true,
                    (true, Some(why)) => {
                        part.insert(site.clone(), why.clone());
                    }
                    (false, _) => one.elsewhere.push(redis.clone()),
                }
            }
        }
        let observation = |site: Name, seen: SeenKeyspace| {
            let observed = match (unknown.get(&site), part.get(&site)) {
                (Some(why), _) => Observation::Unknown(Reason(why.clone())),
                (None, Some(why)) => Observation::Partial(seen, Reason(why.clone())),
                (None, None) => Observation::Present(seen),
            };
            (site, observed)
        };
        for site in unknown.keys() {
            seen.entry(site.clone()).or_default();
        }
        seen.into_iter().map(|(site, seen)| observation(site, seen)).collect()
    }

    async fn look_into(&self, cx: &Context, redis: &Name) -> Result<There, RedisError> {
        let all = self.servers.redis();
        let book = Book::read(&cx.paths, redis).map_err(RedisError::io(redis))?;
        if let Some(pair) = all.pair(cx, redis)?
            && pair.state() == PairState::Absent
        {
            return Ok(There::default());
        }
        let mut clients =
            [all.admin(cx, redis, Purpose::Sessions).await?, all.admin(cx, redis, Purpose::Caches).await?];
        let mut ours: BTreeSet<Name> = book.sites.keys().cloned().collect();
        for (client, purpose) in clients.iter_mut().zip(Purpose::ALL) {
            let found = sites(client, &self.fleet_id.id).await;
            ours.extend(found.map_err(RedisError::ask(redis, purpose))?);
        }
        let mut there = There::default();
        for site in ours {
            match self.lacks(cx, redis, &site, &book, &mut clients).await? {
                None => {
                    there.whole.insert(site);
                }
                Some(why) => {
                    there.part.insert(site, why);
                }
            }
        }
        Ok(there)
    }

    /// What a site's user lacks, in words.
    async fn lacks(
        &self,
        cx: &Context,
        redis: &Name,
        site: &Name,
        book: &Book,
        clients: &mut [Client; 2],
    ) -> Result<Option<String>, RedisError> {
        let kept = secrets::read(&cx.paths, &Generated::SiteRedis(site));
        let kept = kept.map_err(|source| RedisError::Secret { redis: redis.clone(), source })?;
        let (Some(entry), Some(password)) = (book.sites.get(site), kept) else {
            return Ok(Some("its password or number is not kept here".to_owned()));
        };
        let expected = digest(&password);
        for (client, purpose) in clients.iter_mut().zip(Purpose::ALL) {
            let user = Keyspace::of(&self.fleet_id.id, site).look(client).await;
            let word = purpose.word();
            let Some(user) = user.map_err(RedisError::ask(redis, purpose))? else {
                return Ok(Some(format!("its user is gone from the instance for {word}")));
            };
            if !user.on || user.passwords != [expected.clone()] {
                return Ok(Some(format!("its user has another password in the instance for {word}")));
            }
            if entry.rights.get(word) != Some(&user.rights) {
                return Ok(Some(format!("its user has other rights in the instance for {word}")));
            }
        }
        Ok(None)
    }
}
