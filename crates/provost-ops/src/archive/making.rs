//! The registry, and the ends, of a session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::future::BoxFuture;
use provost_archive::accepting::Accepting;
use provost_archive::course::SiteFacts;
use provost_archive::ends::moodle::{self, Busy, Doors, Making, Page};
use provost_archive::ends::{EndError, Ends};
use provost_archive::receipt::End;
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;
use provost_engine::registry::{PostgresRegistry, Registry, Session as Row, SqliteRegistry};
use provost_fleet::archive::{Archive, Registry as Where};
use provost_fleet::model::{Site, Tls};
use provost_fleet::name::Name;
use provost_sites::archive::ArchiveDoor;
use provost_sites::server::Servers;
use provost_sites::server::registry::registry_address;

use super::ArchiveError;
use super::way::Way;
use crate::OpsError;
use crate::reach::reach;
use crate::session::Session;

/// A page that Moodle makes for everybody, with its database and its theme.
const PAGE: &str = "/login/index.php";

/// Opens a registry.
pub(super) async fn registry(session: &Session, which: &Where) -> Result<Arc<dyn Registry>, OpsError> {
    match which {
        Where::Sqlite => {
            let path = session.cx.paths.registry();
            Ok(Arc::new(SqliteRegistry::open(&path).map_err(ArchiveError::from)?))
        }
        Where::Server(server) => {
            let address = registry_address(&session.cx, &session.servers, server).await;
            let address = address.map_err(OpsError::Server)?;
            let refused =
                || ArchiveError::Refused(format!("`{server}` is no PostgreSQL: it cannot have the registry"));
            let registry = PostgresRegistry::open(&address.ok_or_else(refused)?).await;
            Ok(Arc::new(registry.map_err(ArchiveError::from)?))
        }
    }
}

/// One end of a session, as far as `ops` opens it.
pub(super) struct Opened<'a> {
    pub(super) end: &'static str,
    pub(super) name: &'a Name,
    pub(super) site: &'a Site,
    pub(super) account: Account,
}

/// Finds a site of the fleet, starts its server, and sees that it is installed.
pub(super) async fn open<'a>(
    session: &'a Session,
    end: &'static str,
    name: &'a Name,
) -> Result<Opened<'a>, OpsError> {
    let fail = |why: &str| ArchiveError::Site { end, site: name.to_string(), why: why.to_owned() };
    let (site, account) = reach(session, name).await.map_err(|why| fail(&why))?;
    Ok(Opened { end, name, site, account })
}

impl Opened<'_> {
    /// An agent of it, for a command that only looks.
    pub(super) async fn door(&self, session: &Session) -> Result<ArchiveDoor, ArchiveError> {
        let subject = format!("archive/{}", self.name);
        let door = ArchiveDoor::open(&session.cx, self.name, &self.account, Some(&subject)).await;
        door.map_err(|error| ArchiveError::Facts(self.end, error.into()))
    }

    /// What is known of it.
    pub(super) async fn facts(&self, session: &Session) -> Result<SiteFacts, ArchiveError> {
        let mut door = self.door(session).await?;
        let facts = door.site(&session.cx).await;
        door.close().await;
        facts.map_err(|error| ArchiveError::Facts(self.end, error.into()))
    }

    fn named(&self, facts: &SiteFacts) -> End {
        End {
            site: self.name.to_string(),
            wwwroot: facts.wwwroot.clone(),
            identifier: facts.identifier_digest.clone(),
            course: 0,
            shortname: String::new(),
        }
    }

    fn doors(&self, session: &Session) -> Doors {
        Doors::new(&session.cx, self.end, self.name, self.account.clone())
    }
}

/// The ends of a session, and what is to be let go at its end.
pub(super) struct Made {
    pub(super) ends: Ends,
    making: Arc<Making>,
    way: Way,
}

impl Made {
    /// Lets all agents go.
    pub(super) async fn close(&self) {
        self.making.source.close().await;
        self.making.target.close().await;
    }

    /// Removes what a session that has ended still has on its way, at both ends.
    pub(super) async fn clear(&self) -> Result<(), OpsError> {
        let cleared = self.making.transport.clear().await.map_err(EndError::from);
        cleared.map_err(ArchiveError::from)?;
        let source = &self.making.source_work;
        match fs_err::remove_dir_all(source) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OpsError::Io { verb: "remove", path: source.clone(), source: error })
            }
            _ => self.way.clear().map_err(crate::error::io("remove", &self.way.work)),
        }
    }
}

