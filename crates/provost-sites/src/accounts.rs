//! The Unix accounts that services run as.
//!
//! As a user, everything runs as that user, and sites are not protected from each other's PHP. As root, PostgreSQL runs as
//! `postgres`, MariaDB as `mysql` and Redis as `redis`, nginx as an account of the fleet, and each site's PHP as an account of its own, with a group of its own that
//! nginx joins (to send files of the dataroot) and no other site does.

pub(crate) mod seats;

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use provost_engine::context::{Context, Machine};
use provost_engine::process::{Account, ProcessError, Program, Status};
use provost_fleet::digest::Digest;
use provost_fleet::name::Name;

/// Why an account could not be had.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A distribution's account is missing.
    #[error("this machine has no user `{0}`")]
    Missing(String),
    /// The list of users cannot be read.
    #[error("cannot read the list of users")]
    List(#[source] std::io::Error),
    /// `useradd`, `usermod` or `userdel` failed.
    #[error("cannot make, change or remove the user `{user}`")]
    Make {
        /// The user.
        user: String,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// A program is missing.
    #[error("`{0}` is not installed")]
    NoProgram(&'static str),
}

/// A Unix user and how to become it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name; empty for our own account.
    pub name: String,
    /// How processes become it.
    pub account: Account,
}

impl AccountError {
    /// Whether processes of the account are what stands in the way.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Make { source: ProcessError::Failed { status: Status::Code(8), .. }, .. })
    }
}

impl User {
    fn own() -> Self {
        Self { name: String::new(), account: Account::Own }
    }

    /// Its name where it is not our own.
    pub fn other(&self) -> Option<&str> {
        (self.account != Account::Own).then_some(self.name.as_str())
    }
}

/// The account that managed PostgreSQL runs as.
pub fn postgres(machine: &Machine) -> Result<User, AccountError> {
    distribution(machine, "postgres")
}

/// The account that managed MariaDB runs as.
pub fn mysql(machine: &Machine) -> Result<User, AccountError> {
    distribution(machine, "mysql")
}

/// The account that managed Redis runs as.
pub fn redis(machine: &Machine) -> Result<User, AccountError> {
    distribution(machine, "redis")
}

fn distribution(machine: &Machine, name: &str) -> Result<User, AccountError> {
    if !machine.root {
        return Ok(User::own());
    }
    find(name)?.ok_or_else(|| AccountError::Missing(name.to_owned()))
}

/// The name of a site's account: readable, unique over all fleets of the machine, within Linux's 32 bytes.
pub fn site_user_name(fleet_id: &str, site: &Name) -> String {
    let digest = Digest::of(format!("{fleet_id}/{site}").as_bytes()).to_string();
    let readable: String = site.as_str().chars().take(16).collect();
    format!("pv-{readable}-{}", digest.chars().take(8).collect::<String>())
}

/// The name of nginx's account.
pub fn web_user_name(fleet_id: &str) -> String {
    format!("pv-web-{}", fleet_digits(fleet_id))
}

/// What tells a fleet's accounts from those of others.
fn fleet_digits(fleet_id: &str) -> String {
    Digest::of(fleet_id.as_bytes()).to_string().chars().take(8).collect()
}

/// A site's account, if it is there.
pub fn site_if_there(machine: &Machine, fleet_id: &str, site: &Name) -> Result<Option<User>, AccountError> {
    if !machine.root {
        return Ok(Some(User::own()));
    }
    find(&site_user_name(fleet_id, site))
}

/// A site's account, made if it is not there, with nginx's account in its group.
pub async fn site(cx: &Context, fleet_id: &str, site: &Name) -> Result<User, AccountError> {
    if !cx.machine.root {
        return Ok(User::own());
    }
    let web = self::web(cx, fleet_id).await?;
    ensure_with(cx, &site_user_name(fleet_id, site), &web).await
}

/// An account, made if it is not there, with nginx's account in its group.
async fn ensure_with(cx: &Context, name: &str, web: &User) -> Result<User, AccountError> {
    let user = ensure(cx, name).await?;
    // The tool rewrites four files and waits for the disk, also where there is nothing to change.
    if !is_member(name, &web.name)? {
        run(cx, "usermod", &["--append", "--groups", name, &web.name], &web.name).await?;
    }
    Ok(user)
}

/// nginx's account, made if it is not there.
pub async fn web(cx: &Context, fleet_id: &str) -> Result<User, AccountError> {
    if !cx.machine.root {
        return Ok(User::own());
    }
    ensure(cx, &web_user_name(fleet_id)).await
}

/// Gives the account of a site the name that it has under another name of the site. Numbers stay, and so does who owns what.
pub async fn rename_site(cx: &Context, fleet_id: &str, from: &Name, to: &Name) -> Result<(), AccountError> {
    if !cx.machine.root {
        return Ok(());
    }
    rename_whole(cx, &site_user_name(fleet_id, from), &site_user_name(fleet_id, to)).await
}

