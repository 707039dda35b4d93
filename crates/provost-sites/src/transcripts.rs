//! What each kind plans for every observation. The planners are pure, so no server, no PHP and no file is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use provost_engine::kind::{Kind, Observation, Owner, Reason};
use provost_engine::reconcile::survey;
use provost_fleet::lock::{Lock, LockedCodebase, LockedMoodle, declaration_digest};
use provost_fleet::model::{Engine, Fleet};
use provost_fleet::name::Name;

use crate::fleet_state::FleetId;
use crate::kind_database::{DatabaseKind, SeenDatabase};
use crate::kind_keyspace::{KeyspaceKind, SeenKeyspace};
use crate::kind_redis::{RedisKind, SeenRedis};
use crate::kind_server::{Kept, SeenServer, ServerKind};
use crate::kind_site::{DatabaseGone, Relocation, SeenSite, SiteKind};
use crate::kind_spare::{SeenSpare, SpareKind};
use crate::kind_template::{SeenTemplate, TemplateKind};
use crate::kind_vhost::{SeenVhost, VhostKind};
use crate::relocation::Other;
use crate::rename::Former;
use crate::secrets::References;
use crate::server::{Servers, Starting};
use crate::site::moving::Way;

mod settings;

const FLEET: &str = r#"
[fleet]
name = "test"
[web]
listen = "127.0.0.1:8080"
[codebase.lts]
moodle = "4.5+"
[template.school]
spares = 2
courses = ["welcome.mbz"]
[site.hugo]
url = "http://hugo.localhost:8080"
[site.camus]
url = "http://camus.localhost:8080"
template = "school"
"#;

struct Scene {
    fleet: Arc<Fleet>,
    lock: Lock,
    servers: Arc<Servers>,
}

fn scene() -> Scene {
    let fleet = Arc::new(provost_fleet::load("fleet.toml", FLEET).unwrap().fleet);
    let codebase = name("lts");
    let locked = LockedCodebase {
        declared: declaration_digest(&fleet.codebases[&codebase]),
        tree: "a".repeat(40),
        moodle: LockedMoodle {
            request: "4.5+".to_owned(),
            source: "/moodle".to_owned(),
            reference: "refs/heads/MOODLE_405_STABLE".to_owned(),
            rule: "tip of MOODLE_405_STABLE".to_owned(),
            commit: "c".repeat(40),
            release: "4.5.1".to_owned(),
            version: "2024100701".to_owned(),
            branch: "405".to_owned(),
            submodules: BTreeMap::new(),
        },
        plugins: BTreeMap::new(),
        absent: BTreeMap::new(),
        patches: Vec::new(),
    };
    let lock = Lock { codebases: BTreeMap::from([(codebase, locked)]) };
    let servers = Arc::new(Servers::new(fleet.clone(), references(), Starting::Never));
    Scene { fleet, lock, servers }
}

fn references() -> References {
    References { base: "/nowhere".into() }
}

