//! `[codebase.NAME]`: plugins and versions.

use super::{GOOD, wrong};
use crate::load;
use crate::model::PluginSource;

const TAG: &str = "tag = \"v1\"";

#[test]
fn a_plugin_is_a_git_repository_at_one_place() {
    insta::assert_snapshot!(wrong(TAG, "tag = \"v1\", branch = \"b\""), @r#"
    error: a plugin has at most one of `tag`, `branch` and `commit`
      --> fleet.toml:15:18
       |
    15 | mod_attendance = { git = "https://example.org/a.git", tag = "v1", branch = "b" }
       |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(TAG, "commit = \"abc1234\""), @r#"
    error: a commit is given by all its 40 hexadecimal digits, in lower case
      --> fleet.toml:15:64
       |
    15 | mod_attendance = { git = "https://example.org/a.git", commit = "abc1234" }
       |                                                                ^^^^^^^^^
       |
       = help: `git rev-parse` prints them
    "#);
    insta::assert_snapshot!(wrong(TAG, "branch = \"--upload-pack=evil\""), @r#"
    error: git allows no branch called `--upload-pack=evil`
      --> fleet.toml:15:64
       |
    15 | mod_attendance = { git = "https://example.org/a.git", branch = "--upload-pack=evil" }
       |                                                                ^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong("https://example.org/a.git", "../a"), @r#"
    error: a git source is a URL (https://…, ssh://…, user@host:path) or an absolute path
      --> fleet.toml:15:26
       |
    15 | mod_attendance = { git = "../a", tag = "v1" }
       |                          ^^^^^^
    "#);
    assert!(wrong("https://example.org/a.git", "--upload-pack=evil").contains("does not begin with `-`"));
    insta::assert_snapshot!(wrong("mod_attendance", "attendance"), @r#"
    error: `attendance` has no plugin type; write the type, `_` and the name, as in `mod_attendance`
      --> fleet.toml:15:1
       |
    15 | attendance = { git = "https://example.org/a.git", tag = "v1" }
       | ^^^^^^^^^^
    "#);
    for odd in ["", "a b", "a..b", "a.lock", "a:b"] {
        assert!(wrong(TAG, &format!("tag = \"{odd}\"")).contains("git allows no tag"), "{odd}");
    }
}

#[test]
fn a_plugin_comes_from_one_of_many_places() {
    let plugin = "{ git = \"https://example.org/a.git\", tag = \"v1\" }";
    let source = |text: &str| {
        let loaded = load("fleet.toml", &GOOD.replace(plugin, text)).unwrap();
        loaded.fleet.codebases.values().next().unwrap().plugins.values().next().unwrap().clone()
    };
    assert_eq!(source("{}"), PluginSource::Catalogue { version: None });
    assert_eq!(source("\"v2.1\""), PluginSource::Catalogue { version: Some("v2.1".to_owned()) });
    assert_eq!(source("{ zip = \"v/a.zip\" }"), PluginSource::Zip { location: "v/a.zip".to_owned() });
    let url = "https://example.org/a.zip";
    assert_eq!(source(&format!("{{ zip = \"{url}\" }}")), PluginSource::Zip { location: url.to_owned() });
    assert_eq!(source("{ path = \"own/a\" }"), PluginSource::Directory { path: "own/a".into() });
    assert_eq!(source("{ absent = true }"), PluginSource::Absent);
}

#[test]
fn a_plugin_has_one_source() {
    let plugin = "{ git = \"https://example.org/a.git\", tag = \"v1\" }";
    insta::assert_snapshot!(wrong(plugin, "{ zip = \"a.zip\", path = \"a\" }"));
    insta::assert_snapshot!(wrong(plugin, "{ tag = \"v1\" }"));
    insta::assert_snapshot!(wrong(plugin, "{ absent = false }"));
    insta::assert_snapshot!(wrong(plugin, "{ zip = \"ftp://example.org/a.zip\" }"));
    insta::assert_snapshot!(wrong(plugin, "{ path = \".\" }"));
    insta::assert_snapshot!(wrong(plugin, "\" \""));
    insta::assert_snapshot!(wrong(plugin, "{ gti = \"https://example.org/a.git\" }"));
    let secret = wrong(plugin, "{ zip = \"https://ann:hunter2@example.org/a.zip\" }");
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn patches_are_files_named_once() {
    let plugins = "[codebase.lts.plugins]";
    let with = |patches: &str| format!("patches = {patches}\n{plugins}");
    let loaded = load("fleet.toml", &GOOD.replace(plugins, &with("[\"p/2.patch\", \"p/1.patch\"]"))).unwrap();
    let patches = &loaded.fleet.codebases.values().next().unwrap().patches;
    assert_eq!(patches.iter().map(|path| path.as_str()).collect::<Vec<_>>(), ["p/2.patch", "p/1.patch"]);
    insta::assert_snapshot!(wrong(plugins, &with("[\"p/1.patch\", \"\", \"p/1.patch\"]")));
}

#[test]
fn tables_of_later_versions_are_told_as_such() {
    assert!(
        wrong("[web]", "[profile.x]\nlanguage = \"fr\"\n[web]").contains("not supported by this version yet")
    );
    assert!(wrong("[fleet]", "include = [\"sites/*.toml\"]\n[fleet]").contains("`include` is not supported"));
}

#[test]
fn impossible_versions_are_told() {
    insta::assert_snapshot!(wrong("\"4.5+\"", "\"4.5.x\""), @r#"
    error: `4.5.x` is no Moodle version; write `4.5` for its newest release, `4.5+` for the tip of its stable branch, or `4.5.1` for one release (a branch or tag of such a name: `refs/heads/…`, `refs/tags/…`)
      --> fleet.toml:13:10
       |
    13 | moodle = "4.5.x"
       |          ^^^^^^^
    "#);
    insta::assert_snapshot!(wrong("\"4.5+\"", "\"1.9\""), @r#"
    error: Moodle 1.9 cannot be; the oldest that can be named is 2.0
      --> fleet.toml:13:10
       |
    13 | moodle = "1.9"
       |          ^^^^^
    "#);
}
