//! Plugins of the plugins directory, and what is chosen where nothing is said.

use super::*;

fn release(
    version: &str,
    name: &str,
    tag: Option<(&Repository, &str)>,
    moodles: &[&str],
) -> serde_json::Value {
    let moodles: Vec<_> = moodles
        .iter()
        .map(|release| serde_json::json!({ "version": 2_025_041_400, "release": release }))
        .collect();
    let (url, tag) = tag.map_or((None, None), |(repository, tag)| (Some(repository.url()), Some(tag)));
    serde_json::json!({
        "id": 1, "version": version, "release": name, "maturity": 200, "downloadurl": null, "downloadmd5": null,
        "vcssystem": "git", "vcsrepositoryurl": url, "vcstag": tag, "supportedmoodles": moodles,
    })
}

fn list(place: &Place, component: &str, versions: &[serde_json::Value]) {
    let list = serde_json::json!({
        "timestamp": 1,
        "plugins": [{ "id": 1, "name": "A plugin", "component": component, "versions": versions }],
    });
    std::fs::write(place.root.join("catalogue.json"), list.to_string()).unwrap();
}

/// A plugin with a tag for each of these versions.
fn tagged(place: &Place, versions: &[(&str, &str, &str)]) -> Repository {
    let plugin = place.repository("x", &[("version.php", "<?php\n")]);
    for (tag, version, more) in versions {
        let file = format!("<?php\n$plugin->component = 'mod_x';\n$plugin->version = {version};\n{more}");
        plugin.commit(&[("version.php", &file)]);
        plugin.git(&["tag", tag]);
    }
    plugin
}

fn declared(moodle: &Repository, source: PluginSource) -> Codebase {
    let plugins = BTreeMap::from([("mod_x".parse().unwrap(), source)]);
    Codebase { moodle: "main".parse().unwrap(), git: moodle.path.to_string(), plugins, patches: Vec::new() }
}

fn chosen(locked: &LockedCodebase) -> String {
    let plugin = locked.plugins.values().next().unwrap();
    format!("{} by {}", plugin.version, plugin.rule.as_deref().unwrap_or("declaration"))
}

#[tokio::test]
async fn the_newest_release_for_this_moodle_is_taken() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin =
        tagged(&place, &[("v9", "2025010900", ""), ("v10", "2025011000", ""), ("v11", "2026011100", "")]);
    list(
        &place,
        "mod_x",
        &[
            release("2025010900", "9", Some((&plugin, "v9")), &["4.5", "5.0"]),
            release("2026011100", "11", Some((&plugin, "v11")), &["5.1"]),
            release("2025011000", "10", Some((&plugin, "v10")), &["5.0"]),
        ],
    );
    let newest = PluginSource::Catalogue { version: None };
    let locked = resolved(&place, &declared(&moodle, newest.clone())).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025011000 by newest release for Moodle 5.0 in the plugins directory");
    let named = PluginSource::Catalogue { version: Some("9".to_owned()) };
    let locked = resolved(&place, &declared(&moodle, named)).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025010900 by release 9 of the plugins directory");
    let nowhere = PluginSource::Catalogue { version: Some("12".to_owned()) };
    let error = resolved(&place, &declared(&moodle, nowhere)).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot resolve codebase lts: the plugins directory has no release of mod_x `12`; the newest is 11, for Moodle 5.1");
    list(&place, "mod_y", &[]);
    let error = resolved(&place, &declared(&moodle, newest)).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot resolve codebase lts: the plugins directory has no mod_x");
}