fn fleet_id() -> FleetId {
    FleetId { id: "fleet-id".to_owned() }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn why(text: &str) -> Reason {
    Reason(text.to_owned())
}

/// The plan of one kind for one observation of a name, as text.
fn plan<K: Kind>(scene: &Scene, kind: &K, of: &str, seen: Observation<K::Seen>) -> String {
    let mut wanted = kind.wanted(&scene.fleet, &scene.lock);
    wanted.retain(|one, _| one == &name(of));
    let survey = survey(kind, &wanted, &BTreeMap::from([(name(of), seen)]));
    let mut text = String::new();
    for step in survey.steps {
        writeln!(text, "{} ({:?}): {}", step.id, step.impact, step.reason).unwrap();
        for change in step.changes {
            writeln!(text, "  {}: {:?} -> {:?}", change.what, change.from, change.to).unwrap();
        }
        for after in step.after {
            writeln!(text, "  after {after}").unwrap();
        }
    }
    for held in survey.held {
        writeln!(text, "held: {}; {}", held.reason, held.hint).unwrap();
    }
    for blocked in survey.blocked {
        writeln!(
            text,
            "blocked: {}{}",
            blocked.reason,
            blocked.hint.map(|hint| format!("; {hint}")).unwrap_or_default()
        )
        .unwrap();
    }
    if text.is_empty() { "in step".to_owned() } else { text }
}

#[test]
fn server() {
    let scene = scene();
    let kind = ServerKind { servers: scene.servers.clone() };
    let engine = Engine::Postgresql;
    let seen = || SeenServer { managed: true, engine, release: Some("15".to_owned()), kept: None };
    let kept = |databases| Kept {
        directory: "/state/data/servers/old".into(),
        mark: "/state/keep/servers/old.json".into(),
        engine,
        version: Some("15".to_owned()),
        databases: Some(databases),
    };
    let each = [
        ("absent", Observation::Absent),
        ("present", Observation::Present(seen())),
        ("partial", Observation::Partial(seen(), why("its making was interrupted"))),
        ("foreign", Observation::Foreign(Owner("`/data` was not made by Provost".to_owned()))),
        ("unknown", Observation::Unknown(why("its data is gone; is a disk not mounted?"))),
    ];
    let mut text: String = each
        .into_iter()
        .map(|(word, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, "main", seen).trim_end()))
        .collect::<Vec<_>>()
        .concat();
    let other = SeenServer { kept: Some(kept(2)), ..seen() };
    let told = plan(&scene, &kind, "old", Observation::Present(other));
    write!(text, "== no longer in the file\n{told}").unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn database() {
    let scene = scene();
    let kind =
        DatabaseKind { fleet: scene.fleet.clone(), servers: scene.servers.clone(), fleet_id: fleet_id() };
    let seen = || SeenDatabase {
        server: name("main"),
        name: "test_hugo".to_owned(),
        password_kept: true,
        mark_lost: false,
        unused: false,
    };
    let each = [
        ("absent", "hugo", Observation::Absent),
        ("present", "hugo", Observation::Present(seen())),
        ("another password", "hugo", Observation::Present(SeenDatabase { password_kept: false, ..seen() })),
        ("elsewhere", "hugo", Observation::Present(SeenDatabase { name: "old_name".to_owned(), ..seen() })),
        ("partial", "hugo", Observation::Partial(seen(), why("its creation was interrupted"))),
        (
            "restored, without its mark",
            "hugo",
            Observation::Partial(
                SeenDatabase { mark_lost: true, password_kept: false, ..seen() },
                why("its mark is gone, but what it holds is this site of this fleet"),
            ),
        ),
        (
            "on a server that left the file",
            "hugo",
            Observation::Partial(
                SeenDatabase { server: name("old"), ..seen() },
                why("its site was installed on `old`, which is no longer in the file"),
            ),
        ),
        ("foreign", "hugo", Observation::Foreign(Owner("it carries no mark of Provost".to_owned()))),
        ("unknown", "hugo", Observation::Unknown(why("the server does not answer"))),
        (
            "no longer wanted",
            "zola",
            Observation::Present(SeenDatabase { name: "test_zola".to_owned(), ..seen() }),
        ),
        ("no longer wanted, unknown", "zola", Observation::Unknown(why("the server does not answer"))),
        ("no longer wanted, foreign", "zola", Observation::Foreign(Owner("of another fleet".to_owned()))),
    ];
    let text: String = each
        .into_iter()
        .map(|(word, of, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, of, seen).trim_end()))
        .collect::<Vec<_>>()
        .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn site() {
    let scene = scene();
    let kind = SiteKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let seen = || SeenSite {
        tree: Some("a".repeat(40)),
        release: Some("4.5.1".to_owned()),
        version: Some("2024100701".to_owned()),
        url: Some("http://hugo.localhost:8080".to_owned()),
        dataroot: Some("/data/hugo".into()),
        build_missing: false,
        lowered: Vec::new(),
        ..SeenSite::default()
    };
    let former =
        |database: &str| Some(Former { name: name("balzac"), database: database.to_owned(), begun: false });
    let gone = |server: Option<&str>| {
        let database_gone = Some(DatabaseGone { was_on: server.map(name) });
        Observation::Partial(SeenSite { database_gone, ..SeenSite::default() }, why("its database is gone"))
    };
    let relocated = |way: Way, refused: Option<&str>| {
        let other = Other { server: name("old"), database: "test_hugo".to_owned() };
        let relocation = Some(Relocation { way, other, refused: refused.map(str::to_owned) });
        Observation::Present(SeenSite { relocation, ..seen() })
    };
    let on_another = |differing: &[&str]| {
        Observation::Present(SeenSite {
            tree: Some("b".repeat(40)),
            other_codebase: true,
            differing: differing.iter().map(|&part| part.to_owned()).collect(),
            ..seen()
        })
    };
    let each = [
        ("its database is on another server", "hugo", relocated(Way::Go, None)),
        (
            "its database is on another engine",
            "hugo",
            relocated(Way::Go, Some("it is on `old`, which is MariaDB")),
        ),
        ("its move was interrupted after it", "hugo", relocated(Way::Finish, None)),
        ("its move was given up", "hugo", relocated(Way::Back, None)),
        ("another codebase of the same versions", "hugo", on_another(&[])),
        ("another codebase of other versions", "hugo", on_another(&["mod_x (1 to 2)"])),
        (
            "without plugins",
            "hugo",
            Observation::Present(SeenSite {
                tree: Some("b".repeat(40)),
                differing: vec!["mod_x (1 to none)".to_owned()],
                removed: vec!["mod_x".to_owned()],
                ..seen()
            }),
        ),
        (
            "without plugins that it was told to be without",
            "hugo",
            Observation::Present(SeenSite {
                tree: Some("b".repeat(40)),
                differing: vec!["mod_x (1 to none)".to_owned()],
                removed: vec!["mod_x".to_owned()],
                released: true,
                ..seen()
            }),
        ),
        (
            "a move to its build was interrupted",
            "hugo",
            Observation::Present(SeenSite { halted: true, ..seen() }),
        ),
        ("absent", "hugo", Observation::Absent),
        ("present", "hugo", Observation::Present(seen())),
        ("behind", "hugo", Observation::Present(SeenSite { tree: Some("b".repeat(40)), ..seen() })),
        (
            "ahead",
            "hugo",
            Observation::Present(SeenSite {
                tree: Some("b".repeat(40)),
                lowered: vec!["mod_x (2 to 1)".to_owned()],
                ..seen()
            }),
        ),
        (
            "behind, and files differ",
            "hugo",
            Observation::Present(SeenSite {
                tree: Some("b".repeat(40)),
                differs: vec!["configuration".to_owned()],
                ..seen()
            }),
        ),
        (
            "behind, and its build is gone",
            "hugo",
            Observation::Present(SeenSite { tree: Some("b".repeat(40)), build_missing: true, ..seen() }),
        ),
        (
            "another URL",
            "hugo",
            Observation::Present(SeenSite { url: Some("http://old.example.org".to_owned()), ..seen() }),
        ),
        (
            "a change of its URL was begun",
            "hugo",
            Observation::Present(SeenSite { unsettled: true, ..seen() }),
        ),
        ("another name", "hugo", Observation::Present(SeenSite { former: former("test_balzac"), ..seen() })),
        (
            "another name and another URL, behind, and its database has its name already",
            "hugo",
            Observation::Present(SeenSite {
                tree: Some("b".repeat(40)),
                url: Some("http://old.example.org".to_owned()),
                former: former("test_hugo"),
                ..seen()
            }),
        ),
        (
            "files differ",
            "hugo",
            Observation::Present(SeenSite { differs: vec!["configuration".to_owned()], ..seen() }),
        ),
        (
            "partial",
            "hugo",
            Observation::Partial(SeenSite::default(), why("its installation was not finished")),
        ),
        ("its database is gone", "hugo", gone(None)),
        ("its database is on a server that left the file", "hugo", gone(Some("old"))),
        (
            "foreign",
            "hugo",
            Observation::Foreign(Owner("`/data/hugo` is not empty and carries no mark".to_owned())),
        ),
        ("unknown", "hugo", Observation::Unknown(why("its dataroot is gone; is a disk not mounted?"))),
        ("no longer wanted", "zola", Observation::Present(seen())),
        (
            "no longer wanted, partial",
            "zola",
            Observation::Partial(seen(), why("its installation was not finished")),
        ),
        ("no longer wanted, unknown", "zola", Observation::Unknown(why("the server does not answer"))),
    ];
    let text: String = each
        .into_iter()
        .map(|(word, of, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, of, seen).trim_end()))
        .collect::<Vec<_>>()
        .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn vhost() {
    let scene = scene();
    let kind = VhostKind {
        fleet: scene.fleet.clone(),
        lock: Arc::new(scene.lock.clone()),
        fleet_id: fleet_id(),
        rounds: crate::up::Rounds::default(),
    };
    let seen = |differs: &[&str]| SeenVhost {
        host: Some("hugo.localhost".to_owned()),
        differs: differs.iter().map(|what| (*what).to_owned()).collect(),
    };
    let each = [
        ("absent", "hugo", Observation::Absent),
        ("present", "hugo", Observation::Present(seen(&[]))),
        ("different", "hugo", Observation::Present(seen(&["nginx file"]))),
        ("unknown", "hugo", Observation::Unknown(why("cannot read the list of users"))),
        ("no longer wanted", "zola", Observation::Present(seen(&[]))),
    ];
    let text: String = each
        .into_iter()
        .map(|(word, of, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, of, seen).trim_end()))
        .collect::<Vec<_>>()
        .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn template() {
    let scene = scene();
    let kind = TemplateKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let declared = kind.wanted(&scene.fleet, &scene.lock)[&name("school")].declared.clone();
    let seen = || SeenTemplate {
        tree: "a".repeat(40),
        release: "4.5.1".to_owned(),
        server: Some(name("main")),
        database_name: "test_template_school".to_owned(),
        declared: declared.clone(),
        ..SeenTemplate::default()
    };
    let older = || SeenTemplate { tree: "b".repeat(40), release: "4.5".to_owned(), ..seen() };
    let each = [
        ("absent", "school", Observation::Absent),
        ("present", "school", Observation::Present(seen())),
        ("unfinished", "school", Observation::Partial(seen(), why("its making was not finished"))),
        ("open", "school", Observation::Present(SeenTemplate { open: true, ..seen() })),
        ("on an older build", "school", Observation::Present(older())),
        (
            "older, with content made by hand",
            "school",
            Observation::Present(SeenTemplate { edited: true, ..older() }),
        ),
        (
            "declared otherwise",
            "school",
            Observation::Present(SeenTemplate { declared: String::new(), ..seen() }),
        ),
        (
            "with other courses",
            "school",
            Observation::Present(SeenTemplate { content_differs: true, ..seen() }),
        ),
        (
            "on another server",
            "school",
            Observation::Present(SeenTemplate { server: Some(name("old")), ..seen() }),
        ),
        ("no longer in the file", "gone", Observation::Present(seen())),
        ("foreign", "school", Observation::Foreign(Owner("it carries no mark of Provost".to_owned()))),
        ("unknown", "school", Observation::Unknown(why("the server does not answer"))),
    ];
    let text =
        each.map(|(word, of, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, of, seen).trim_end()));
    insta::assert_snapshot!(text.concat());
}

