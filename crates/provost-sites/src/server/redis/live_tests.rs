//! Users and keys on a real Redis, without a fleet: what a user may do, what it may not, and that nothing is left of it.

use std::process::{Child, Command};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::secret::Secret;

use super::keyspace::{databases, sites};
use super::{Client, Keyspace, Purpose, Reply, RespError};

/// A Redis of a test's own; ended and removed with it.
struct Live {
    directory: tempfile::TempDir,
    process: Child,
}

impl Live {
    /// `None` where there is no Redis on this machine, which is said.
    async fn start() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("redis-server");
        let socket = Self::socket(directory.path().try_into().unwrap());
        command.args(["--port", "0", "--unixsocket", socket.as_str(), "--databases", "8", "--save", ""]);
        let quiet = command.stdout(std::process::Stdio::null()).current_dir(directory.path());
        let Ok(process) = quiet.spawn() else {
            println!("there is no redis-server here: nothing was tested");
            return None;
        };
        let live = Self { directory, process };
        for _ in 0..500 {
            if let Ok(mut client) = live.client().await
                && client.ask(&["PING"]).await.is_ok()
            {
                return Some(live);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("redis-server did not start");
    }

    fn socket(directory: &Utf8Path) -> Utf8PathBuf {
        directory.join("redis.sock")
    }

    async fn client(&self) -> Result<Client, RespError> {
        Client::open(Self::socket(self.directory.path().try_into().unwrap()).as_str(), 0).await
    }

    async fn log_in(&self, user: &str, password: &str) -> Client {
        let mut client = self.client().await.unwrap();
        client.ask(&["AUTH", user, password]).await.unwrap();
        client
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

async fn refused(client: &mut Client, words: &[&str]) {
    match client.ask(words).await {
        Err(RespError::Refused(why)) => assert!(why.starts_with("NOPERM"), "{words:?}: {why}"),
        other => panic!("{words:?}: {other:?}"),
    }
}

#[tokio::test]
async fn a_user_reaches_its_own_keys_and_nothing_of_it_is_left() {
    let Some(live) = Live::start().await else { return };
    let mut admin = live.client().await.unwrap();
    let [hugo, zola] = ["hugo", "zola"].map(|site| Keyspace::of("fleet", &site.parse().unwrap()));
    let secret = |text: &str| Secret::new(text.to_owned());
    let first = hugo.ensure(&mut admin, Purpose::Sessions, &secret("one"), 1).await.unwrap().unwrap();
    zola.ensure(&mut admin, Purpose::Sessions, &secret("two"), 2).await.unwrap();
    // Once more is the same.
    let again = hugo.ensure(&mut admin, Purpose::Sessions, &secret("one"), 1).await.unwrap();
    assert_eq!(again, Some(first));
    assert_eq!(databases(&mut admin).await.unwrap().get(&hugo.user), Some(&1));

    let mut theirs = live.log_in(&zola.user, "two").await;
    theirs.ask(&["SELECT", "2"]).await.unwrap();
    let their_key = format!("{}session_x", zola.prefix);
    theirs.ask(&["HSET", &their_key, "userid", "2"]).await.unwrap();

    let mut own = live.log_in(&hugo.user, "one").await;
    own.ask(&["SELECT", "1"]).await.unwrap();
    let key = format!("{}session_y", hugo.prefix);
    own.ask(&["HSET", &key, "userid", "3"]).await.unwrap();
    let reply = own.ask(&["SCAN", "0", "MATCH", "*session_*"]).await.unwrap();
    assert_eq!(reply.parts()[1].texts(), [key.as_str()], "it finds its own session and no other");
    for words in [
        &["HGET", &their_key, "userid"][..],
        &["SELECT", "2"],
        &["SELECT", "0"],
        &["KEYS", "*"],
        &["RANDOMKEY"],
    ] {
        refused(&mut own, words).await;
    }
    refused(&mut own, &["ACL", "LIST"]).await;
    refused(&mut own, &["MONITOR"]).await;
    refused(&mut own, &["COPY", &key, &key, "DB", "2"]).await;

    let both = ["hugo", "zola"].map(|site| site.parse().unwrap());
    assert_eq!(sites(&mut admin, "fleet").await.unwrap(), both.into());
    assert!(sites(&mut admin, "another").await.unwrap().is_empty());
    assert!(!hugo.remove(&mut admin, 1).await.unwrap());
    assert_eq!(hugo.look(&mut admin).await.unwrap(), None);
    admin.ask(&["SELECT", "1"]).await.unwrap();
    assert_eq!(admin.ask(&["DBSIZE"]).await.unwrap(), Reply::Number(0));
    // The other one is as it was.
    assert_eq!(theirs.ask(&["HGET", &their_key, "userid"]).await.unwrap(), Reply::Text("2".to_owned()));
    // Nothing happens where nothing is.
    assert!(!hugo.remove(&mut admin, 1).await.unwrap());
}

#[tokio::test]
async fn in_the_instance_for_caches_no_name_of_a_key_is_told() {
    let Some(live) = Live::start().await else { return };
    let mut admin = live.client().await.unwrap();
    let hugo = Keyspace::of("fleet", &"hugo".parse().unwrap());
    hugo.ensure(&mut admin, Purpose::Caches, &Secret::new("one"), 1).await.unwrap();
    let mut own = live.log_in(&hugo.user, "one").await;
    let key = format!("{}cache", hugo.prefix);
    // What Moodle's store does.
    for words in [
        &["HSET", &key, "a", "1"][..],
        &["HMGET", &key, "a"],
        &["HKEYS", &key],
        &["ZADD", &key[..key.len() - 1], "1", "a"],
        &["SET", &format!("{key}lock"), "me", "NX", "EX", "60"],
        &["DEL", &key],
        &["INFO", "MEMORY"],
    ] {
        own.ask(words).await.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    for words in
        [&["SCAN", "0"][..], &["SELECT", "1"], &["KEYS", "*"], &["FLUSHDB"], &["SORT", &key, "BY", "x*"]]
    {
        refused(&mut own, words).await;
    }
}