/// Gives an account and its group another name.
async fn rename_whole(cx: &Context, from: &str, to: &str) -> Result<(), AccountError> {
    // One look at both. The tool of a command that was killed may be about to do the same: where both are there it cannot, and where only
    // one is, there is nothing to remove that is not the site's by then.
    let there = users().map_err(AccountError::List)?;
    if there.contains_key(from) {
        if there.contains_key(to) {
            // One of that name owns nothing: the site that it is for has the files of the other one.
            remove(cx, to).await?;
        } else {
            remove_group(cx, to).await?;
        }
        match rename(cx, &["--login", to, from], from).await {
            Err(_) if find(from)?.is_none() && find(to)?.is_some() => {}
            other => other?,
        }
    }
    // The group follows, as after a kill.
    mend(cx, to).await
}

/// Also waits for processes of the account: php-fpm ends those of a pool that is gone a moment after it was told.
async fn rename(cx: &Context, arguments: &[&str], user: &str) -> Result<(), AccountError> {
    for _ in 1..TRIES {
        match run(cx, "usermod", arguments, user).await {
            Err(error) if error.is_busy() => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
            other => return other,
        }
    }
    run(cx, "usermod", arguments, user).await
}

/// Removes a site's account and its group; nothing happens where there are none.
pub async fn remove_site(cx: &Context, fleet_id: &str, site: &Name) -> Result<(), AccountError> {
    remove(cx, &site_user_name(fleet_id, site)).await
}

/// Removes nginx's account, for a fleet that has no site any more.
pub async fn remove_web(cx: &Context, fleet_id: &str) -> Result<(), AccountError> {
    remove(cx, &web_user_name(fleet_id)).await
}

/// `userdel` alone leaves the group of a site, because nginx's account is a member of it.
async fn remove(cx: &Context, name: &str) -> Result<(), AccountError> {
    if !cx.machine.root {
        return Ok(());
    }
    // A group of that name may be another user's, whose renaming was interrupted.
    mend(cx, name).await?;
    if find(name)?.is_some() {
        run(cx, "userdel", &[name], name).await?;
    }
    remove_group(cx, name).await
}

/// Removes a group that is left of an account.
async fn remove_group(cx: &Context, name: &str) -> Result<(), AccountError> {
    mend(cx, name).await?;
    if group_exists(name)? && find(name)?.is_none() {
        run(cx, "groupdel", &[name], name).await?;
    }
    Ok(())
}

fn group_exists(name: &str) -> Result<bool, AccountError> {
    let list = std::fs::read_to_string("/etc/group").map_err(AccountError::List)?;
    Ok(list.lines().any(|line| line.split(':').next() == Some(name)))
}

fn is_member(group: &str, user: &str) -> Result<bool, AccountError> {
    let list = std::fs::read_to_string("/etc/group").map_err(AccountError::List)?;
    let mut entries = list.lines().map(|line| line.split(':').collect::<Vec<_>>());
    Ok(entries.any(|entry| {
        entry[0] == group && entry.last().is_some_and(|all| all.split(',').any(|one| one == user))
    }))
}

/// An account whose first group has another's name was being renamed, and whoever did it was killed: the group follows.
///
/// Looked at under the lock: whoever has the account under one of the names and whoever has it under the other both come here.
async fn mend(cx: &Context, name: &str) -> Result<(), AccountError> {
    let found = || Ok::<_, AccountError>(half_renamed(&read("/etc/passwd")?, &read("/etc/group")?, name));
    if found()?.is_none() {
        return Ok(());
    }
    let _one = ONE_AT_A_TIME.lock().await;
    let Some((user, group)) = found()? else { return Ok(()) };
    match change(cx, "groupmod", &["--new-name", &user, &group], &user).await {
        // Another command did the same.
        Err(_) if found()?.is_none() => Ok(()),
        other => other,
    }
}

/// Of the accounts that Provost makes: a user and its first group, where these have two names and one of them is that name.
fn half_renamed(users: &str, groups: &str, name: &str) -> Option<(String, String)> {
    let field = |line, at| str::split(line, ':').nth(at);
    let mut by_number: HashMap<&str, &str> = HashMap::new();
    for line in groups.lines() {
        if let Some((number, group)) = field(line, 2).zip(field(line, 0)) {
            by_number.entry(number).or_insert(group);
        }
    }
    users.lines().filter(|line| is_ours(line)).find_map(|line| {
        let (user, number) = (field(line, 0)?, field(line, 3)?);
        let group = *by_number.get(number)?;
        let half = is_ours(group) && group != user && (user == name || group == name);
        half.then(|| (user.to_owned(), group.to_owned()))
    })
}

/// Whether a name is one that Provost gives: to a site or to nginx, or to a seat.
fn is_ours(name: &str) -> bool {
    name.starts_with("pv-") || name.starts_with(seats::PREFIX)
}

fn read(path: &str) -> Result<String, AccountError> {
    std::fs::read_to_string(path).map_err(AccountError::List)
}

