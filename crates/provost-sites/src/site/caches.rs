//! A site's cache configuration, which is Moodle's own (`muc/config.php` in the dataroot): written by Moodle's own classes, and read back
//! in another process, that has not written it.
//!
//! Application caches go to Redis. What Moodle keeps for one request or one session stays where it is: in memory, and in the session.

use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_moodle::php::PhpLiteral;
use serde_json::{Value, json};

use super::install::Installation;
use super::{SiteError, dataroot, sessions};
use crate::accounts::User;
use crate::agent::Agent;
use crate::server::redis::Access;

/// The name of our store in Moodle.
const STORE: &str = "provost_redis";

/// Longest that Moodle may take: the configuration is one file; emptying all caches is a second or two.
const MOODLE: Duration = Duration::from_mins(2);

/// Whether the cache configuration of a site is not what it shall be. One that is not there is Moodle's default.
pub(crate) fn differs(dataroot: &Utf8Path, wanted: Option<&Access>) -> bool {
    let text = std::fs::read_to_string(dataroot.join("muc/config.php")).unwrap_or_default();
    !fits(&text, wanted)
}

fn fits(text: &str, wanted: Option<&Access>) -> bool {
    let key = |name: &str| format!("{} =>", PhpLiteral::from(name));
    let Some(access) = wanted else { return !text.contains(&key(STORE)) };
    let pair = |name: &str, value: &str| format!("{} {},", key(name), PhpLiteral::from(value));
    let in_store = text.split_once(&key(STORE)).is_some_and(|(_, store)| {
        // Moodle's own stores come after, and have none of these.
        store.contains(&pair("server", &Access::server(&access.caches)))
            && store.contains(&pair("prefix", &access.keyspace.prefix))
            && store.contains(&PhpLiteral::from(access.password.expose()).to_string())
    });
    let mapped = text.split_once(&key("modemappings")).is_some_and(|(_, mappings)| {
        let end = mappings.find(&key("definitions")).unwrap_or(mappings.len());
        mappings[..end].contains(&pair("store", STORE))
    });
    in_store && mapped
}

impl Installation<'_> {
    /// Has Moodle take its cache configuration as it shall be, where it is not. Returns what was done, in words.
    pub(crate) async fn settle_caches(
        &self,
        cx: &Context,
        step: &Step,
        user: &User,
    ) -> Result<Option<&'static str>, SiteError> {
        let access = sessions::access(cx, self.servers, self.name, self.site)?;
        if !differs(&dataroot(cx, self.name, self.site), access.as_ref()) {
            return Ok(None);
        }
        if let Some(redis) = &self.site.redis {
            self.servers.redis().ensure_running(cx, redis).await?;
        }
        cx.progress(&step.id, "configuring caches", None);
        let store = access.as_ref().map(|access| {
            json!({
                "server": Access::server(&access.caches),
                "prefix": access.keyspace.prefix,
                "login": [access.keyspace.user, access.password.expose()],
            })
        });
        self.ask(cx, step, user, "cache.set", json!({ "name": STORE, "store": store })).await?;
        // Another process: what the first one has in memory is no evidence. It also empties what was kept in the other place.
        let told = self.ask(cx, step, user, "cache.check", json!({ "name": STORE })).await?;
        let shall = store.is_some();
        if told["mapped"].as_bool() != Some(shall) || told["used"].as_bool() != Some(shall) {
            return Err(SiteError::ReadBack(format!(
                "Moodle was told where its caches are, and says {told}"
            )));
        }
        if differs(&dataroot(cx, self.name, self.site), access.as_ref()) {
            return Err(SiteError::ReadBack(
                "Moodle wrote another cache configuration than it was told".to_owned(),
            ));
        }
        Ok(Some(if shall { "caches in redis" } else { "caches in files" }))
    }

    async fn ask(
        &self,
        cx: &Context,
        step: &Step,
        user: &User,
        operation: &str,
        params: Value,
    ) -> Result<Value, SiteError> {
        let subject = step.id.subject.to_string();
        let mut agent = Agent::open(cx, self.name, &user.account, Some(&subject)).await?;
        let answer = agent.call(cx, operation, params, MOODLE).await;
        agent.close().await;
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests {
    use provost_fleet::model::RedisAddress;
    use provost_fleet::secret::Secret;

    use super::*;
    use crate::server::redis::Keyspace;

    /// As `var_export` writes it.
    const WRITTEN: &str = "<?php defined('MOODLE_INTERNAL') || die();
 $configuration = array (
  'siteidentifier' => 'x',
  'stores' =>
  array (
    'default_application' =>
    array (
      'name' => 'default_application',
    ),
    'provost_redis' =>
    array (
      'name' => 'provost_redis',
      'configuration' =>
      array (
        'server' => '/run/c.sock',
        'prefix' => 'provost_2_hugo_',
        'password' =>
        array (
          0 => 'provost_1_hugo',
          1 => 'it\\'s secret',
        ),
      ),
    ),
  ),
  'modemappings' =>
  array (
    0 =>
    array (
      'store' => 'provost_redis',
      'mode' => 1,
      'sort' => 0,
    ),
  ),
  'definitions' =>
  array (
  ),
);";

    fn access(password: &str) -> Access {
        let address = |host: &str| RedisAddress { host: host.to_owned(), port: None };
        Access {
            sessions: address("/run/s.sock"),
            caches: address("/run/c.sock"),
            keyspace: Keyspace { user: "provost_1_hugo".to_owned(), prefix: "provost_2_hugo_".to_owned() },
            password: Secret::new(password),
            database: 1,
        }
    }

    #[test]
    fn what_moodle_wrote_is_compared() {
        assert!(fits(WRITTEN, Some(&access("it's secret"))));
        assert!(!fits(WRITTEN, Some(&access("another"))));
        let unmapped = WRITTEN.replace("'store' => 'provost_redis'", "'store' => 'default_application'");
        assert!(!fits(&unmapped, Some(&access("it's secret"))));
        assert!(!fits(&WRITTEN.replace("/run/c.sock", "/run/d.sock"), Some(&access("it's secret"))));
        assert!(!fits("", Some(&access("it's secret"))));
        assert!(fits("", None) && !fits(WRITTEN, None));
    }
}
