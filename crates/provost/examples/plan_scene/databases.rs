//! Roles by the functions that `apply` makes them with; databases by the server's own client, which does thousands in one go.

use std::io::Write as _;
use std::process::{Command, Stdio};

use camino::Utf8Path;
use provost_fleet::model::Engine;
use provost_fleet::name::Name;
use provost_ops::session::Session;
use provost_sites::database;
use provost_sites::secrets::{self, Generated};

use super::{FILLER, Result, mark, tree};

/// Rows of `config` and of `config_plugins` of a Moodle 5.0 just after it was installed, rounded.
const ROWS: [(&str, u32); 2] = [("config", 450), ("config_plugins", 2300)];

/// Of which all databases are copies, on PostgreSQL.
const SLIM: &str = "scene_slim";

pub(super) async fn make(session: &Session, directory: &Utf8Path, new: &[Name]) -> Result<()> {
    let (cx, server): (_, Name) = (&session.cx, "main".parse()?);
    let engine = session.servers.declared(&server)?.engine;
    let mut admin = session.servers.admin(cx, &server, None).await?;
    for name in new {
        let site = session.loaded.fleet.sites.get(name).ok_or("a site that is not declared")?;
        let Some(password) = secrets::read(&cx.paths, &Generated::SiteDatabase(name))? else { continue };
        let role = &site.database_name;
        let mark = mark(session, name);
        if engine == Engine::Mariadb {
            database::create(&mut admin.sql, role, &mark).await?;
        }
        database::ensure_role(&mut admin.sql, role, &password, &mark).await?;
    }
    drop(admin);
    let seed = &session
        .loaded
        .fleet
        .sites
        .get(&"seed".parse::<Name>()?)
        .ok_or("no site is called `seed`")?
        .database_name;
    match engine {
        Engine::Postgresql => {
            slim(session, seed)?;
            let mut script = String::new();
            for name in new {
                script += &of_postgresql(session, name)?;
            }
            psql(session, "postgres", &script)
        }
        Engine::Mariadb => {
            let mut script = String::new();
            for name in new {
                script += &of_mariadb(session, name, seed)?;
            }
            mariadb(session, directory, &script)
        }
    }
}

/// A database with the seed's two tables, filled up, where there is none yet.
fn slim(session: &Session, seed: &str) -> Result<()> {
    if psql(session, SLIM, "select 1;").is_ok() {
        return Ok(());
    }
    // What writes by itself would be taken for the plan's.
    psql(session, "postgres", "alter system set autovacuum = off;\nselect pg_reload_conf();")?;
    psql(session, "postgres", &format!("create database {SLIM} template template0 encoding 'UTF8';"))?;
    let paths = &session.cx.paths;
    let sockets = paths.server_socket_directory(&"main".parse()?);
    let mut dump = Command::new("pg_dump");
    dump.args(["-h", sockets.as_str(), "-U", "provost", "--no-owner", "--no-privileges"]);
    dump.args(["-t", "mdl_config", "-t", "mdl_config_plugins", seed]);
    let dumped = dump.env("PGPASSWORD", password(session)?).output()?;
    if !dumped.status.success() {
        return Err(String::from_utf8_lossy(&dumped.stderr).into());
    }
    psql(session, SLIM, &String::from_utf8(dumped.stdout)?)?;
    psql(
        session,
        SLIM,
        &format!(
            "insert into public.mdl_config (name, value) select 'filler' || n, '{FILLER}' from generate_series(1, {}) n;
             insert into public.mdl_config_plugins (plugin, name, value)
                select 'mod_filler' || n % 90, 'filler' || n, '{FILLER}' from generate_series(1, {}) n;
             analyze;",
            ROWS[0].1, ROWS[1].1
        ),
    )
}

fn of_postgresql(session: &Session, name: &Name) -> Result<String> {
    let database = &session.loaded.fleet.sites.get(name).ok_or("not declared")?.database_name;
    let mark = mark(session, name).to_text().replace('\'', "''");
    Ok(format!(
        "create database {database} owner {database} template {SLIM};
         revoke connect, temporary on database {database} from public;
         comment on database {database} is '{mark}';
         \\c {database}
         set search_path to public;
         alter table mdl_config owner to {database};
         alter table mdl_config_plugins owner to {database};
         {}\n",
        own_values(session, name)?
    ))
}

fn of_mariadb(session: &Session, name: &Name, seed: &str) -> Result<String> {
    let database = &session.loaded.fleet.sites.get(name).ok_or("not declared")?.database_name;
    let mut script = format!("use {database};\n");
    for (table, rows) in ROWS {
        script += &format!(
            "create table mdl_{table} like {seed}.mdl_{table};\ninsert into mdl_{table} select * from {seed}.mdl_{table};\n"
        );
        let columns = if table == "config" {
            ("name", "")
        } else {
            ("plugin, name", "concat('mod_filler', seq % 90), ")
        };
        script += &format!(
            "insert into mdl_{table} ({}, value) select {}concat('filler', seq), '{FILLER}' from seq_1_to_{rows};\n",
            columns.0, columns.1
        );
    }
    Ok(script + &own_values(session, name)?)
}

/// What only this site's tables say.
fn own_values(session: &Session, name: &Name) -> Result<String> {
    let site = session.loaded.fleet.sites.get(name).ok_or("not declared")?;
    let values =
        [("site", name.to_string()), ("wwwroot", site.url.to_string()), ("tree", tree(session, name)?)];
    let set = values.map(|(key, value)| {
        format!(
            "update mdl_config_plugins set value = '{value}' where plugin = 'provost' and name = '{key}';\n"
        )
    });
    Ok(set.concat())
}

fn password(session: &Session) -> Result<String> {
    let main: Name = "main".parse()?;
    let kept = secrets::read(&session.cx.paths, &Generated::ServerAdmin(&main))?;
    Ok(kept.ok_or("the server has no password")?.expose().to_owned())
}

fn psql(session: &Session, database: &str, script: &str) -> Result<()> {
    let sockets = session.cx.paths.server_socket_directory(&"main".parse()?);
    let mut command = Command::new("psql");
    command.args(["-h", sockets.as_str(), "-U", "provost", "-d", database, "-qX", "-v", "ON_ERROR_STOP=1"]);
    run(command.env("PGPASSWORD", password(session)?), script)
}

fn mariadb(session: &Session, directory: &Utf8Path, script: &str) -> Result<()> {
    let sockets = session.cx.paths.server_socket_directory(&"main".parse()?);
    let options = directory.join("client.cnf");
    std::fs::write(&options, format!("[client]\nuser = provost\npassword = \"{}\"\n", password(session)?))?;
    let mut command = Command::new("mariadb");
    command.args([&format!("--defaults-file={options}"), &format!("--socket={sockets}/mariadb.sock")]);
    run(&mut command, script)
}

fn run(command: &mut Command, script: &str) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("no input")?;
    // What it says of a fault is short, and comes after it has stopped reading.
    let written = input.write_all(script.as_bytes());
    drop(input);
    let ended = child.wait_with_output()?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).into());
    }
    Ok(written?)
}
