//! Making and removing a site's users and keys, each read back.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_fleet::name::Name;
use tokio::sync::Mutex;

use super::{KeyspaceKind, Params};
use crate::secrets::{self, Generated};
use crate::server::redis::{Book, Client, Entry, Keyspace, Purpose, RedisError, databases};
use crate::site::SiteError;
use crate::site::requirements;

/// Numbers are given to one site at a time. Other commands that change a fleet wait for its lease.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

impl KeyspaceKind {
    pub(super) async fn create(
        &self,
        cx: &Context,
        site: &Name,
        redis: &[Name],
    ) -> Result<String, SiteError> {
        // Before anything of the site is touched: a PHP that knows no Redis would end every request.
        requirements::check_redis(cx).await?;
        for redis in redis {
            self.create_in(cx, site, redis).await?;
        }
        Ok(format!("logged in as {}, and refused what is not its own", self.keyspace(site).user))
    }

    fn keyspace(&self, site: &Name) -> Keyspace {
        Keyspace::of(&self.fleet_id.id, site)
    }

    async fn create_in(&self, cx: &Context, site: &Name, redis: &Name) -> Result<(), RedisError> {
        let _one = ONE_AT_A_TIME.lock().await;
        let (all, keyspace) = (self.servers.redis(), self.keyspace(site));
        let io = RedisError::io(redis);
        let kept = Generated::SiteRedis(site);
        let secret = |source| RedisError::Secret { redis: redis.clone(), source };
        let password = secrets::read_or_draw(&cx.paths, &kept).map_err(secret)?;
        let mut book = Book::read(&cx.paths, redis).map_err(&io)?;
        let mut sessions = all.admin(cx, redis, Purpose::Sessions).await?;
        let mut caches = all.admin(cx, redis, Purpose::Caches).await?;
        let database = match book.sites.get(site) {
            Some(entry) => entry.database,
            None => free_database(redis, &keyspace, &book, &mut sessions).await?,
        };
        // Written down first: what is killed in between is known to be there.
        book.sites.insert(site.clone(), Entry { database, rights: BTreeMap::new() });
        book.write(&cx.paths, redis).map_err(&io)?;
        secrets::keep(&cx.paths, &kept, &password).map_err(secret)?;
        let mut rights = BTreeMap::new();
        for (purpose, client) in [(Purpose::Sessions, &mut sessions), (Purpose::Caches, &mut caches)] {
            let made = keyspace.ensure(client, purpose, &password, database).await;
            let made = made.map_err(RedisError::ask(redis, purpose))?;
            let made = made.ok_or_else(|| {
                RedisError::ReadBack(format!("`{}` was made, and is not there", keyspace.user))
            })?;
            rights.insert(purpose.word().to_owned(), made.rights);
            // Read back by coming in as the site will.
            let mut own = all.log_in(cx, redis, purpose, &keyspace.user, &password).await?;
            confined(&mut own, purpose, database, &keyspace).await?;
        }
        book.sites.insert(site.clone(), Entry { database, rights });
        book.write(&cx.paths, redis).map_err(io)
    }

    pub(super) async fn drop_all(
        &self,
        cx: &Context,
        site: &Name,
        params: &Params,
    ) -> Result<String, SiteError> {
        // First: what is killed in between is found again by the user, and after the drop nothing would lead to the secret.
        if params.last {
            secrets::forget(&cx.paths, &Generated::SiteRedis(site))?;
        }
        for redis in &params.redis {
            self.drop_from(cx, site, redis).await?;
        }
        Ok("its user and its keys are gone".to_owned())
    }

    async fn drop_from(&self, cx: &Context, site: &Name, redis: &Name) -> Result<(), RedisError> {
        let _one = ONE_AT_A_TIME.lock().await;
        let (all, keyspace) = (self.servers.redis(), self.keyspace(site));
        let io = RedisError::io(redis);
        let mut book = Book::read(&cx.paths, redis).map_err(&io)?;
        for purpose in Purpose::ALL {
            let asked = RedisError::ask(redis, purpose);
            let mut client = all.admin(cx, redis, purpose).await?;
            let database = match (purpose, book.sites.get(site)) {
                (Purpose::Caches, _) => 0,
                (Purpose::Sessions, Some(entry)) => entry.database,
                (Purpose::Sessions, None) => {
                    let known = databases(&mut client).await.map_err(&asked)?;
                    known.get(&keyspace.user).copied().unwrap_or(0)
                }
            };
            if keyspace.remove(&mut client, database).await.map_err(asked)? {
                let message = format!(
                    "something of `{}` is left in the instance for {}",
                    keyspace.user,
                    purpose.word()
                );
                return Err(RedisError::ReadBack(message));
            }
        }
        book.sites.remove(site);
        book.write(&cx.paths, redis).map_err(io)
    }
}

/// A database that no site and no other user has, and that is empty. The first one is nobody's: every connection begins there.
async fn free_database(
    redis: &Name,
    keyspace: &Keyspace,
    book: &Book,
    client: &mut Client,
) -> Result<u32, RedisError> {
    let asked = RedisError::ask(redis, Purpose::Sessions);
    let known = databases(client).await.map_err(&asked)?;
    // What is kept here may have been lost, and the user still be there.
    if let Some(number) = known.get(&keyspace.user) {
        return Ok(*number);
    }
    let given = book.sites.values().map(|entry| entry.database);
    let taken: BTreeSet<u32> = known.values().copied().chain(given).collect();
    for number in (1..).filter(|number| !taken.contains(number)) {
        if client.ask(&["SELECT", &number.to_string()]).await.is_err() {
            break;
        }
        let empty = client.ask(&["DBSIZE"]).await.map_err(&asked)?;
        if empty == crate::server::redis::Reply::Number(0) {
            return Ok(number);
        }
    }
    Err(RedisError::Full(redis.clone()))
}

/// Sees to it that a user that logged in reaches its own keys, and nobody else's.
async fn confined(
    own: &mut Client,
    purpose: Purpose,
    database: u32,
    keyspace: &Keyspace,
) -> Result<(), RedisError> {
    let key = format!("{}check", keyspace.prefix);
    let number = database.to_string();
    let mut allowed: Vec<Vec<&str>> = vec![vec!["SET", &key, "1", "EX", "60"], vec!["DEL", &key]];
    let mut refused: Vec<Vec<&str>> = vec![
        vec!["GET", "provost_another"],
        vec!["KEYS", "*"],
        vec!["RANDOMKEY"],
        vec!["MONITOR"],
        vec!["FLUSHALL"],
        vec!["CONFIG", "GET", "*"],
        vec!["SELECT", "0"],
    ];
    match purpose {
        Purpose::Sessions => allowed.insert(0, vec!["SELECT", &number]),
        Purpose::Caches => refused.push(vec!["SCAN", "0"]),
    }
    for words in allowed {
        if let Err(error) = own.ask(&words).await {
            return Err(RedisError::ReadBack(format!("`{}` may not `{}`: {error}", keyspace.user, words[0])));
        }
    }
    for words in refused {
        if own.ask(&words).await.is_ok() {
            return Err(RedisError::ReadBack(format!("`{}` may `{}`", keyspace.user, words.join(" "))));
        }
    }
    Ok(())
}
