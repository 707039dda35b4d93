//! Makes a fleet of thousands of sites for `script/bench plan`, out of one that was really installed.
//!
//! Arguments: the directory of a fleet whose file has one server `main`, codebases, and one installed site `seed`; and the number of
//! sites that there shall be. Sites that are there already stay. Each new one has what `apply` leaves of a site as far as anything
//! looks at it: a role and a marked database of its own with the two tables that are read, copied from the seed's and as long as those
//! of a Moodle 5.0; its generated password; a marked dataroot; the link to its build, its PHP file, its host's link, its files for nginx
//! and php-fpm. What is written and compared is made by the functions that `apply` makes it with. Ends when its input ends: until then
//! the server runs.
#![expect(clippy::print_stdout, reason = "a program that says when it is ready")]

mod databases;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::event::Silent;
use provost_engine::process::Account;
use provost_fleet::lock::Lock;
use provost_fleet::name::Name;
use provost_ops::environment::{Environment, Variables};
use provost_ops::session::{Access, Call, Session};
use provost_sites::accounts::User;
use provost_sites::kind_vhost;
use provost_sites::mark::{Mark, Stage};
use provost_sites::secrets::{self, Generated};
use provost_sites::site::{config, files};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How many settings are declared for each site; all are as declared.
const SETTINGS: usize = 20;

/// The value of the rows that make the tables of settings as long as those of a Moodle.
pub(crate) const FILLER: &str = "xxxxxxxxxxxxxxxxxxxx";

/// Everything runs as the user who measures.
const OWN: User = User { name: String::new(), account: Account::Own };

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = Utf8PathBuf::from(arguments.first().ok_or("DIRECTORY SITES")?);
    let sites: usize = arguments.get(1).ok_or("DIRECTORY SITES")?.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(make(&directory, sites))
}

async fn make(directory: &Utf8Path, sites: usize) -> Result<()> {
    let new = declare(directory, sites)?;
    let session = Session::open(&call(directory), Access::Change)?;
    let server: Name = "main".parse()?;
    session.servers.ensure_running(&session.cx, &server).await?;
    let version = kind_vhost::nginx_version(&session.cx).await;
    for name in &new {
        make_files(&session, name, version)?;
    }
    databases::make(&session, directory, &new).await?;
    println!("ready: {} new sites", new.len());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    session.close().await;
    Ok(())
}

/// Writes the sites into the file that are missing there.
fn declare(directory: &Utf8Path, sites: usize) -> Result<Vec<Name>> {
    let path = directory.join("fleet.toml");
    let fleet = call(directory).load().map_err(|error| format!("the fleet file is broken: {error}"))?.fleet;
    let codebases: Vec<&Name> = fleet.codebases.keys().collect();
    let port = fleet.web.listen.first().map_or(80, std::net::SocketAddr::port);
    let mut text = std::fs::read_to_string(&path)?;
    if !text.contains("[profile.bench.settings]") {
        text += "\n[profile.bench.settings]\n";
        for number in 1..=SETTINGS / 2 {
            text += &format!(
                "\"core/filler{number}\" = \"{FILLER}\"\n\"mod_filler{number}/filler{number}\" = \"{FILLER}\"\n"
            );
        }
    }
    let mut new = Vec::new();
    for number in 1..sites {
        let name: Name = format!("s{number:04}").parse()?;
        if !fleet.sites.contains_key(&name) {
            let codebase = codebases[number % codebases.len()];
            text += &format!(
                "\n[site.{name}]\nurl = \"http://{name}.localhost:{port}\"\ncodebase = \"{codebase}\"\nprofiles = [\"bench\"]\ntags = [\"t{}\"]\n",
                number % 10
            );
            new.push(name);
        }
    }
    std::fs::write(path, text)?;
    Ok(new)
}

fn call(directory: &Utf8Path) -> Call {
    let variables = std::env::vars_os();
    let variables =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Call {
        environment: Environment {
            directory: directory.to_owned(),
            variables: Variables(variables.collect()),
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        },
        file: "fleet.toml".into(),
        reporter: Arc::new(Silent),
        cancel: tokio_util::sync::CancellationToken::new(),
        jobs: None,
    }
}

fn make_files(
    session: &Session,
    name: &Name,
    version: provost_sites::web::nginx::NginxVersion,
) -> Result<()> {
    let (cx, fleet, lock) = (&session.cx, &session.loaded.fleet, &session.lock);
    let site = fleet.sites.get(name).ok_or("a site that is not declared")?;
    let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(name))?;
    secrets::read_or_make(&cx.paths, &Generated::SiteAdmin(name))?;
    let root = cx.paths.dataroot(name);
    files::fresh_dataroot(&root, &mark(session, name), &OWN)?;
    files::make_logs(cx, name, &OWN)?;
    files::point_to_build(cx, name, &tree(session, name)?)?;
    let rendered = config::render(cx, &session.servers, name, site, &password)?;
    files::write_config(cx, name, &rendered, &OWN)?;
    // Not by `open_to_web`, which looks through the links of all other hosts.
    std::os::unix::fs::symlink(
        files::host_target(name, &rendered.file_name),
        cx.paths.hosts().join(site.url.host()),
    )?;
    let vhost = kind_vhost::render(cx, fleet, lock, &session.fleet_id, name, version)?;
    for (file, text) in vhost.each() {
        std::fs::write(&file.path, text.unwrap_or_default())?;
    }
    Ok(())
}

/// The mark of an installed site.
fn mark(session: &Session, name: &Name) -> Mark {
    Mark {
        fleet: session.fleet_id.id.clone(),
        site: name.clone(),
        stage: Stage::Installed,
        dataroot: Some(session.cx.paths.dataroot(name).into_string()),
        server: session.loaded.fleet.sites.get(name).map(|site| site.database.clone()),
        copy: None,
        template: None,
        was: None,
    }
}

/// The tree of a site's build.
fn tree(session: &Session, name: &Name) -> Result<String> {
    let lock: &Lock = &session.lock;
    let codebase = session.loaded.fleet.sites.get(name).map(|site| &site.codebase);
    let locked = codebase.and_then(|codebase| lock.codebases.get(codebase));
    Ok(locked.ok_or("a codebase that is not locked")?.tree.clone())
}
