//! `[archive.NAME]`: what a session is, and what it cannot be.

use std::time::Duration;

use super::GOOD;
use crate::archive::{
    Age, Archive, Clash, Enrolments, Exception, Fate, Overrun, Place, Registry, Root, Taken, Transport,
    UserKey, ad_hoc,
};
use crate::load;

/// The good file with a session from hugo to zola that has some more lines.
fn file(lines: &str) -> String {
    format!("{GOOD}\n[archive.yearly]\nfrom = \"hugo\"\nto = \"zola\"\n{lines}")
}

const SELECT: &str = "select = [{ category = \"/Sessions/{year-1}\" }]\n";

fn session(lines: &str) -> Archive {
    let loaded = load("fleet.toml", &file(&format!("{SELECT}{lines}"))).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.fleet.archives[&"yearly".parse().unwrap()].clone()
}

fn faults(lines: &str) -> String {
    load("fleet.toml", &file(lines)).unwrap_err().to_string()
}

/// Only the messages and hints: where the place is shown elsewhere.
fn told(lines: &str) -> String {
    let found = load("fleet.toml", &file(&format!("{SELECT}{lines}"))).unwrap_err();
    let one = |fault: &crate::diagnostic::Diagnostic| {
        let hints: String = fault.hints.iter().map(|hint| format!("\n  {hint}")).collect();
        format!("{}{hints}\n", fault.message)
    };
    found.iter().map(one).collect()
}

#[test]
fn a_session_has_its_defaults() {
    let archive = session("");
    assert_eq!((archive.from.site.as_str(), archive.to.site.as_str()), ("hugo", "zola"));
    assert_eq!((archive.place.clone(), archive.source), (Place::Same, Fate::Keep));
    assert_eq!((archive.transport, archive.registry.clone()), (Transport::Shared, Registry::Sqlite));
    assert_eq!((archive.quarantine_days, archive.workers, archive.timezone.as_str()), (30, 2, "UTC"));
    assert!(archive.windows.is_empty() && archive.backup.users && archive.backup.logs);
    assert!(!archive.within_one_site());
}

#[test]
fn everything_can_be_said() {
    let archive = session(
        r#"
exclude = [{ courses = "keep.csv" }, { shortname = "DEMO-*", at_least = "1G", tags = ["gone"] }]
place = { rewrite = "/Archives/{year-1}/{below}" }
backup = { logs = false }
users = { match = "email", table = "people.csv", unmatched = "stop", taken = "rename", admin = "map", deleted = true }
restore = { clash = "number", roles = { tutor = "teacher" } }
after = { hide = true, freeze = true, enrolments = "end", tags = ["a{year}"], notice = "<p>{fullname}</p>", script = "after.php", rename = { shortname = "{shortname}-{year-1}" } }
source = "hide"
windows = ["22:00-05:30", "sat,sun 00:00-24:00"]
days = "mon-fri"
timezone = "Europe/Paris"
exceptions = ["2026-06-08..2026-06-19", "12-24..01-02"]
overrun = "stop"
workers = 4
transport = "full"
registry = "database.main"
accept = ["left_out:chat", "role"]
notify = { mail = ["ops@example.org"], webhook = { env = "HOOK" } }
"#,
    );
    assert!(matches!(&archive.exclude[0].root, Root::List(path) if path == "keep.csv"));
    assert_eq!(archive.exclude[1].filters.at_least_mib, Some(1024));
    assert_eq!((archive.users.key, archive.users.taken), (UserKey::Email, Taken::Rename));
    assert_eq!((archive.users.admin, archive.users.deleted), (Some(Taken::Map), true));
    assert_eq!(archive.restore.clash, Clash::Number);
    assert_eq!(archive.restore.roles["tutor"], "teacher");
    assert_eq!((archive.after.enrolments, archive.overrun), (Enrolments::End, Overrun::Stop));
    let windows: Vec<String> = archive.windows.iter().map(ToString::to_string).collect();
    assert_eq!(windows, ["mon,tue,wed,thu,fri 22:00-05:30", "sat,sun 00:00-24:00"]);
    assert!(archive.windows[0].over_midnight() && !archive.windows[1].over_midnight());
    assert!(matches!(archive.exceptions[1], Exception::Yearly { first: (12, 24), last: (1, 2) }));
    assert_eq!(archive.registry, Registry::Server("main".parse().unwrap()));
    let accepted: Vec<bool> = archive.accept.iter().map(|accept| accept.covers("left_out", "chat")).collect();
    assert_eq!(accepted, [true, false]);
    assert!(archive.accept.iter().any(|accept| accept.covers("left_out", "mod_chat")));
    let kept = serde_json::to_value(&archive).unwrap();
    assert_eq!(serde_json::from_value::<Archive>(kept).unwrap(), archive);
}

