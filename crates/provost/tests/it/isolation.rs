//! Two sites on one machine: what PHP of one tries to get of the other, tried and refused.
//!
//! The attacker runs any PHP in its own pool, as a hole in a plugin would have it: the test speaks to the pool's socket as nginx does.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::environment::{Engine, TestEnv, below};
use crate::http::Browser;
use crate::moodle::Moodle;

/// Runs a script in a pool: FastCGI, one request.
fn run_in_pool(socket: &Path, script: &Path, input: &str) -> String {
    let record = |kind: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[1, kind, 0, 1, length[0], length[1], 0, 0][..], content].concat()
    };
    let mut parameters = Vec::new();
    for (name, value) in [
        ("SCRIPT_FILENAME", script.to_str().unwrap()),
        ("REQUEST_METHOD", "POST"),
        ("CONTENT_TYPE", "application/json"),
        ("CONTENT_LENGTH", &input.len().to_string()),
        ("REQUEST_URI", "/attack.php"),
    ] {
        for text in [name, value] {
            parameters.extend((u32::try_from(text.len()).unwrap() | 0x8000_0000).to_be_bytes());
        }
        parameters.extend([name.as_bytes(), value.as_bytes()].concat());
    }
    let mut stream = UnixStream::connect(socket).unwrap();
    let mut request = [record(1, &[0, 1, 0, 0, 0, 0, 0, 0]), record(4, &parameters), record(4, &[])].concat();
    for piece in input.as_bytes().chunks(30_000) {
        request.extend(record(5, piece));
    }
    request.extend(record(5, &[]));
    stream.write_all(&request).unwrap();
    let (mut answer, mut text) = (Vec::new(), Vec::new());
    stream.read_to_end(&mut answer).unwrap();
    let mut rest = &answer[..];
    while rest.len() >= 8 {
        let length = usize::from(u16::from_be_bytes([rest[4], rest[5]]));
        // Standard output, and errors.
        if matches!(rest[1], 6 | 7) {
            text.extend(&rest[8..8 + length]);
        }
        rest = &rest[8 + length + usize::from(rest[6])..];
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// What came of each try.
struct Tries(Vec<(String, Option<String>)>);

impl Tries {
    fn make(env: &TestEnv, site: &str, tries: &Value) -> Self {
        let script = env.path("attack.php");
        std::fs::write(&script, include_str!("isolation.php")).unwrap();
        let socket = env.run_directory().join(format!("fpm/{site}.sock"));
        let text = run_in_pool(&socket, &script, &tries.to_string());
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let all: Vec<_> =
            lines.map(|(what, got)| (what.to_owned(), got.strip_prefix("GOT ").map(str::to_owned))).collect();
        assert!(!all.is_empty(), "{text}");
        Self(all)
    }

    /// What was got though it should not have been.
    fn got(&self) -> Vec<String> {
        let got = self.0.iter().filter_map(|(what, got)| Some(format!("{what}: {}", got.as_ref()?)));
        got.collect()
    }

    fn of(&self, what: &str) -> Option<&str> {
        let found = self.0.iter().find(|(one, _)| one == what);
        found.unwrap_or_else(|| panic!("{what} was not tried: {:?}", self.0)).1.as_deref()
    }
}

fn processes(words: &[String]) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let line = |pid: &String| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    pids.filter(|pid| pid.parse::<u32>().is_ok())
        .filter(|pid| words.iter().any(|word| line(pid).contains(word.as_str())))
        .collect()
}

/// Two sites, both served, both used; `None` where they are not apart: only root can give each an account.
fn two_sites(engine: Engine) -> Option<(TestEnv, crate::environment::Running)> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: as a user all sites run as that user");
        return None;
    }
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    for site in ["hugo", "zola"] {
        let password = env.secret(&format!("site-{site}-admin")).unwrap();
        assert!(Browser::new(env.port, &format!("{site}.localhost")).login(&password));
        let essay = env.state().join(format!("data/sites/{site}/filedir/es/sa/essay"));
        std::fs::create_dir_all(essay.parent().unwrap()).unwrap();
        std::fs::write(&essay, format!("an essay of {site}")).unwrap();
        let account = env.account(site).unwrap();
        let all = env.state().join(format!("data/sites/{site}/filedir"));
        let mut give = std::process::Command::new("chown");
        give.args(["-R", &format!("{account}:{account}")]).arg(all);
        assert!(give.status().unwrap().success());
    }
    Some((env, up))
}

