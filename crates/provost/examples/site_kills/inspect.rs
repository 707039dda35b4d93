//! What must hold when nobody is at work: every site of the file is whole, and nothing is left of any other.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use provost_fleet::model::{Fleet, Site, Template};
use provost_fleet::name::Name;
use provost_moodle::agent::SiteState;
use provost_ops::session::Session;
use provost_sites::site::copy;
use provost_sites::{accounts, agent::Agent};

use super::Result;
use super::fleet::{SERVERS, TEMPLATES, World, is_postgresql};
use super::processes;

/// What is on a server besides sites, and how many tables a site has.
#[derive(Default)]
pub(crate) struct Known {
    own: BTreeMap<&'static str, BTreeSet<String>>,
    /// By whether it is on PostgreSQL.
    tables: BTreeMap<bool, String>,
}

/// Databases and roles.
fn on_server(world: &World, server: &str) -> Result<BTreeSet<String>> {
    let query = if is_postgresql(server) {
        "select 'database ' || datname from pg_database union select 'role ' || rolname from pg_roles"
    } else {
        "select concat('database ', schema_name) from information_schema.schemata
         union select concat('role ', User) from mysql.global_priv"
    };
    Ok(world.sql(server, None, query)?.into_iter().collect())
}

impl Known {
    /// What is there besides the sites.
    pub(crate) fn new(world: &World) -> Result<Self> {
        let fleet = world.fleet()?;
        let of_site = |one: &String| {
            fleet.sites.values().any(|site| one.ends_with(&format!(" {}", site.database_name)))
        };
        let own = SERVERS.map(|server| {
            let mut own = on_server(world, server)?;
            own.retain(|one| !of_site(one));
            Ok((server, own))
        });
        Ok(Self { own: own.into_iter().collect::<Result<_>>()?, tables: BTreeMap::new() })
    }

    /// Everything that is not as it should be. `closely` are sites whose PHP is asked too.
    pub(crate) async fn look(
        &mut self,
        world: &mut World,
        closely: &BTreeSet<String>,
    ) -> Result<Vec<String>> {
        world.hold().await?;
        let world = &*world;
        let fleet = world.fleet()?;
        let session = Session::open(&world.call(), provost_ops::session::Access::Look)?;
        let mut found = Vec::new();
        for server in SERVERS {
            found.extend(self.strangers(world, &fleet, server)?);
        }
        found.extend(places(&session, &fleet)?);
        found.extend(copies(&session, &fleet));
        found.extend(processes::left(
            world.at.as_std_path(),
            if world.up().is_some() {
                &["postgres", "mariadbd", "nginx", "php-fpm"]
            } else {
                &processes::SERVERS
            },
            world.up(),
        ));
        for (name, site) in &fleet.sites {
            found.extend(self.incomplete(world, name, site));
            if closely.contains(name.as_str()) {
                found.extend(dumb(&session, name).await);
                found.extend(served(world, name, site));
            }
        }
        found.extend(ledger(&session, &fleet, world.up().is_some())?);
        session.close().await;
        Ok(found)
    }

    /// Databases and roles that are nobody's.
    fn strangers(&self, world: &World, fleet: &Fleet, server: &'static str) -> Result<Vec<String>> {
        let here = fleet.sites.values().filter(|site| site.database.as_str() == server);
        let ours: BTreeSet<&str> = here.map(|site| site.database_name.as_str()).collect();
        let own = self.own.get(server).cloned().unwrap_or_default();
        let strange = on_server(world, server)?.into_iter().filter(|one| {
            let name = one.split(' ').nth(1).unwrap_or_default();
            !own.contains(one) && !ours.contains(name)
        });
        Ok(strange.map(|one| format!("{one} on {server} is nobody's")).collect())
    }

    /// A site's database has the tables that every other site of its engine has, and knows whose it is.
    fn incomplete(&mut self, world: &World, name: &Name, site: &Site) -> Vec<String> {
        let (server, database) = (site.database.as_str(), Some(site.database_name.as_str()));
        let schema = if is_postgresql(server) { "'public'" } else { "database()" };
        let query = format!("select count(*) from information_schema.tables where table_schema = {schema}");
        let mut found = Vec::new();
        let tables = match world.sql(server, database, &query) {
            Ok(rows) => rows.join(" "),
            Err(error) => return vec![format!("the database of {name}: {error}")],
        };
        let expected = self.tables.entry(is_postgresql(server)).or_insert_with(|| tables.clone());
        if *expected != tables {
            found.push(format!("the database of {name} has {tables} tables, others have {expected}"));
        }
        let query = "select value from mdl_config_plugins where plugin = 'provost' and name = 'site'";
        match world.sql(server, database, query) {
            Ok(rows) if rows == [name.as_str()] => {}
            other => found.push(format!("the database of {name} says that it is {other:?}")),
        }
        found
    }
}