#[test]
fn what_a_session_keeps_does_not_slide_any_more() {
    let archive = session(
        "exclude = [{ ended_before = \"{year-2}-08-31\", unused_since = \"30d\" }]\nafter = { rename = { shortname = \"{shortname} {year}\" } }\n",
    );
    let kept = archive.resolved(2026);
    assert_eq!(kept.resolved(2030), kept);
    assert!(matches!(&kept.select[0].root, Root::Category { path, .. } if path.as_str() == "/Sessions/2025"));
    assert!(
        matches!(&kept.exclude[0].filters.ended_before, Some(Age::Date(date)) if date.as_str() == "2024-08-31")
    );
    assert_eq!(kept.exclude[0].filters.unused_since, Some(Age::Ago(Duration::from_hours(30 * 24))));
    let name = kept.after.rename.shortname.unwrap();
    assert_eq!(name.filled(1, |_| Some("BIO".into())).unwrap(), "BIO 2026");
}

#[test]
fn an_unknown_key_and_wrong_values_are_told_with_their_places() {
    insta::assert_snapshot!(faults(
        "select = [{ category = \"Sessions\" }, { shortnam = \"A*\" }, {}]\ntimezon = \"UTC\"\nsource = \"remove\"\n"
    ));
}

#[test]
fn ends_are_sites_of_the_file() {
    let text = file(SELECT).replace("to = \"zola\"", "to = \"zolla\"").replace("from = \"hugo\"\n", "");
    insta::assert_snapshot!(load("fleet.toml", &text).unwrap_err());
}

#[test]
fn windows_zones_and_exceptions_are_read_with_care() {
    insta::assert_snapshot!(told(
        "windows = [\"22:00-05:30\", \"25:00-05:00\", \"22-5\", \"fry 22:00-23:00\", \"22:00-22:00\", \"22:00-05:30\"]\n\
         timezone = \"Europe/Pariss\"\nexceptions = [\"2026-06-19..2026-06-08\", \"8 June\", \"02-30\"]\noverrun = \"kill\""
    ));
    insta::assert_snapshot!(told("window = \"22:00-05:30\"\nwindows = [\"01:00-02:00\"]\nworkers = 0"));
}

#[test]
fn days_alone_make_windows_of_whole_days() {
    let archive = session("days = \"sat-mon\"\n");
    assert_eq!(archive.windows[0].to_string(), "mon,sat,sun 00:00-24:00");
    assert_eq!(session("exceptions = [\"01-01\"]\n").windows[0].to_string(), "00:00-24:00");
}

#[test]
fn what_cannot_be_meant_is_told() {
    insta::assert_snapshot!(told(
        "place = { under = \"/A\", rewrite = \"/B\" }\nbackup = { users = false, anonymize = true }\n\
         after = { rename = { shortname = \"archive {year}\" }, script = \"after.sh\", notice = \"{teacher}\" }\n\
         transport = \"mnet\"\nquarantine_days = 5\naccept = [\"Left out\"]\nregistry = \"postgresql\"\n\
         notify = { mail = [\"ops\"], webhook = \"https://x:secret@hooks.example.org\" }"
    ));
    insta::assert_snapshot!(told(
        "place = { rewrite = \"/Archives/{year}-{path}\" }\nusers = { match = \"name\" }"
    ));
    insta::assert_snapshot!(told("transport = \"ssh\"\nregistry = \"database.mian\""));
}

#[test]
fn a_secret_in_the_place_of_a_webhook_is_not_shown() {
    let message =
        faults(&format!("{SELECT}notify = {{ webhook = \"https://x:hunter2@hooks.example.org\" }}"));
    assert!(message.contains("holds a password") && !message.contains("hunter2"), "{message}");
}

#[test]
fn a_selection_has_one_root_and_days_that_there_are() {
    let two = "select = [{ category = \"/A\", courses = \"a.csv\", ended_before = \"{year}-02-29\" }, { below = false, format = \"topics\" }]";
    let found = load("fleet.toml", &file(two)).unwrap_err();
    let messages: Vec<&str> = found.iter().map(|fault| fault.message.as_str()).collect();
    insta::assert_json_snapshot!(messages);
}