#[test]
fn spare() {
    let scene = scene();
    let kind = SpareKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let wanted = kind.wanted(&scene.fleet, &scene.lock);
    assert_eq!(wanted.keys().map(Name::as_str).collect::<Vec<_>>(), ["school-1", "school-2"]);
    let seen = |stale, template: Option<&str>| SeenSpare {
        server: Some(name("main")),
        database_name: "test_template_school_spare1".to_owned(),
        stale,
        template: template.map(str::to_owned),
    };
    let each = [
        ("absent", "school-1", Observation::Absent),
        ("ready", "school-1", Observation::Present(seen(false, None))),
        ("ready, and its template is open", "school-1", Observation::Present(seen(false, Some("is open")))),
        ("of an older template", "school-1", Observation::Present(seen(true, None))),
        ("older, and its template is open", "school-1", Observation::Present(seen(true, Some("is open")))),
        ("unfinished", "school-1", Observation::Partial(seen(false, None), why("it is not whole"))),
        (
            "cannot be made",
            "school-1",
            Observation::Partial(seen(false, Some("is open")), why("there is no spare school-1 yet")),
        ),
        ("more than the file asks for", "school-3", Observation::Present(seen(false, None))),
        ("left files", "school-3", Observation::Partial(SeenSpare::default(), why("its files are left"))),
        ("foreign", "school-1", Observation::Foreign(Owner("it carries no mark of Provost".to_owned()))),
    ];
    let text =
        each.map(|(word, of, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, of, seen).trim_end()));
    insta::assert_snapshot!(text.concat());
}