/// Processes that are recorded as at work and whose holder is dead, and leases that somebody holds.
fn ledger(session: &Session, fleet: &Fleet, is_up: bool) -> Result<Vec<String>> {
    let store = &session.cx.store;
    let orphans = store.orphans()?.into_iter();
    let mut found: Vec<String> =
        orphans.map(|record| format!("a process of {} is still recorded", record.subject)).collect();
    for name in fleet.sites.keys().filter(|_| !is_up) {
        for lane in ["site", "cron", "cron-adhoc"] {
            if let Some(holder) = store.lease_holder(&format!("{lane}/{name}"))? {
                found.push(format!("{lane}/{name} is held by {holder:?}"));
            }
        }
    }
    Ok(found)
}

/// A site whose own PHP does not come up.
async fn dumb(session: &Session, name: &Name) -> Option<String> {
    let user = match accounts::site_if_there(&session.cx.machine, &session.fleet_id.id, name) {
        Ok(Some(user)) => user,
        other => return Some(format!("the account of {name}: {other:?}")),
    };
    match Agent::open(&session.cx, name, &user.account, None).await {
        Ok(agent) => {
            let state = agent.ready.state;
            agent.close().await;
            (state != SiteState::Ok).then(|| format!("the PHP of {name} says {state:?}"))
        }
        Err(error) => Some(format!("the PHP of {name}: {error}")),
    }
}

/// What a visitor gets.
fn served(world: &World, name: &Name, site: &Site) -> Option<String> {
    world.up()?;
    let expected = if site.enabled { 200 } else { 503 };
    let (status, answer) = world.get(site);
    (status != expected).then(|| format!("{name} answers {status} and not {expected}: {answer}"))
}

/// Files and directories that are nobody's, or half written.
fn places(session: &Session, fleet: &Fleet) -> Result<Vec<String>> {
    let paths = &session.cx.paths;
    let mut sites: BTreeSet<String> = fleet.sites.keys().map(ToString::to_string).collect();
    sites.extend(TEMPLATES.iter().map(|template| format!("template-{template}")));
    // The pool that php-fpm needs to start without a site.
    sites.insert("_idle".to_owned());
    let mut found = Vec::new();
    let mut look = |directory: &Utf8Path, name_of: &dyn Fn(&str) -> Option<String>| -> Result<()> {
        for entry in names(directory)? {
            let known = name_of(&entry).is_some_and(|name| sites.contains(&name));
            if !known {
                found.push(format!("`{directory}/{entry}` is nobody's"));
            }
        }
        Ok(())
    };
    look(&paths.dataroots(), &|entry| Some(entry.to_owned()))?;
    look(&paths.sites(), &|entry| Some(entry.to_owned()))?;
    look(&paths.logs().join("sites"), &|entry| Some(entry.to_owned()))?;
    look(&paths.cron_logs(), &|entry| Some(entry.split('.').next()?.to_owned()))?;
    look(&paths.vhosts(), &|entry| Some(entry.strip_suffix(".conf")?.to_owned()))?;
    // Pools of seats are told by the number of their user, who is looked for below.
    let of_site = |entry: &str, ending: &str| {
        let name = entry.strip_suffix(ending)?;
        Some(if name.starts_with("seat.") { "_idle" } else { name }.to_owned())
    };
    look(&paths.pools(), &|entry| of_site(entry, ".conf"))?;
    look(&paths.run.join("fpm"), &|entry| of_site(entry, ".sock"))?;
    look(&paths.secrets(), &|entry| {
        let of_site = entry.strip_prefix("site-").and_then(|rest| rest.rsplit_once('-'));
        let of_server = entry.strip_prefix("server-").map(|_| format!("template-{}", TEMPLATES[0]));
        of_site.map(|(site, _)| site.to_owned()).or(of_server)
    })?;
    let hosts: BTreeSet<&str> = fleet.sites.values().map(|site| site.url.host()).collect();
    for host in names(&paths.hosts())? {
        if !hosts.contains(host.as_str()) {
            found.push(format!("the link of the host `{host}` is nobody's"));
        }
    }
    for name in sites.iter().filter_map(|name| name.parse::<Name>().ok()) {
        for entry in names(&paths.site(&name))? {
            let half = entry.starts_with('.');
            // What a template keeps for its clones. The stand-in has none of it but the first.
            let for_clones = ["courses.json", "components-", "hooks-", "loaded-"];
            let known = ["code", "site.php"].contains(&entry.as_str())
                || entry.starts_with("site-")
                || Template::of_site_name(&name).is_some()
                    && for_clones.iter().any(|one| entry.starts_with(one));
            if half || !known {
                found.push(format!("`{entry}` among the made files of {name}"));
            }
        }
    }
    if session.cx.machine.root {
        found.extend(strange_accounts(session, &sites)?);
        found.extend(strange_seats(session)?);
    }
    Ok(found)
}

