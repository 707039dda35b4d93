//! A site's own part of a Redis: a user in both instances, who reaches the keys of one prefix and nothing else.
//!
//! A rule for keys is not enough for sessions. Moodle looks for them with `SCAN`, which no rule for keys binds: it tells the names of all
//! keys of a database, and the name of a session is what a browser proves itself by. So each site has a logical database of its own for
//! sessions, and the right to enter that one alone; the one that every connection begins in is nobody's. In the instance for caches
//! nobody may use `SCAN`, nor does Moodle.

use std::collections::{BTreeMap, BTreeSet};

use provost_fleet::digest::Digest;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;

use super::instance::Purpose;
use super::resp::{Client, Reply, RespError};

/// Digits of the digest that a prefix begins with: no prefix begins another one, whatever sites are called.
const DIGITS: usize = 12;

/// Names of keys that are asked for in one round.
const ROUND: &str = "1000";

/// Most rounds over one database: beyond a billion keys something is wrong.
const ROUNDS: usize = 1_000_000;

/// How a site is called in a Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyspace {
    /// Its user.
    pub user: String,
    /// What each of its keys begins with: letters that Moodle's own form of a cache store takes.
    pub prefix: String,
}

/// A user as an instance tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenUser {
    /// Whether it may log in.
    pub on: bool,
    /// Digests of its passwords.
    pub passwords: Vec<String>,
    /// All that it may do, in the instance's words, sorted.
    pub rights: String,
}

impl Keyspace {
    /// That of a site.
    pub fn of(fleet: &str, site: &Name) -> Self {
        let of_both: String =
            Digest::of(format!("{fleet}/{site}").as_bytes()).as_str().chars().take(DIGITS).collect();
        Self { user: format!("{}{site}", users_of(fleet)), prefix: format!("provost_{of_both}_{site}_") }
    }

    /// The rules of its user, from nothing. Further right of a later Moodle are within these groups.
    fn rules(&self, purpose: Purpose, password: &Secret, database: u32) -> Vec<String> {
        let mut rules: Vec<String> = ["reset", "on"].map(str::to_owned).to_vec();
        rules.push(format!("#{}", digest(password)));
        rules.push(format!("~{}*", self.prefix));
        let groups = ["-@all", "+@string", "+@hash", "+@sortedset", "+@set", "+@list"];
        let others = ["+del", "+unlink", "+exists", "+expire", "+pexpire", "+ttl", "+pttl", "+type", "+ping"];
        rules.extend(groups.into_iter().chain(others).map(str::to_owned));
        // `SORT` looks at keys that it is not given.
        rules.extend(["-@dangerous", "+info"].map(str::to_owned));
        if purpose == Purpose::Sessions {
            rules.extend(["+scan".to_owned(), format!("+select|{database}")]);
        }
        rules
    }

    /// Makes the user, or gives it these rights and this password alone. Returns its rights as the instance tells them.
    ///
    /// # Errors
    /// When the instance refuses.
    pub async fn ensure(
        &self,
        client: &mut Client,
        purpose: Purpose,
        password: &Secret,
        database: u32,
    ) -> Result<Option<SeenUser>, RespError> {
        let rules = self.rules(purpose, password, database);
        let words = ["ACL", "SETUSER", &self.user];
        let words: Vec<&str> = words.into_iter().chain(rules.iter().map(String::as_str)).collect();
        client.ask(&words).await?;
        save(client).await?;
        self.look(client).await
    }

    /// The user, where there is one.
    ///
    /// # Errors
    /// When the instance refuses.
    pub async fn look(&self, client: &mut Client) -> Result<Option<SeenUser>, RespError> {
        let reply = client.ask(&["ACL", "GETUSER", &self.user]).await?;
        if reply == Reply::Nothing {
            return Ok(None);
        }
        let texts = |name: &str| reply.field(name).map(Reply::texts).unwrap_or_default();
        let told = |name: &str| match reply.field(name) {
            Some(Reply::Text(text)) => in_order(text.split(' ')),
            // Redis 6 has lists where 7 has texts.
            Some(list) => in_order(list.texts().into_iter()),
            None => String::new(),
        };
        let rights =
            ["commands", "keys", "channels", "selectors"].map(|name| format!("{name}: {}", told(name)));
        Ok(Some(SeenUser {
            on: texts("flags").contains(&"on"),
            passwords: texts("passwords").into_iter().map(str::to_owned).collect(),
            rights: rights.join("; "),
        }))
    }

