//! On a real MariaDB of the test's own; says so and passes where there is none.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::{Event, Reporter};
use provost_engine::paths::Paths;
use provost_engine::store::Store;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::database::mariadb::{look, rename, tables_of};
use crate::mark::{Mark, Stage};
use crate::secrets::References;
use crate::server::Starting;
use provost_fleet::secret::Secret;

struct Silent;

impl Reporter for Silent {
    fn event(&self, _event: &Event) {}
}

/// A server and a fleet that has it.
struct Place {
    root: tempfile::TempDir,
    server: Child,
    servers: Servers,
    cx: Context,
    name: Name,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.server),
            rustix::process::Signal::KILL,
        );
        let _ended = self.server.wait();
    }
}

fn command(program: &str, root: &Utf8Path) -> Command {
    // MariaDB runs as root only when it is told to, which suits a directory that root made.
    let mut command = Command::new(program);
    command.args([
        "--no-defaults",
        "--user=root",
        &format!("--datadir={root}/data"),
        &format!("--tmpdir={root}/tmp"),
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn place() -> Option<Place> {
    let root = tempfile::Builder::new().prefix("pvc").tempdir_in("/tmp").unwrap();
    let path = Utf8PathBuf::from_path_buf(root.path().to_owned()).unwrap();
    std::fs::create_dir(path.join("tmp")).unwrap();
    let made = command("mariadb-install-db", &path).arg("--auth-root-authentication-method=normal").status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: MariaDB is missing");
        return None;
    }
    // One statement a line, as such a file is read.
    let accounts = "flush privileges;\ncreate user boss@localhost identified by 'secret';\n\
                    grant all on *.* to boss@localhost with grant option;\n\
                    set global max_connections = 40;\n";
    std::fs::write(path.join("accounts.sql"), accounts).unwrap();
    let socket = path.join("socket");
    let server = command("mariadbd", &path)
        .args([
            "--skip-networking",
            &format!("--socket={socket}"),
            &format!("--init-file={path}/accounts.sql"),
        ])
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the server does not come up");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::write(path.join("password"), "secret").unwrap();
    let text = format!(
        "[fleet]\nname = \"f\"\n[codebase.lts]\nmoodle = \"4.5+\"\n[database.main]\nengine = \"mariadb\"\nhost = \"{socket}\"\n\
         admin = {{ user = \"boss\", password = {{ file = \"password\" }} }}\n"
    );
    let fleet = Arc::new(provost_fleet::load("fleet.toml", &text).unwrap().fleet);
    let cx = Context {
        paths: Arc::new(Paths {
            state: path.join("state"),
            run: path.join("run"),
            cache: path.join("cache"),
            store: path.join("store"),
        }),
        store: Arc::new(Store::in_memory().unwrap()),
        cancel: CancellationToken::new(),
        reporter: Arc::new(Silent),
        machine: Arc::new(Machine::default()),
        limits: Limits { steps: 1, observations: 1 },
    };
    let servers = Servers::new(fleet, References { base: path }, Starting::Allowed);
    Some(Place { root, server, servers, cx, name: "main".parse().unwrap() })
}

impl Place {
    async fn execute(&self, statement: &str) {
        let mut admin = self.servers.admin(&self.cx, &self.name, None).await.unwrap();
        run(mariadb(&mut admin.sql).unwrap(), statement.to_owned()).await.unwrap();
    }

    async fn ask(&self, query: &str) -> Vec<String> {
        let mut admin = self.servers.admin(&self.cx, &self.name, None).await.unwrap();
        let sql = mariadb(&mut admin.sql).unwrap();
        let rows =
            sqlx::raw_sql(AssertSqlSafe(query.to_owned())).fetch_all(&mut *sql.connection).await.unwrap();
        rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect()
    }

    async fn copy(&self) -> Result<Copied, CopyError> {
        tables(&self.servers, &self.cx, &self.name, ("source", "target")).await
    }
}

#[tokio::test]
async fn a_copy_has_every_row_index_and_counter() {
    let Some(place) = place() else { return };
    assert!(place.root.path().exists());
    place
        .execute("create database source character set utf8mb4; create database target character set utf8mb4")
        .await;
    for table in 0..60 {
        place
            .execute(&format!(
                "create table source.mdl_t{table} (id bigint not null auto_increment primary key, name varchar(255) not null,
                     value longtext, unique key mdl_name (name)) collate utf8mb4_bin row_format = compressed"
            ))
            .await;
    }
    place
        .execute(
            "insert into source.mdl_t0 (name, value) values ('a', 'é'), ('b', null), ('c', repeat('x', 70000));
             delete from source.mdl_t0 where name = 'c';
             set session sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; insert into source.mdl_t1 (id, name) values (0, 'zero'), (7, 'seven');
             create table source.mdl_without (a int, b date not null); insert into source.mdl_without values (1, '2026-01-01'),
             (1, '2026-01-01')",
        )
        .await;
    assert_eq!(place.servers.free(&place.name), Some(10), "a quarter of what the server allows");
    let copied = place.copy().await.unwrap();
    assert_eq!((copied.tables, copied.rows), (61, 6));
    for table in ["mdl_t0", "mdl_t1", "mdl_t59", "mdl_without"] {
        let define = |database: &str| {
            format!(
                "select cast(json_arrayagg(concat_ws('/', column_name, column_type, is_nullable, column_key, extra, collation_name)) \
                     as char) from information_schema.columns where table_schema = '{database}' and table_name = '{table}'"
            )
        };
        assert_eq!(place.ask(&define("target")).await, place.ask(&define("source")).await, "{table}");
    }
    let counters = |database: &str| {
        format!(
            "select cast(concat_ws('/', table_name, auto_increment, row_format, table_collation) as char) \
                 from information_schema.tables where table_schema = '{database}' order by table_name"
        )
    };
    let counted = place.ask(&counters("target")).await;
    assert_eq!(counted, place.ask(&counters("source")).await);
    assert!(counted.contains(&"mdl_t0/4/Compressed/utf8mb4_bin".to_owned()), "3 was deleted: {counted:?}");
    assert!(counted.contains(&"mdl_t1/8/Compressed/utf8mb4_bin".to_owned()), "{counted:?}");
    let rows = "select cast(concat_ws('/', id, name, coalesce(value, 'null')) as char) from target.mdl_t0 \
                union all select cast(concat_ws('/', id, name, coalesce(value, 'null')) as char) from target.mdl_t1";
    assert_eq!(place.ask(rows).await, ["1/a/é", "2/b/null", "0/zero/null", "7/seven/null"]);
}

#[tokio::test]
async fn what_would_be_lost_or_is_in_use_is_not_copied() {
    let Some(place) = place() else { return };
    place.execute("create database source; create database target; create table source.a (id int)").await;
    place.execute("create view source.b as select * from source.a").await;
    let told = place.copy().await.unwrap_err().to_string();
    assert_eq!(told, "`source` has 1 view, which a copy by tables would lose");
    place
        .execute(
            "drop view source.b; create trigger source.t before insert on source.a for each row set @a = 1",
        )
        .await;
    let told = place.copy().await.unwrap_err().to_string();
    assert_eq!(told, "`source` has 1 trigger, which a copy by tables would lose");
    place.execute("drop trigger source.t").await;
    let inside = place.servers.admin(&place.cx, &place.name, Some("source")).await.unwrap();
    assert!(matches!(place.copy().await, Err(CopyError::InUse { sessions: 1, .. })));
    drop(inside);
    // A table that is in the way is told by its name, and nothing is written over.
    place.execute("create table target.a (other int)").await;
    let told = loop {
        match place.copy().await {
            // The session that was dropped may be there for a moment.
            Err(CopyError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => break other.unwrap_err().to_string(),
        }
    };
    assert_eq!(told, "cannot copy the table `a`");
}

#[tokio::test]
async fn a_rename_waits_for_what_a_killed_one_still_does() {
    let Some(place) = place() else { return };
    place.execute("create database f_a").await;
    let tables: Vec<String> =
        (0..120).map(|table| format!("create table f_a.mdl_t{table} (id int)")).collect();
    place.execute(&tables.join(";")).await;
    let mark = Mark {
        fleet: "fleet".to_owned(),
        site: "b".parse().unwrap(),
        stage: Stage::Installed,
        dataroot: None,
        was: None,
        server: None,
        copy: None,
        template: None,
    };
    let password = Secret::new("secret");
    for (wait, from, to) in [(5, "f_a", "f_b"), (15, "f_b", "f_a"), (40, "f_a", "f_b"), (80, "f_b", "f_a")] {
        let mut killed = place.servers.admin(&place.cx, &place.name, None).await.unwrap();
        let begun = rename(mariadb(&mut killed.sql).unwrap(), from, to, &password, &mark);
        let broken_off = tokio::time::timeout(Duration::from_millis(wait), begun).await.is_err();
        drop(killed);
        let mut admin = place.servers.admin(&place.cx, &place.name, None).await.unwrap();
        let sql = mariadb(&mut admin.sql).unwrap();
        rename(sql, from, to, &password, &mark).await.unwrap();
        let there = look(sql).await.unwrap();
        assert!(there[to].database.is_some() && !there.contains_key(from), "{wait} ms, {broken_off}");
        assert_eq!(tables_of(sql, to).await.unwrap().len(), 120, "{wait} ms, {broken_off}");
    }
}

/// A template that is made anew finds the user of the one before, which was kept out when that was closed.
#[tokio::test]
async fn a_user_that_was_kept_out_comes_in_when_it_is_made_again() {
    let Some(place) = place() else { return };
    let mut admin = place.servers.admin(&place.cx, &place.name, None).await.unwrap();
    let Sql::Mariadb(sql) = &mut admin.sql else { panic!("it is a MariaDB") };
    let password = Secret::new("secret");
    for locked in [false, true] {
        crate::database::mariadb::ensure_user(sql, "again", &password).await.unwrap();
        let mark = Mark {
            fleet: "f".to_owned(),
            site: "again".parse().unwrap(),
            stage: Stage::Created,
            dataroot: None,
            was: None,
            server: None,
            copy: None,
            template: None,
        };
        crate::database::mariadb::create(sql, "again", &mark).await.unwrap();
        let there = crate::database::mariadb::look_at_closed(sql, "again").await.unwrap().unwrap();
        assert!(!there.locked, "made after one that was kept out: {locked}");
        crate::database::mariadb::shut(sql, "again").await.unwrap();
        assert!(crate::database::mariadb::look_at_closed(sql, "again").await.unwrap().unwrap().locked);
        crate::database::mariadb::drop_database(sql, "again").await.unwrap();
    }
}