#[tokio::test]
async fn a_zip_of_the_directory_must_be_the_one_that_it_names() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = tagged(&place, &[("v1", "2025010100", "")]);
    plugin.git(&["archive", "--format=zip", "--prefix=x/", "-o", "../x.zip", "v1"]);
    let zip = plugin.path.with_file_name("x.zip");
    let digest = {
        use md5::Digest as _;
        crate::import::hex(&md5::Md5::digest(std::fs::read(&zip).unwrap()))
    };
    let with = |md5: &str| {
        let mut one = release("2025010100", "1", None, &["5.0"]);
        one["downloadurl"] = format!("file://{zip}").into();
        one["downloadmd5"] = md5.into();
        one
    };
    list(&place, "mod_x", &[with(&digest)]);
    let source = PluginSource::Catalogue { version: None };
    let locked = resolved(&place, &declared(&moodle, source.clone())).await.unwrap();
    assert_eq!(locked.plugins.values().next().unwrap().version, "2025010100");
    list(&place, "mod_x", &[with(&"0".repeat(32))]);
    let error = resolved(&place, &declared(&moodle, source.clone())).await.unwrap_err();
    assert!(error.contains(&digest), "{error}");
    // Nobody gets an older release in its place, and one that is only gone is told.
    let older = with(&digest);
    let newer = |url: &str, md5: &str| {
        let mut newer = with(md5);
        newer["version"] = "2025010200".into();
        newer["release"] = "2".into();
        newer["downloadurl"] = url.into();
        newer
    };
    list(&place, "mod_x", &[newer(&format!("file://{zip}"), &"0".repeat(32)), older.clone()]);
    let error = resolved(&place, &declared(&moodle, source.clone())).await.unwrap_err();
    assert!(error.contains(&digest), "{error}");
    list(&place, "mod_x", &[newer("file:///nowhere/x.zip", &digest), older]);
    place.told();
    let locked = resolved(&place, &declared(&moodle, source.clone())).await.unwrap();
    assert_eq!(locked.plugins.values().next().unwrap().version, "2025010100");
    let told = place.told();
    assert!(told.contains("mod_x: 2 is passed over: cannot read `/nowhere/x.zip`"), "{told}");
    // And a tag that holds another version than the directory says is not what was asked for.
    list(&place, "mod_x", &[release("2025019900", "1", Some((&plugin, "v1")), &["5.0"])]);
    let error = resolved(&place, &declared(&moodle, source)).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot resolve codebase lts: mod_x: file://ROOT/repositories/x holds version 2025010100, but the plugins directory says 2025019900");
}

#[tokio::test]
async fn where_nothing_is_said_branch_tag_and_default_are_tried() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let supported = "$plugin->supported = [405, 500];\n";
    let plugin = tagged(
        &place,
        &[
            ("v4.5-r9", "2025010900", supported),
            ("v4.5-r10", "2025011000", supported),
            ("v5.1-r1", "2026010100", "$plugin->supported = [501, 501];\n"),
        ],
    );
    let source = PluginSource::Git { url: plugin.path.to_string(), at: GitAt::Default };
    let locked = resolved(&place, &declared(&moodle, source.clone())).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025011000 by newest tag whose authors support 5.0");
    plugin.git(&["branch", "MOODLE_500_STABLE", "v4.5-r9"]);
    let locked = resolved(&place, &declared(&moodle, source.clone())).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025010900 by branch MOODLE_500_STABLE");
    plugin.git(&["branch", "-D", "MOODLE_500_STABLE"]);
    plugin.git(&["tag", "-d", "v4.5-r9", "v4.5-r10"]);
    let locked = resolved(&place, &declared(&moodle, source)).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2026010100 by default branch `main`");
}

#[tokio::test]
async fn an_old_moodle_gets_what_a_plugin_was_years_ago() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let newer = "$plugin->requires = 2099010100;\n";
    let newest: Vec<(String, String)> =
        (2..40).map(|number| (format!("v1.{number}"), format!("20250110{number:02}"))).collect();
    let old = ("v1.1", "2025011001", "$plugin->requires = 2010010100;\n");
    let tags: Vec<(&str, &str, &str)> = std::iter::once(old)
        .chain(newest.iter().map(|(tag, version)| (tag.as_str(), version.as_str(), newer)))
        .collect();
    let plugin = tagged(&place, &tags);
    let source = PluginSource::Git { url: plugin.path.to_string(), at: GitAt::Default };
    let locked = resolved(&place, &declared(&moodle, source)).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025011001 by newest tag that fits");
}

#[tokio::test]
async fn a_stable_branch_that_is_ahead_of_this_moodle_leaves_its_tags() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let later = "$plugin->requires = 2025041401;\n";
    let mut versions = vec![
        ("v5.0-r1".to_owned(), "2025041401".to_owned(), ""),
        ("v5.0-r2".into(), "2025041402".into(), ""),
    ];
    versions.extend((3..20).map(|at| (format!("v5.0-r{at}"), format!("20250414{at:02}"), later)));
    let versions: Vec<(&str, &str, &str)> =
        versions.iter().map(|(tag, version, more)| (tag.as_str(), version.as_str(), *more)).collect();
    let plugin = tagged(&place, &versions);
    plugin.git(&["branch", "MOODLE_500_STABLE"]);
    let from = |at| PluginSource::Git { url: plugin.path.to_string(), at };
    let locked = resolved(&place, &declared(&moodle, from(GitAt::Default))).await.unwrap();
    insta::assert_snapshot!(chosen(&locked), @"2025041402 by newest tag that fits");
    let pinned = from(GitAt::Branch("MOODLE_500_STABLE".to_owned()));
    let error = resolved(&place, &declared(&moodle, pinned)).await.unwrap_err();
    assert!(error.contains("mod_x fits at v5.0-r2 (2025041402)"), "{error}");
}