#[test]
fn a_clone_waits_for_its_template() {
    let scene = scene();
    let site = SiteKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let database =
        DatabaseKind { fleet: scene.fleet.clone(), servers: scene.servers.clone(), fleet_id: fleet_id() };
    let half = || SeenSite { dataroot: Some("/state/data/sites/camus".into()), ..SeenSite::default() };
    let role = |password_kept| SeenDatabase {
        server: name("main"),
        name: "test_camus".to_owned(),
        password_kept,
        mark_lost: false,
        unused: false,
    };
    let copied = Observation::Partial(role(true), why("its copying was interrupted"));
    let text = [
        ("no database", plan(&scene, &database, "camus", Observation::Absent)),
        ("a role", plan(&scene, &database, "camus", Observation::Present(role(true)))),
        ("a role with another password", plan(&scene, &database, "camus", Observation::Present(role(false)))),
        ("a copy without a mark", plan(&scene, &database, "camus", copied)),
        ("no site", plan(&scene, &site, "camus", Observation::Absent)),
        (
            "half a site",
            plan(
                &scene,
                &site,
                "camus",
                Observation::Partial(half(), why("its installation was interrupted")),
            ),
        ),
    ]
    .map(|(word, plan)| format!("== {word}\n{}\n", plan.trim_end()))
    .concat();
    insta::assert_snapshot!(text);
}

