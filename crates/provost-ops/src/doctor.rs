//! `provost doctor`: what this machine lacks, and the command that installs it.

use std::collections::BTreeSet;
use std::time::Duration;

use provost_engine::context::Machine;
use provost_engine::process::{self, Ledger, ProcessRecord, Program};
use provost_fleet::model::{Engine, Location, Redis};
use provost_sites::php::Php;
use provost_sites::server::{MariadbTools, PostgresTools};
use serde::Serialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::session::Call;

/// One thing that was looked for.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// Whether it is there and fit.
    pub fit: bool,
    /// Version or path where it is there; what is wrong where it is not.
    pub found: String,
    /// Debian's packages that bring it.
    pub packages: Vec<String>,
}

/// What was found of the machine.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Everything that was looked for.
    pub findings: Vec<Finding>,
    /// The command that installs what is missing; absent where nothing is.
    pub install: Option<String>,
}

/// Extensions that Moodle 4.4 and 5.0 require or strongly recommend, with the part of the Debian package's name behind `php8.2-`.
/// What has no package of its own comes with the command line.
const EXTENSIONS: [(&str, &str); 17] = [
    ("ctype", "common"),
    ("curl", "curl"),
    ("dom", "xml"),
    ("fileinfo", "common"),
    ("gd", "gd"),
    ("iconv", "common"),
    ("intl", "intl"),
    ("json", "cli"),
    ("mbstring", "mbstring"),
    ("openssl", "cli"),
    ("pcre", "cli"),
    ("simplexml", "xml"),
    ("soap", "soap"),
    ("sodium", "common"),
    ("xmlreader", "xml"),
    ("zip", "zip"),
    ("zlib", "cli"),
];

/// The extension by which PHP reaches an engine, as in [`EXTENSIONS`].
const fn extension_for(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Postgresql => ("pgsql", "pgsql"),
        Engine::Mariadb => ("mysqli", "mysql"),
    }
}

/// What a fleet asks of the machine's database programs.
struct Databases {
    /// Engines that its sites are on.
    used: BTreeSet<Engine>,
    /// Engines that Provost runs for it.
    managed: BTreeSet<Engine>,
    /// Whether sites keep sessions and caches in Redis.
    redis: bool,
    /// Whether Provost runs one for it.
    managed_redis: bool,
}

impl Databases {
    /// What the fleet file says; without one that can be read, what a new fleet has.
    fn of(call: &Call) -> Self {
        let Ok(loaded) = call.load() else {
            let engines = BTreeSet::from([Engine::Postgresql]);
            return Self { used: engines.clone(), managed: engines, redis: false, managed_redis: false };
        };
        let servers = loaded.fleet.databases.values();
        let managed = servers.clone().filter(|server| server.location == Location::Managed);
        Self {
            managed: managed.map(|server| server.engine).collect(),
            used: servers.map(|server| server.engine).collect(),
            redis: !loaded.fleet.redis.is_empty(),
            managed_redis: loaded.fleet.redis.values().any(|redis| matches!(redis, Redis::Managed { .. })),
        }
    }
}