async fn ensure(cx: &Context, name: &str) -> Result<User, AccountError> {
    mend(cx, name).await?;
    if let Some(user) = find(name)? {
        return Ok(user);
    }
    let one = ONE_AT_A_TIME.lock().await;
    // Another site's step may have made nginx's account while we waited.
    if let Some(user) = find(name)? {
        return Ok(user);
    }
    // A group of that name may be left of an account that was removed by hand.
    let group: &[&str] = if group_exists(name)? { &["--gid", name] } else { &["--user-group"] };
    let rest = ["--system", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin", name];
    let arguments = [group, &rest].concat();
    let made = change(cx, "useradd", &arguments, name).await;
    drop(one);
    // `provost up` and the first `apply` of a fleet may both make nginx's account.
    if find(name)?.is_none() {
        made?;
    }
    find(name)?.ok_or_else(|| AccountError::Missing(name.to_owned()))
}

/// The user database has one lock, and the tools give up at once when it is taken: they run one at a time here, and are tried
/// again where another program has it.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How often a taken lock is tried again, a fifth of a second apart.
const TRIES: u32 = 25;

async fn run(cx: &Context, tool: &'static str, arguments: &[&str], user: &str) -> Result<(), AccountError> {
    let _one = ONE_AT_A_TIME.lock().await;
    change(cx, tool, arguments, user).await
}

async fn change(
    cx: &Context,
    tool: &'static str,
    arguments: &[&str],
    user: &str,
) -> Result<(), AccountError> {
    let path = cx.machine.program(tool).ok_or(AccountError::NoProgram(tool))?;
    let failed = |source| AccountError::Make { user: user.to_owned(), source };
    for _ in 1..TRIES {
        let output = cx.run(Program::new(&path).args(arguments.iter().copied())).await.map_err(failed)?;
        // shadow's tools: "cannot update the password file" and "… the group file" are what waiting mends.
        if !matches!(output.status, Status::Code(1 | 10)) {
            return output.ok().map(drop).map_err(failed);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let output = cx.run(Program::new(&path).args(arguments.iter().copied())).await.map_err(failed)?;
    output.ok().map(drop).map_err(failed)
}

/// Looks a user up in `/etc/passwd`. Accounts of ours and of the distribution are always there, never in a directory service.
fn find(name: &str) -> Result<Option<User>, AccountError> {
    let list = users().map_err(AccountError::List)?;
    let found = list.get(name).map(|&(uid, gid)| Account::Other { uid, gid });
    Ok(found.map(|account| User { name: name.to_owned(), account }))
}

/// User and group ids by name.
type Users = HashMap<String, (u32, u32)>;

/// Inode, size and time of a file: the tools that change the list put a new file in its place.
type Version = (u64, u64, i64, i64);

/// What the machine calls a user; `None` where its list has no such number.
pub fn name_of(uid: u32) -> Option<String> {
    let users = users().ok()?;
    users.iter().find(|(_, (number, _))| *number == uid).map(|(name, _)| name.clone())
}

/// The list as it was last read. A plan asks for the account of every site, and every site has a line: without this, a thousand sites
/// mean a million lines.
static READ: Mutex<Option<(Version, Arc<Users>)>> = Mutex::new(None);

fn users() -> std::io::Result<Arc<Users>> {
    const LIST: &str = "/etc/passwd";
    let is = std::fs::metadata(LIST)?;
    let version = (is.ino(), is.size(), is.mtime(), is.mtime_nsec());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, users)) = read.as_ref()
        && *of == version
    {
        return Ok(Arc::clone(users));
    }
    let each = std::fs::read_to_string(LIST)?;
    let users: Users = each.lines().filter_map(user).collect();
    let users = Arc::new(users);
    *read = Some((version, Arc::clone(&users)));
    Ok(users)
}

fn user(line: &str) -> Option<(String, (u32, u32))> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    Some((name, (uid, fields.next()?.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_name_fits_and_differs_by_fleet() {
        let site: Name = "a-very-long-name-of-a-site-with-forty-ch".parse().unwrap();
        let one = site_user_name("fleet one", &site);
        let two = site_user_name("fleet two", &site);
        assert!(one.len() <= 32 && one != two, "{one} {two}");
    }

    #[test]
    fn a_group_whose_account_was_renamed_is_found_by_either_name() {
        let users = "root:x:0:0::/:/bin/sh\npv-hugo:x:990:990::/:/n\npv-zola:x:991:991::/:/n\n";
        let groups = "root:x:0:\npv-spare:x:990:pv-web\npv-zola:x:991:pv-web\n";
        let half = Some(("pv-hugo".to_owned(), "pv-spare".to_owned()));
        assert_eq!(half_renamed(users, groups, "pv-hugo"), half);
        assert_eq!(half_renamed(users, groups, "pv-spare"), half);
        assert_eq!(half_renamed(users, groups, "pv-zola"), None);
    }

    #[test]
    fn root_is_found() {
        let root = find("root").unwrap().unwrap();
        assert_eq!(root.account, Account::Other { uid: 0, gid: 0 });
        assert!(find("nobody-of-this-name").unwrap().is_none());
        assert_eq!(user("a:x:7:8:comment:/:/bin/sh"), Some(("a".to_owned(), (7, 8))));
        assert_eq!(user("broken:x:seven:8"), None);
    }
}