/// Accounts of this fleet that are no site's. An account's name ends in a digest of the fleet's id and the site's name, so those of
/// sites that were are looked for by name.
fn strange_accounts(session: &Session, sites: &BTreeSet<String>) -> Result<Vec<String>> {
    let known: BTreeSet<String> = sites
        .iter()
        .filter_map(|site| Some(accounts::site_user_name(&session.fleet_id.id, &site.parse().ok()?)))
        .collect();
    let mut found = BTreeSet::new();
    for list in ["/etc/passwd", "/etc/group"] {
        for line in std::fs::read_to_string(list)?.lines() {
            let name = line.split(':').next().unwrap_or_default();
            let site = name.strip_prefix("pv-").and_then(|rest| rest.rsplit_once('-')).map(|(site, _)| site);
            let Some(site) = site.and_then(|site| site.parse().ok()) else { continue };
            if accounts::site_user_name(&session.fleet_id.id, &site) == name && !known.contains(name) {
                found.insert(format!("the account or group {name} in {list} is nobody's"));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Seats of users that are nobody, and files of pools without a seat.
fn strange_seats(session: &Session) -> Result<Vec<String>> {
    let paths = &session.cx.paths;
    let list = std::fs::read_to_string("/etc/passwd")?;
    let users = list.lines().filter(|line| line.starts_with("pv")).filter_map(|line| line.split(':').nth(2));
    let users: BTreeSet<&str> = users.collect();
    let seats = names(&paths.seats())?;
    let nobodys = seats.iter().filter(|seat| !users.contains(seat.as_str()));
    let mut found: Vec<String> = nobodys.map(|seat| format!("the seat {seat} is nobody's")).collect();
    for pool in names(&paths.pools())? {
        let seat = pool.strip_prefix("seat.").and_then(|rest| rest.strip_suffix(".conf"));
        if seat.is_some_and(|seat| !seats.iter().any(|one| one == seat)) {
            found.push(format!("`{pool}` is the pool of a seat that is not there"));
        }
    }
    Ok(found)
}

/// Copies of deleted sites: whole, and settled when their site is gone, so that their time comes.
fn copies(session: &Session, fleet: &Fleet) -> Vec<String> {
    let paths = &session.cx.paths;
    let mut found = Vec::new();
    for kept in copy::kept(paths) {
        let manifest = kept.manifest;
        if manifest.gone_at.is_none() && !fleet.sites.contains_key(&manifest.site) {
            found.push(format!("`{}` is kept for ever: its site is gone, and it does not say so", kept.path));
        }
    }
    found.extend(copy::unreadable(paths).map(|(path, error)| format!("`{path}` is no copy: {error}")));
    for place in [copy::place(&paths.state), paths.state.join("data/moved")] {
        let half = names(&place).unwrap_or_default().into_iter().filter(|name| name.starts_with('.'));
        found.extend(half.map(|name| format!("`{place}/{name}` is half a copy")));
    }
    found
}

fn names(directory: &Utf8Path) -> Result<Vec<String>> {
    match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
        Ok(entries) => {
            let names = entries.map(|entry| Ok(entry?.file_name().to_owned()));
            let mut names = names.collect::<std::io::Result<Vec<String>>>()?;
            names.sort();
            Ok(names)
        }
    }
}
