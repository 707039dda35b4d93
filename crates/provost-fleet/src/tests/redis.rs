//! `[redis.NAME]`: where sessions and caches are kept.

use super::{GOOD, wrong};
use crate::load;
use crate::model::{Redis, Site};

const BEFORE: &str = "[codebase.lts]\n";
const MANAGED: &str = "[redis.main]\nmanaged = true\n";
const ADMIN: &str = "admin = { user = \"default\", password = { env = \"P\" } }\n";

fn with(table: &str) -> String {
    GOOD.replacen(BEFORE, &format!("{table}{BEFORE}"), 1)
}

fn site(text: &str, name: &str) -> Site {
    load("f", text).unwrap().fleet.sites[&name.parse().unwrap()].clone()
}

fn told(table: &str) -> String {
    wrong(BEFORE, &format!("{table}{BEFORE}"))
}

#[test]
fn the_only_one_is_everybodys_unless_a_site_says_none() {
    assert_eq!(site(GOOD, "hugo").redis, None);
    let text = with(MANAGED).replace("tags = [", "redis = \"none\"\ntags = [");
    assert_eq!(site(&text, "hugo").redis, None);
    assert_eq!(site(&text, "zola").redis, Some("main".parse().unwrap()));
}

#[test]
fn of_several_a_site_says_which() {
    let two = format!("{MANAGED}[redis.other]\nmanaged = true\ncaches_memory = \"1G\"\n");
    let message = told(&two);
    assert!(message.contains("this site needs `redis`") && message.contains("`main`, `other`"), "{message}");
    let text = with(&two).replace("url = ", "redis = \"other\"\nurl = ");
    let loaded = load("f", &text).unwrap().fleet;
    let other = "other".parse().unwrap();
    assert_eq!(loaded.redis[&other], Redis::Managed { sessions_mib: 256, caches_mib: 1024 });
    assert!(loaded.sites.values().all(|site| site.redis.as_ref() == Some(&other)));
}

#[test]
fn a_clone_has_its_templates_and_the_template_none() {
    let two = format!("{MANAGED}[redis.other]\nmanaged = true\n[template.school]\nredis = \"other\"\n");
    let text = with(&two).replace("url = ", "template = \"school\"\nurl = ");
    let fleet = load("f", &text).unwrap().fleet;
    assert_eq!(fleet.templates[&"school".parse().unwrap()].site.redis, None);
    assert!(fleet.sites.values().all(|site| site.redis == Some("other".parse().unwrap())));
}

#[test]
fn a_redis_is_somewhere() {
    insta::assert_snapshot!(told("[redis.main]\n"), @r"
    error: a redis is `managed`, or has `sessions`, `caches` and `admin`
      --> fleet.toml:12:8
       |
    12 | [redis.main]
       |        ^^^^
       |
       = help: write `managed = true` to let Provost run one for this fleet
    ");
    insta::assert_snapshot!(told("[redis.main]\nmanaged = true\nsessions = { host = \"r1\" }\n"), @r"
    error: a managed redis has no `sessions`, `caches` or `admin`
      --> fleet.toml:13:11
       |
    13 | managed = true
       |           ^^^^
       |
       = help: take `managed` out to use existing instances
    ");
    insta::assert_snapshot!(told("[redis.main]\nsessions = { host = \"r1\" }\n"), @r"
    error: a redis needs `caches`
      --> fleet.toml:12:8
       |
    12 | [redis.main]
       |        ^^^^ `caches` is missing

    error: a redis needs `admin`
      --> fleet.toml:12:8
       |
    12 | [redis.main]
       |        ^^^^ `admin` is missing

    2 errors in fleet.toml
    ");
    insta::assert_snapshot!(told("[redis.none]\nmanaged = true\n"), @r"
    error: a redis cannot be called `none`
      --> fleet.toml:12:8
       |
    12 | [redis.none]
       |        ^^^^
       |
       = help: that is what a site says that uses none
    ");
}

#[test]
fn sessions_and_caches_are_kept_apart() {
    let one = format!(
        "[redis.main]\nsessions = {{ host = \"r1\" }}\ncaches = {{ host = \"r1\", port = 6379 }}\n{ADMIN}"
    );
    insta::assert_snapshot!(told(&one), @r"
    error: sessions and caches cannot share one instance
      --> fleet.toml:12:8
       |
    12 | [redis.main]
       |        ^^^^
       |
       = help: what is full forgets caches, and must not forget sessions: run a second one
    ");
    let two = one.replace("port = 6379", "port = 6380");
    let fleet = load("f", &with(&two)).unwrap().fleet;
    assert!(matches!(fleet.redis[&"main".parse().unwrap()], Redis::Existing { .. }));
}

#[test]
fn a_socket_has_no_capitals_and_memory_is_for_managed_ones() {
    let existing = |rest: &str| {
        format!(
            "[redis.main]\nsessions = {{ host = \"/run/Redis.sock\" }}\ncaches = {{ host = \"r2\" }}\n{ADMIN}{rest}"
        )
    };
    insta::assert_snapshot!(told(&existing("caches_memory = \"1G\"\n")), @r#"
    error: Moodle cannot reach the socket `/run/Redis.sock`
      --> fleet.toml:13:21
       |
    13 | sessions = { host = "/run/Redis.sock" }
       |                     ^^^^^^^^^^^^^^^^^
       |
       = help: it writes the address of a Redis in small letters: give the socket a path without capitals

    error: only a managed redis gets its memory from the fleet file
      --> fleet.toml:16:17
       |
    16 | caches_memory = "1G"
       |                 ^^^^
       |
       = help: set `maxmemory` in the configuration of the existing one

    2 errors in fleet.toml
    "#);
}