/// Makes the ends of a session.
pub(super) async fn ends(
    session: &Session,
    declared: &Archive,
    row: &Row,
    accepting: &Accepting,
    registry: &dyn Registry,
) -> Result<Made, OpsError> {
    let source = open(session, "source", &declared.from.site).await?;
    let target = open(session, "target", &declared.to.site).await?;
    let (of_source, of_target) = (source.facts(session).await?, target.facts(session).await?);
    if !declared.within_one_site() && of_source.identifier_digest == of_target.identifier_digest {
        let why =
            "both sites have one identifier: one is a copy of the other, and people could not be told apart";
        return Err(ArchiveError::Refused(why.to_owned()).into());
    }
    let way = Way::of(session, declared, row, registry).await?;
    directory(&way.kept, &Account::Own)?;
    let source_work = directory(&way.work.join("source"), &source.account)?;
    let transport = super::transport::make(session, declared, &source, &target, &way.work)?;
    let mut declared = declared.clone();
    declared.after.script = declared.after.script.map(|script| session.base().join(script));
    let declared = &declared;
    let making = Arc::new(Making {
        declared: declared.clone(),
        accepted: accepting.clone(),
        fleet: session.fleet_id.id.clone(),
        source_is: source.named(&of_source),
        target_is: target.named(&of_target),
        source: source.doors(session),
        target: target.doors(session),
        source_work,
        notes: way.kept.join("categories"),
        transport,
        people: people(session, declared)?,
        page: page(session, &source),
        databases: databases(session, [source.site, target.site]),
    });
    Ok(Made { ends: moodle::ends(making.clone()), making, way })
}

/// The servers of both ends, each once.
fn databases(session: &Session, sites: [&Site; 2]) -> Vec<Arc<dyn Busy>> {
    let names: BTreeSet<&Name> = sites.into_iter().map(|site| &site.database).collect();
    let busy = |name: &Name| -> Arc<dyn Busy> {
        Arc::new(Server { cx: session.cx.clone(), servers: session.servers.clone(), name: name.clone() })
    };
    names.into_iter().map(busy).collect()
}

/// A database server of the fleet.
struct Server {
    cx: Context,
    servers: Arc<Servers>,
    name: Name,
}

impl Busy for Server {
    fn active(&self) -> BoxFuture<'_, Option<u32>> {
        Box::pin(async {
            let mut admin = self.servers.admin(&self.cx, &self.name, None).await.ok()?;
            admin.sql.active().await.ok()
        })
    }
}

/// A directory for an account alone, in one that it can walk through.
pub(super) fn directory(path: &Utf8Path, owner: &Account) -> Result<Utf8PathBuf, OpsError> {
    let failed = |source| OpsError::Io { verb: "make", path: path.to_owned(), source };
    let above: Vec<_> = path.ancestors().skip(1).take(2).collect();
    for above in above.into_iter().rev() {
        files::directory(above, 0o711, &Account::Own).map_err(failed)?;
    }
    files::directory(path, 0o700, owner).map_err(failed)?;
    Ok(path.to_owned())
}

/// Where the model of a pair of sites is kept.
pub(super) fn model_file(session: &Session, declared: &Archive) -> Utf8PathBuf {
    let name = format!("archive-{}-{}.json", declared.from.site, declared.to.site);
    session.cx.paths.keep().join(name)
}

/// What tells this machine from others that work on the same sessions.
pub(super) fn machine_name() -> String {
    let found = std::fs::read_to_string("/etc/machine-id");
    let found = found.or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"));
    found.unwrap_or_default().trim().to_owned()
}

/// The table of people: user name at the source, user name at the target.
pub(super) fn people(session: &Session, declared: &Archive) -> Result<BTreeMap<String, String>, OpsError> {
    let Some(table) = &declared.users.table else { return Ok(BTreeMap::new()) };
    let text = fs_err::read_to_string(session.base().join(table)).map_err(crate::error::io("read", table))?;
    provost_fleet::archive::user_table(table.as_str(), &text).map_err(OpsError::Invalid)
}

/// The page whose time tells how the source feels, where nginx of this machine answers it without TLS.
fn page(session: &Session, source: &Opened<'_>) -> Option<Page> {
    let web = &session.loaded.fleet.web;
    if !source.site.enabled || !matches!(web.tls, Tls::Off | Tls::Upstream) {
        return None;
    }
    let mut address = *web.listen.first()?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let url = &source.site.url;
    Some(Page {
        address: address.to_string(),
        host: url.host().to_owned(),
        path: format!("{}{PAGE}", url.path()),
    })
}
