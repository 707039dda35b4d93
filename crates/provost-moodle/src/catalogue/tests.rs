use std::error::Error as _;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Entries of the shapes that the real list has, with what authors leave out or write otherwise.
const LIST: &str = r#"{
    "timestamp": 1767225600,
    "something": {"new": [1, {"deep": null}]},
    "plugins": [
        {"id": 1, "name": "Attendance", "component": "mod_example", "source": "https://git.example/x", "doc": null,
         "timelastreleased": 1740000000, "versions": [
            {"id": 10, "version": "2024100709", "release": "v4.5-r9", "maturity": 200,
             "downloadurl": "https://moodle.example/x-9.zip", "downloadmd5": "0123456789ABCDEF0123456789abcdef",
             "vcssystem": "git", "vcssystemother": null, "vcsrepositoryurl": "https://git.example/x.git",
             "vcsbranch": "MOODLE_405_STABLE", "vcstag": "v4.5-r9", "timecreated": 1740000000,
             "supportedmoodles": [{"version": 2024042200, "release": "4.4"}, {"version": "2024100700", "release": "4.5"}]},
            {"version": 2024100710, "release": "v4.5-r10", "maturity": "200", "vcstag": "v4.5-r10",
             "vcsrepositoryurl": "git@git.example:x.git", "supportedmoodles": [{"release": "4.5"}]},
            {"version": 2025010100, "release": "v4.5-beta", "maturity": 100, "downloadurl": "", "downloadmd5": "zz",
             "vcssystem": "svn", "vcsrepositoryurl": "https://svn.example/x", "supportedmoodles": [{"release": 4.5}]},
            {"version": "", "release": "nothing"},
            {"version": "v1.2"},
            null
         ]},
        {"versions": [{"version": 1, "vcsrepositoryurl": "--upload-pack=x", "vcstag": "-x"}], "component": "local_late"},
        {"component": "block_other", "name": 7, "versions": {"odd": true}},
        {"component": "block_empty", "versions": null},
        {"component": null, "name": "A theme outside"},
        {"component": "mod_example", "versions": []},
        "text", 7, null, [1, [2]], true, 1.5, -1
    ]
}"#;

fn component(text: &str) -> Component {
    text.parse().expect("a component")
}

fn read(json: &str, wanted: &[&str]) -> Result<Catalogue, CatalogueError> {
    Catalogue::read(json.as_bytes(), &wanted.iter().map(|name| component(name)).collect())
}

fn list() -> Catalogue {
    read(LIST, &["mod_example", "local_late", "local_absent", "block_empty"]).expect("a list")
}

fn example() -> CataloguePlugin {
    list().plugins.remove(&component("mod_example")).expect("wanted")
}

fn refused(json: &str) -> String {
    let error = read(json, &["mod_example"]).expect_err(json);
    error.source().map_or(error.to_string(), |source| format!("{error}: {source}"))
}

#[test]
fn keeps_what_is_wanted_and_counts_what_is_broken() {
    let list = list();
    assert_eq!(list.timestamp, Some(1_767_225_600));
    let kept: Vec<String> = list.plugins.keys().map(ToString::to_string).collect();
    assert_eq!(kept, ["block_empty", "local_late", "mod_example"]);
    let names: Vec<&str> = list.components().collect();
    assert_eq!(names, ["block_empty", "block_other", "local_late", "mod_example"]);
    // Without a component, twice there, and seven that are no objects.
    assert_eq!(list.skipped, Skipped { plugins: 9, versions: 3 });
    assert!(list.has(&component("block_other")) && !list.has(&component("local_absent")));
}