/// Looks at the machine, for the fleet of the file where there is one.
pub async fn doctor(call: &Call) -> Diagnosis {
    let machine = call.environment.machine();
    let databases = Databases::of(call);
    let mut findings = vec![git(&machine).await];
    findings.extend(php(&machine, &databases).await);
    findings
        .extend(Engine::ALL.into_iter().filter_map(|engine| database(&machine, engine, &databases.managed)));
    findings.extend(redis(&machine, databases.managed_redis));
    findings.push(nginx(&machine));
    if machine.root {
        findings.push(useradd(&machine));
    }
    let mut packages: Vec<String> =
        findings.iter().filter(|finding| !finding.fit).flat_map(|finding| finding.packages.clone()).collect();
    packages.sort();
    packages.dedup();
    let sudo = if machine.root { "" } else { "sudo " };
    let install = (!packages.is_empty()).then(|| {
        format!(
            "{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        )
    });
    Diagnosis { findings, install }
}

fn finding(what: &str, found: Result<String, String>, packages: &[&str]) -> Finding {
    let fit = found.is_ok();
    let found = found.unwrap_or_else(|missing| missing);
    Finding {
        what: what.to_owned(),
        fit,
        found,
        packages: packages.iter().map(|name| (*name).to_owned()).collect(),
    }
}

async fn git(machine: &Machine) -> Finding {
    let found = match machine.program("git") {
        None => Err("not installed".to_owned()),
        Some(path) => match ask(Program::new(path).arg("--version")).await {
            Some(text) => provost_codebase::git::check_version(&text),
            None => Err("does not answer".to_owned()),
        },
    };
    finding("git", found, &["git"])
}

async fn php(machine: &Machine, wanted: &Databases) -> Vec<Finding> {
    let of_engines = wanted.used.iter().map(|engine| extension_for(*engine));
    let of_engines = of_engines.chain(wanted.redis.then_some(("redis", "redis")));
    let Some(php) = Php::find(machine) else {
        let mut packages = PHP_PACKAGES.map(str::to_owned).to_vec();
        packages.extend(of_engines.map(|(_, part)| format!("php-{part}")));
        let found = Err("not installed".to_owned());
        return vec![Finding { packages, ..finding("php", found, &[]) }];
    };
    let version = php.version.unwrap_or("8.2");
    let package = |part: &str| format!("php{version}-{part}");
    let mut findings =
        vec![Finding { packages: vec![package("cli")], ..finding("php", Ok(php.cli.to_string()), &[]) }];
    let fpm = php.fpm.map(|path| path.to_string()).ok_or_else(|| "not installed".to_owned());
    findings.push(Finding { packages: vec![package("fpm")], ..finding("php-fpm", fpm, &[]) });
    let loaded = ask(Program::new(&php.cli).arg("-m")).await.unwrap_or_default().to_lowercase();
    let wanted: Vec<_> = EXTENSIONS.into_iter().chain(of_engines).collect();
    let missing: Vec<_> =
        wanted.iter().filter(|(name, _)| !loaded.lines().any(|line| line.trim() == *name)).collect();
    let told = if missing.is_empty() {
        Ok(format!("all {} that Moodle wants", wanted.len()))
    } else {
        Err(format!("missing: {}", missing.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")))
    };
    let packages = missing.iter().map(|(_, part)| package(part)).collect();
    findings.push(Finding { packages, ..finding("php extensions", told, &[]) });
    let opcache = loaded.contains("zend opcache").then(|| "loaded".to_owned());
    let opcache = opcache.ok_or_else(|| "not loaded: every request would compile Moodle anew".to_owned());
    findings.push(Finding { packages: vec![package("opcache")], ..finding("php opcache", opcache, &[]) });
    findings
}

/// What brings PHP and its extensions, but for those of database engines.
const PHP_PACKAGES: [&str; 9] = [
    "php-cli",
    "php-fpm",
    "php-curl",
    "php-gd",
    "php-intl",
    "php-mbstring",
    "php-soap",
    "php-xml",
    "php-zip",
];

/// An engine's programs; nothing is told of one that is not there and that nobody asks for.
fn database(machine: &Machine, engine: Engine, managed: &BTreeSet<Engine>) -> Option<Finding> {
    let (what, package, found) = match engine {
        Engine::Postgresql => {
            let tools = PostgresTools::find(machine, None);
            ("postgresql", "postgresql", tools.map(|tools| tools.program("postgres")))
        }
        Engine::Mariadb => {
            ("mariadb", "mariadb-server", MariadbTools::find(machine).map(|tools| tools.server))
        }
    };
    match found {
        Some(path) => Some(finding(what, Ok(path.to_string()), &[package])),
        None if managed.contains(&engine) => Some(finding(what, Err("not installed".to_owned()), &[package])),
        None => None,
    }
}

/// The program of a managed Redis; nothing is told of one that is not there and that nobody asks for.
fn redis(machine: &Machine, managed: bool) -> Option<Finding> {
    match machine.program("redis-server") {
        Some(path) => Some(finding("redis", Ok(path.to_string()), &["redis-server"])),
        None if managed => Some(finding("redis", Err("not installed".to_owned()), &["redis-server"])),
        None => None,
    }
}

fn nginx(machine: &Machine) -> Finding {
    let found = machine.program("nginx").map(|path| path.to_string());
    finding("nginx", found.ok_or_else(|| "not installed".to_owned()), &["nginx"])
}

fn useradd(machine: &Machine) -> Finding {
    let found = machine.program("useradd").map(|path| path.to_string());
    finding("useradd", found.ok_or_else(|| "not installed".to_owned()), &["passwd"])
}

/// Runs a program that answers at once, and returns its standard output.
async fn ask(program: Program) -> Option<String> {
    let cancel = CancellationToken::new();
    let ledger: Arc<dyn Ledger> = Arc::new(NoLedger);
    let output = process::run(program.deadline(Duration::from_secs(10)), &cancel, &ledger).await.ok()?;
    output.success().then(|| output.text())
}

/// For programs that work on nothing.
struct NoLedger;

impl Ledger for NoLedger {
    fn begun(&self, _record: &ProcessRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }

    fn ended(&self, _record: &ProcessRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}