#[test]
fn an_end_on_another_host_is_reached_by_ssh() {
    let host = "to = { site = \"zola\", host = \"archive1\", user = \"ops\", port = 2222 }";
    let text = file(&format!("{SELECT}transport = \"ssh\"\n")).replace("to = \"zola\"", host);
    let archive = load("fleet.toml", &text).unwrap().fleet.archives[&"yearly".parse().unwrap()].clone();
    let end = archive.to.host.unwrap();
    assert_eq!((end.host.as_str(), end.user.as_deref(), end.port), ("archive1", Some("ops"), Some(2222)));
    let shared = load("fleet.toml", &text.replace("transport = \"ssh\"\n", "")).unwrap_err().to_string();
    assert!(shared.contains("an end on another host is reached by SSH"), "{shared}");
    let option = load("fleet.toml", &text.replace("\"archive1\"", "\"-oProxyCommand=x\"")).unwrap_err();
    assert!(option.to_string().contains("does not begin with `-`"), "{option}");
}

#[test]
fn within_one_site_courses_are_moved_and_that_is_said() {
    let within = |lines: &str| file(&format!("{SELECT}{lines}")).replace("to = \"zola\"", "to = \"hugo\"");
    let loaded = load("fleet.toml", &within("place = { under = \"/Archives/{year}\" }")).unwrap();
    insta::assert_snapshot!(loaded.warnings);
    let stays = load("fleet.toml", &within("")).unwrap_err().to_string();
    assert!(stays.contains("courses that stay in their site"), "{stays}");
    let gone = within("place = { under = \"/A\" }\nsource = \"delete\"");
    let gone = load("fleet.toml", &gone).unwrap_err().to_string();
    assert!(gone.contains("leaves no original behind"), "{gone}");
}

#[test]
fn deleting_what_was_left_out_is_odd() {
    let loaded =
        load("fleet.toml", &file(&format!("{SELECT}backup = {{ logs = false }}\nsource = \"delete\"")));
    let warnings = loaded.unwrap().warnings.to_string();
    assert!(warnings.contains("what the backup leaves out is lost"), "{warnings}");
}

#[test]
fn a_registry_is_on_postgresql() {
    let maria = "[database.maria]\nengine = \"mariadb\"\nmanaged = true\n";
    let text = file(&format!("{SELECT}registry = \"database.maria\"\n{maria}"))
        .replace("[site.hugo]\n", "[site.hugo]\ndatabase = \"main\"\n")
        .replace("[site.zola]\n", "[site.zola]\ndatabase = \"main\"\n");
    let message = load("fleet.toml", &text).unwrap_err().to_string();
    assert!(message.contains("a registry is on PostgreSQL"), "{message}");
}

#[test]
fn options_are_checked_as_the_file_is() {
    let fleet = load("fleet.toml", GOOD).unwrap().fleet;
    let options = |to: &str| {
        let select: toml::Value = toml::from_str::<toml::Table>(SELECT).unwrap()["select"].clone();
        let keys = [("from", "hugo".into()), ("to", to.into()), ("select", select)];
        keys.map(|(key, value): (&str, toml::Value)| (key.to_owned(), value))
    };
    let declared = ad_hoc(&fleet, "the options", &options("zola")).unwrap();
    assert_eq!(declared.archive, session(""));
    insta::assert_snapshot!(ad_hoc(&fleet, "the options", &options("zolla")).unwrap_err());
    let odd = [("a\"b".to_owned(), toml::Value::from(1))];
    assert!(ad_hoc(&fleet, "the options", &odd).unwrap_err().to_string().contains("unknown key"));
}

#[test]
fn a_site_knows_its_sessions() {
    let fleet = load("fleet.toml", &file(SELECT)).unwrap().fleet;
    let of = |site: &str| -> Vec<String> {
        let found = fleet.archives_of(&site.parse().unwrap());
        found
            .into_iter()
            .flat_map(|(name, keys)| keys.into_iter().map(move |key| format!("{name}.{key}")))
            .collect()
    };
    assert_eq!(
        (of("hugo"), of("zola"), of("zoe")),
        (vec!["yearly.from".to_owned()], vec!["yearly.to".to_owned()], vec![])
    );
}
