//! Where a site keeps its sessions: in its Redis, or in its database. Never in files, which Moodle would take by itself: a request then
//! holds a lock that no other machine sees, and a clean-up has to look at every file.

use std::collections::BTreeMap;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_moodle::php::PhpLiteral;

use super::SiteError;
use crate::server::Servers;
use crate::server::redis::Access;

/// Longest that a request waits for the session, in seconds: Moodle's own default for each store.
const WAIT: i64 = 120;

/// How long a lock is held at most, in seconds. Moodle would take PHP's time limit, 30 s, which its own long pages raise: then two
/// requests write one session. A process that was killed keeps its user out for so long.
const LOCK: i64 = 600;

/// Time between two looks at a lock, in milliseconds.
const RETRY: i64 = 100;

/// How the site reaches its Redis.
///
/// # Errors
/// When it has one, and nothing was made for it there.
pub(crate) fn access(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
) -> Result<Option<Access>, SiteError> {
    let Some(redis) = &site.redis else { return Ok(None) };
    let access = servers.redis().access(cx, redis, name)?;
    let nothing = || SiteError::NoKeyspace { site: name.clone(), redis: redis.clone() };
    access.ok_or_else(nothing).map(Some)
}

/// The keys of `$CFG` that say where sessions are.
pub(super) fn settings(access: Option<&Access>) -> BTreeMap<String, PhpLiteral> {
    let Some(access) = access else {
        return BTreeMap::from([("session_handler_class".to_owned(), r"\core\session\database".into())]);
    };
    let login = [access.keyspace.user.as_str(), access.password.expose()];
    let mut settings: Vec<(&str, PhpLiteral)> = vec![
        ("session_handler_class", r"\core\session\redis".into()),
        ("session_redis_host", access.sessions.host.as_str().into()),
        ("session_redis_auth", PhpLiteral::List(login.map(PhpLiteral::from).to_vec())),
        ("session_redis_database", i64::from(access.database).into()),
        ("session_redis_prefix", access.keyspace.prefix.as_str().into()),
        // PHP's own way of writing values: a build of the extension without another one can still read them.
        ("session_redis_serializer_use_igbinary", false.into()),
        ("session_redis_acquire_lock_timeout", WAIT.into()),
        ("session_redis_acquire_lock_retry", RETRY.into()),
        ("session_redis_lock_expire", LOCK.into()),
    ];
    if let Some(port) = access.sessions.port {
        settings.push(("session_redis_port", i64::from(port).into()));
    }
    settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Where a site file says that sessions are; one of before this was said has them in files.
pub(crate) fn told(text: &str) -> &'static str {
    if text.contains("'session_redis_host' =>") {
        "redis"
    } else if text.contains("'session_handler_class' =>") {
        "database"
    } else {
        "files"
    }
}

/// Where a site's present file says that sessions are, and where they shall be, where that differs: then everybody logs in anew.
pub(crate) fn moved(present: &Utf8Path, site: &Site) -> Option<(&'static str, &'static str)> {
    let present = told(&std::fs::read_to_string(present).ok()?);
    let wanted = if site.redis.is_some() { "redis" } else { "database" };
    (present != wanted).then_some((present, wanted))
}

#[cfg(test)]
mod tests {
    use provost_fleet::model::RedisAddress;
    use provost_fleet::secret::Secret;

    use super::*;
    use crate::server::redis::Keyspace;

    fn written(access: Option<&Access>) -> String {
        let lines = settings(access).into_iter().map(|(key, value)| format!("'{key}' => {value}\n"));
        lines.collect::<Vec<_>>().concat()
    }

    #[test]
    fn sessions_in_redis_are_the_sites_own() {
        let access = Access {
            sessions: RedisAddress {
                host: "/run/provost/1/redis.d/main-sessions.sock".to_owned(),
                port: None,
            },
            caches: RedisAddress { host: "r2".to_owned(), port: Some(6380) },
            keyspace: Keyspace { user: "provost_1_hugo".to_owned(), prefix: "provost_2_hugo_".to_owned() },
            password: Secret::new("it's secret"),
            database: 7,
        };
        let text = written(Some(&access));
        insta::assert_snapshot!(text);
        assert_eq!(told(&text), "redis");
        assert_eq!(Access::server(&access.caches), "r2:6380");
        assert_eq!(Access::server(&access.sessions), access.sessions.host);
    }

    #[test]
    fn without_one_they_are_in_the_database() {
        let text = written(None);
        assert_eq!(text, "'session_handler_class' => '\\\\core\\\\session\\\\database'\n");
        assert_eq!((told(&text), told("<?php return [];")), ("database", "files"));
    }
}