fn nothing() -> Value {
    json!({ "files": [], "directories": [], "sockets": [], "processes": [], "postgresql": [], "mariadb": [] })
}

fn texts(paths: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

#[test]
fn php_of_one_site_reaches_no_file_socket_or_process_of_another() {
    let Some((env, up)) = two_sites(Engine::Postgresql) else { return };
    let state = env.state();
    let config = |site: &str| {
        let directory = state.join(format!("made/sites/{site}"));
        directory.join(std::fs::read_link(directory.join("site.php")).unwrap())
    };
    // What is its own it reaches: the tries are worth something.
    let mut own = nothing();
    let essay = state.join("data/sites/hugo/filedir/es/sa/essay");
    own["files"] = json!(texts([config("hugo"), essay.clone()]));
    own["directories"] = json!(texts([state.join("data/sites/hugo/filedir")]));
    let own = Tries::make(&env, "hugo", &own);
    assert_eq!(own.of(&format!("read {}", essay.display())), Some("an essay of hugo"));
    assert!(own.of(&format!("read {}", config("hugo").display())).unwrap().contains("<?php"));
    assert!(own.of(&format!("list {}", state.join("data/sites/hugo/filedir").display())).is_some());

    let dataroot = state.join("data/sites/zola");
    let logs = state.join("logs/sites/zola");
    let of_zola: Vec<PathBuf> =
        [&dataroot, &logs].into_iter().flat_map(|directory| below(directory)).collect();
    let (directories, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
        of_zola.into_iter().partition(|path| path.is_dir());
    assert!(files.iter().any(|file| file.ends_with("filedir/es/sa/essay")), "{files:?}");
    assert!(files.iter().any(|file| file.display().to_string().contains("/sess_")), "{files:?}");
    files.push(config("zola"));
    files.push(state.join("made/sites/zola/site.php"));
    files.extend(below(&state.join("keep")).into_iter().filter(|path| path.is_file()));
    files.extend(
        ["nginx.log", "nginx-unknown-hosts.log", "server-main.log"].map(|log| state.join("logs").join(log)),
    );
    let zola =
        [dataroot, logs, state.join("keep"), state.join("keep/secrets"), state.join("data/servers/main")];
    let mut tries = nothing();
    tries["files"] = json!(texts(files));
    tries["directories"] = json!(texts(directories.into_iter().chain(zola)));
    tries["sockets"] = json!(texts([env.run_directory().join("fpm/zola.sock")]));
    let run = env.run_directory().display().to_string();
    let theirs = processes(&["pool zola".to_owned(), run, state.join("data/servers").display().to_string()]);
    tries["processes"] = json!(theirs);
    // Warm: what the other pool has cached must not be taken from the memory that they share.
    Browser::new(env.port, "zola.localhost").get("/login/index.php");
    let tries = Tries::make(&env, "hugo", &tries);
    assert_eq!(tries.got(), Vec::<String>::new());
    assert!(!theirs.is_empty());

    // Made files can be listed by name, for PHP must find its own there, and nobody writes to them.
    let mut made = nothing();
    made["directories"] =
        json!(texts([state.join("made/sites/zola"), state.join("made/hosts"), state.join("made/builds")]));
    let made = Tries::make(&env, "hugo", &made);
    let changed: Vec<&String> = made
        .0
        .iter()
        .filter(|(what, got)| got.is_some() && (what.starts_with("write") || what.starts_with("rename")))
        .map(|(what, _)| what)
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    let password = env.secret("site-zola-admin").unwrap();
    assert!(Browser::new(env.port, "zola.localhost").login(&password), "it noticed nothing");
    drop(up);
}

#[test]
fn php_of_one_site_reaches_no_database_of_another_on_postgresql() {
    let Some((env, up)) = two_sites(Engine::Postgresql) else { return };
    let host = env.run_directory().join("main").display().to_string();
    let own = env.secret("site-hugo-database").unwrap();
    let login = |user: &str, password: &str, database: &str| {
        format!("host={host} user={user} password='{password}' dbname={database}")
    };
    let within = [
        "select value from mdl_config where name = 'version'",
        "select rolpassword from pg_authid",
        "select query from pg_stat_activity where usename <> current_user and query <> '<insufficient privilege>'",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('.')",
        "copy (select 1) to program 'true'",
        "select lo_import('/etc/passwd')",
        "set role test_zola",
        "alter role test_hugo superuser",
        "grant test_zola to test_hugo",
        "create role stolen login",
        "create database stolen",
        "create extension dblink",
        "alter database test_zola owner to test_hugo",
        "drop database test_zola",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user",
    ];
    let mut tries = nothing();
    tries["postgresql"] = json!([
        [login("test_hugo", &own, "test_hugo"), within],
        [login("test_hugo", &own, "test_zola"), []],
        [login("test_hugo", &own, "postgres"), []],
        [login("test_hugo", &own, "template1"), []],
        [login("test_zola", "", "test_zola"), []],
        [login("test_zola", &own, "test_zola"), []],
        [login("provost", "", "test_zola"), []],
        [login("provost", &own, "postgres"), []],
        [login("postgres", "", "postgres"), []],
        [login(&env.account("zola").unwrap(), "", "test_zola"), []],
    ]);
    let tries = Tries::make(&env, "hugo", &tries);
    // Its own it has; all else is refused.
    let own = format!("log in {}", login("test_hugo", &own, "test_hugo"));
    assert!(tries.of(&own).is_some() && tries.of(within[0]).is_some(), "{:?}", tries.0);
    let got: Vec<String> = tries.got().into_iter().skip(2).collect();
    assert_eq!(got, Vec::<String>::new());
    drop(up);
}

#[test]
fn php_of_one_site_reaches_no_database_of_another_on_mariadb() {
    let Some((env, up)) = two_sites(Engine::Mariadb) else { return };
    let socket = env.run_directory().join("main/mariadb.sock").display().to_string();
    let own = env.secret("site-hugo-database").unwrap();
    let login = |user: &str, password: &str, database: &str| json!({ "user": user, "password": password, "database": database, "socket": socket });
    let within = [
        "select value from mdl_config where name = 'version'",
        "select value from test_zola.mdl_config limit 1",
        "select schema_name from information_schema.schemata where schema_name like 'test\\_zola'",
        "select table_name from information_schema.tables where table_schema = 'test_zola'",
        "select info from information_schema.processlist where user <> 'test_hugo'",
        "select authentication_string from mysql.user",
        "select Priv from mysql.global_priv",
        "select load_file('/etc/passwd')",
        "select 1 into outfile '/tmp/pvt-stolen'",
        "load data infile '/etc/passwd' into table mdl_config",
        "show grants for test_zola@localhost",
        "show databases like 'test\\_zola'",
        "use test_zola",
        "create database stolen",
        "drop database test_zola",
        "create user stolen@localhost",
        "grant all on *.* to test_hugo@localhost",
        "set password for test_zola@localhost = password('x')",
        "set global general_log = 1",
        "install soname 'auth_socket'",
        "create table stolen_ engine=connect table_type=csv file_name='/etc/passwd'",
    ];
    let mut tries = nothing();
    tries["mariadb"] = json!([
        [login("test_hugo", &own, "test_hugo"), within],
        [login("test_hugo", &own, "test_zola"), []],
        [login("test_hugo", &own, "mysql"), []],
        [login("test_hugo", &own, "test"), []],
        [login("test_zola", "", "test_zola"), []],
        [login("test_zola", &own, "test_zola"), []],
        [login("provost", "", "mysql"), []],
        [login("root", "", "mysql"), []],
        [login("mysql", "", "mysql"), []],
        [login("", "", "test"), []],
        [login(&env.account("zola").unwrap(), "", "test_zola"), []],
    ]);
    let tries = Tries::make(&env, "hugo", &tries);
    assert!(
        tries.of("log in test_hugo test_hugo").is_some() && tries.of(within[0]).is_some(),
        "{:?}",
        tries.0
    );
    let got: Vec<String> = tries.got().into_iter().skip(2).collect();
    assert_eq!(got, Vec::<String>::new());
    drop(up);
}