const WITH_REDIS: &str = "[redis.main]\nmanaged = true\n[redis.far]\nsessions = { host = \"r1\" }\ncaches = { host = \"r2\" }\n\
                          admin = { user = \"default\", password = { env = \"P\" } }\n";

/// The scene, with Redis: `hugo` has it and `camus` has not.
fn scene_with_redis() -> Scene {
    let text = FLEET.replace("[site.hugo]\n", &format!("{WITH_REDIS}[site.hugo]\nredis = \"main\"\n"));
    let text = text.replace("[site.camus]\n", "[site.camus]\nredis = \"none\"\n");
    let fleet = Arc::new(provost_fleet::load("fleet.toml", &text).unwrap().fleet);
    let servers = Arc::new(Servers::new(fleet.clone(), references(), Starting::Never));
    Scene { fleet, servers, ..scene() }
}

#[test]
fn redis() {
    let scene = scene_with_redis();
    let kind = RedisKind { servers: scene.servers.clone() };
    let seen =
        |managed| SeenRedis { managed, sites: vec![name("camus"), name("hugo")], ..SeenRedis::default() };
    let unfit =
        SeenRedis { unfit: Some("its `maxmemory-policy` is `allkeys-lru`".to_owned()), ..seen(false) };
    let text = [
        ("absent", "main", Observation::Absent),
        ("present", "main", Observation::Present(seen(true))),
        ("lost", "main", Observation::Unknown(why("its data is gone; is a disk not mounted?"))),
        ("foreign", "main", Observation::Foreign(Owner("`/data` was not made by Provost".to_owned()))),
        ("an existing one was used under this name", "main", Observation::Present(seen(false))),
        ("an existing one", "far", Observation::Present(seen(false))),
        ("an existing one that evicts sessions", "far", Observation::Present(unfit)),
        ("an existing one that does not answer", "far", Observation::Unknown(why("the connection failed"))),
        ("a managed one of this name was made", "far", Observation::Present(seen(true))),
        ("no longer in the file, managed", "old", Observation::Present(seen(true))),
        ("no longer in the file, existing", "old", Observation::Present(seen(false))),
    ]
    .map(|(word, name, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, name, seen).trim_end()))
    .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn keyspace() {
    let scene = scene_with_redis();
    let kind = KeyspaceKind { servers: scene.servers.clone(), fleet_id: fleet_id() };
    let seen = |whole, elsewhere: &[&str]| SeenKeyspace {
        whole,
        elsewhere: elsewhere.iter().map(|redis| name(redis)).collect(),
    };
    let lost = why("its user is gone from the instance for caches");
    let text = [
        ("absent", "hugo", Observation::Absent),
        ("present", "hugo", Observation::Present(seen(true, &[]))),
        ("its user is gone", "hugo", Observation::Partial(seen(false, &[]), lost)),
        ("in another redis", "hugo", Observation::Present(seen(false, &["far"]))),
        ("also in another redis", "hugo", Observation::Present(seen(true, &["far"]))),
        ("the redis does not answer", "hugo", Observation::Unknown(why("the connection failed"))),
        ("the site uses none any more", "camus", Observation::Present(seen(false, &["main"]))),
        ("the site is gone", "zola", Observation::Present(seen(false, &["main"]))),
    ]
    .map(|(word, name, seen)| format!("== {word}\n{}\n", plan(&scene, &kind, name, seen).trim_end()))
    .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn a_site_moves_its_sessions_when_its_keys_are_there() {
    let scene = scene_with_redis();
    let kind = SiteKind {
        fleet: scene.fleet.clone(),
        servers: scene.servers.clone(),
        fleet_id: fleet_id(),
        references: references(),
    };
    let seen = SeenSite {
        tree: Some("a".repeat(40)),
        differs: vec!["configuration".to_owned(), "cache configuration".to_owned()],
        sessions: Some(("database".to_owned(), "redis".to_owned())),
        ..SeenSite::default()
    };
    let text = [
        ("new", plan(&scene, &kind, "hugo", Observation::Absent)),
        ("there, with its sessions in the database", plan(&scene, &kind, "hugo", Observation::Present(seen))),
    ]
    .map(|(word, plan)| format!("== {word}\n{}\n", plan.trim_end()))
    .concat();
    insta::assert_snapshot!(text);
}