    /// Removes the user, its connections and its keys; each part may be gone already. Returns whether anything is left.
    ///
    /// # Errors
    /// When the instance refuses.
    pub async fn remove(&self, client: &mut Client, database: u32) -> Result<bool, RespError> {
        // A user that is deleted loses its connections too.
        client.ask(&["ACL", "DELUSER", &self.user]).await?;
        save(client).await?;
        client.ask(&["SELECT", &database.to_string()]).await?;
        self.each_round(client, true).await?;
        let keys = self.each_round(client, false).await?;
        client.ask(&["SELECT", "0"]).await?;
        Ok(keys > 0 || self.look(client).await?.is_some())
    }

    /// Counts its keys in the database that was entered, and removes them where told.
    async fn each_round(&self, client: &mut Client, remove: bool) -> Result<usize, RespError> {
        let (mut cursor, mut count) = ("0".to_owned(), 0);
        let pattern = format!("{}*", self.prefix);
        for _ in 0..ROUNDS {
            let reply = client.ask(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", ROUND]).await?;
            let [next, found] = reply.parts() else { return Err(RespError::Protocol) };
            let found = found.texts();
            count += found.len();
            if remove && !found.is_empty() {
                client.ask(&[&["UNLINK"][..], &found].concat()).await?;
            }
            next.text().ok_or(RespError::Protocol)?.clone_into(&mut cursor);
            if cursor == "0" {
                return Ok(count);
            }
        }
        Err(RespError::Protocol)
    }
}

/// Words in an order of ours: Redis tells them in another one after it has read its users from a file.
fn in_order<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.join(" ")
}

/// What the names of all users of a fleet begin with: by it they are known to be the fleet's.
fn users_of(fleet: &str) -> String {
    let digits: String = Digest::of(fleet.as_bytes()).as_str().chars().take(DIGITS).collect();
    format!("provost_{digits}_")
}

/// The sites of a fleet that have a user in an instance.
///
/// # Errors
/// When the instance refuses.
pub(crate) async fn sites(client: &mut Client, fleet: &str) -> Result<BTreeSet<Name>, RespError> {
    let (reply, before) = (client.ask(&["ACL", "USERS"]).await?, users_of(fleet));
    Ok(reply.texts().into_iter().filter_map(|user| user.strip_prefix(&before)?.parse().ok()).collect())
}

/// Numbers of databases that users of an instance may enter, by user.
///
/// # Errors
/// When the instance refuses.
pub(crate) async fn databases(client: &mut Client) -> Result<BTreeMap<String, u32>, RespError> {
    let reply = client.ask(&["ACL", "LIST"]).await?;
    // `user NAME on … +select|7 …`
    let each = reply.texts().into_iter().filter_map(|line| {
        let mut words = line.split(' ');
        let user = words.nth(1)?;
        let number = words.find_map(|word| word.strip_prefix("+select|"))?;
        Some((user.to_owned(), number.parse().ok()?))
    });
    Ok(each.collect())
}

/// Has an instance write its users down. An existing one that keeps them in its configuration, or nowhere, says no: then they are gone
/// when it is started anew, which the next plan sees.
async fn save(client: &mut Client) -> Result<(), RespError> {
    match client.ask(&["ACL", "SAVE"]).await {
        Ok(_) | Err(RespError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What an instance keeps of a password: its SHA-256.
pub(crate) fn digest(password: &Secret) -> String {
    Digest::of(password.expose().as_bytes()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(site: &str) -> Keyspace {
        Keyspace::of("fleet", &site.parse().unwrap())
    }

    #[test]
    fn no_prefix_begins_another() {
        let short = of("a").prefix;
        for other in ["a_", "a-b", "a_b", "b"] {
            assert!(!of(other).prefix.starts_with(&short), "{other}");
        }
        assert_ne!(Keyspace::of("other", &"a".parse().unwrap()).prefix, short);
    }

    #[test]
    fn rules_have_no_password_and_one_database() {
        let rules = of("hugo").rules(Purpose::Sessions, &Secret::new("password"), 7).join(" ");
        assert!(
            rules.contains("#5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"),
            "{rules}"
        );
        assert!(rules.ends_with("+scan +select|7") && !rules.contains("password"), "{rules}");
        let rules = of("hugo").rules(Purpose::Caches, &Secret::new("password"), 7).join(" ");
        assert!(!rules.contains("select") && !rules.contains("scan"), "{rules}");
    }
}