#[test]
fn reads_every_field() {
    let plugin = example();
    insta::assert_snapshot!(serde_json::to_string(&plugin.versions.last()).expect("serialises"), @r#"{"version":"2024100709","release":"v4.5-r9","maturity":"stable","download":{"url":"https://moodle.example/x-9.zip","md5":"0123456789abcdef0123456789abcdef"},"vcs":{"url":"https://git.example/x.git","tag":"v4.5-r9","branch":"MOODLE_405_STABLE"},"moodles":[{"release":"4.4","version":"2024042200"},{"release":"4.5","version":"2024100700"}]}"#);
    let beta = plugin.versions.first().expect("three versions");
    assert_eq!((&beta.download, &beta.vcs, beta.is_for("4.5")), (&None, &None, true));
    let by_ssh = plugin.named("v4.5-r10").and_then(|version| version.vcs.as_ref()).expect("in git");
    assert_eq!(by_ssh.url, "git@git.example:x.git");
}

#[test]
fn an_address_is_never_an_option_or_a_command() {
    let list = list();
    let late = list.plugins.get(&component("local_late")).expect("the component may come last");
    assert_eq!(late.versions.first().expect("one").vcs, None);
    for url in ["-x", "--upload-pack=x@h:p", "ext::sh -c x", "ext::x@y:z", "fd::1", "/etc", "a b@h:p", ""] {
        let json = json!({"plugins": [{"component": "mod_x", "versions": [{"version": 1, "vcsrepositoryurl": url,
            "downloadurl": url}]}]});
        let list = read(&json.to_string(), &["mod_x"]).expect("a list");
        let version = &list.plugins[&component("mod_x")].versions[0];
        assert_eq!((&version.vcs, &version.download), (&None, &None), "{url}");
    }
}

#[test]
fn the_newest_is_chosen_by_number() {
    let plugin = example();
    let newest = |release| plugin.newest_for(release).and_then(|version| version.release.as_deref());
    assert_eq!(newest("4.5"), Some("v4.5-r10"), "r10 is newer than r9, and a beta is not taken before them");
    assert_eq!(newest("4.4"), Some("v4.5-r9"));
    assert_eq!(newest("5.0"), None);
}

#[test]
fn a_version_is_found_by_number_tag_or_release() {
    let plugin = example();
    let found = |name| plugin.named(name).map(|version| version.version.to_string());
    assert_eq!(found("2024100709").as_deref(), Some("2024100709"));
    assert_eq!(found("2024100709.0").as_deref(), Some("2024100709"));
    assert_eq!(found("v4.5-r9").as_deref(), Some("2024100709"));
    assert_eq!(found("4.5-BETA").as_deref(), Some("2025010100"));
    assert_eq!(found("v4.5"), None);
}

#[test]
fn a_name_that_is_not_there_has_a_nearest() {
    let list = list();
    assert_eq!(list.nearest(&component("mod_exmaple")), Some("mod_example"));
    assert_eq!(list.nearest(&component("qtype_stack")), None);
}

#[test]
fn says_where_it_fails() {
    insta::assert_snapshot!(refused("<html>"), @"not a list of plugins: expected value at line 1 column 1");
    insta::assert_snapshot!(refused("{\"plugins\": [\n {\"component\": \"mod_x\""), @"not a list of plugins: EOF while parsing an object at line 2 column 22");
    insta::assert_snapshot!(refused("{\"plugins\": []} x"), @"not a list of plugins: trailing characters at line 1 column 17");
    for other in ["{}", "[]", "null", "7", "{\"plugins\": {\"a\": 1}}", "{\"plugins\": null}"] {
        assert_eq!(refused(other), "it has no list `plugins`", "{other}");
    }
    assert!(read("", &[]).is_err());
    assert!(read(&"[".repeat(100_000), &[]).is_err(), "depth is bounded");
}

#[test]
fn a_list_as_large_as_the_real_one_is_read_over_quickly() {
    let version = r#"{"id":1,"version":"2024100700","release":"v1","maturity":200,"downloadurl":"https://moodle.example/plugins/download.php/1/x.zip","supportedmoodles":[{"version":2024100700,"release":"4.5"}]}"#;
    let versions = [version; 50].join(",");
    let mut json = String::from("{\"plugins\":[");
    for index in 0..2500 {
        let comma = if index == 0 { "" } else { "," };
        write!(json, "{comma}{{\"id\":{index},\"component\":\"local_p{index}\",\"versions\":[{versions}]}}")
            .expect("text");
    }
    json.push_str("]}");
    let begun = std::time::Instant::now();
    let list = read(&json, &["local_p1234"]).expect("a list");
    assert_eq!((list.components().count(), list.plugins.len()), (2500, 1));
    assert!(begun.elapsed().as_secs() < 20, "{} MB in {:?}", json.len() >> 20, begun.elapsed());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Catalogue::read(&bytes, &BTreeSet::new()).is_err());
    }

    #[test]
    fn any_part_of_a_list_is_an_error(end in 0..LIST.len()) {
        prop_assert!(LIST.get(..end).is_none_or(|part| read(part, &["mod_example"]).is_err()));
    }

    /// Whatever a value is replaced by, the rest of the list is read.
    #[test]
    fn one_broken_value_spoils_nothing_else(
        key in prop::sample::select(vec!["component", "versions", "version", "release", "maturity", "vcstag", "supportedmoodles"]),
        value in prop::sample::select(vec!["null", "{}", "[]", "\"\"", "-1", "1e400", "[{\"version\":{}}]", "true"]),
    ) {
        let json = format!(
            "{{\"plugins\": [{{\"component\": \"mod_x\", \"{key}\": {value}, \"versions\": [{{\"version\": 2, \"{key}\": {value}}}]}},\
             {{\"component\": \"mod_y\", \"versions\": [{{\"version\": 1}}]}}]}}"
        );
        // A number that no computer holds is no JSON.
        let read = read(&json, &["mod_x", "mod_y"]);
        prop_assert_eq!(read.is_err(), value == "1e400");
        if let Ok(list) = read {
            prop_assert_eq!(list.plugins[&component("mod_y")].versions.len(), 1);
        }
    }
}
