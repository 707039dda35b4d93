//! `[codebase.NAME]`: plugins and versions.

use super::wrong;

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
fn sources_of_later_versions_are_told_as_such() {
    let plugin = "{ git = \"https://example.org/a.git\", tag = \"v1\" }";
    insta::assert_snapshot!(wrong(plugin, "{}"), @r#"
    error: the plugins directory is not supported by this version yet
      --> fleet.toml:15:18
       |
    15 | mod_attendance = {}
       |                  ^^
       |
       = help: name its git repository: { git = "https://…", tag = "…" }
    "#);
    insta::assert_snapshot!(wrong(plugin, "{ zip = \"a.zip\" }"), @r#"
    error: `zip` is not supported by this version yet
      --> fleet.toml:15:20
       |
    15 | mod_attendance = { zip = "a.zip" }
       |                    ^^^
       |
       = help: take it out; a later version of Provost will know it
    "#);
    for later in ["\"2.1\"", "{ path = \"plugins/a\" }", "{ absent = true }"] {
        assert!(wrong(plugin, later).contains("not supported by this version yet"), "{later}");
    }
    for table in ["[profile.x]", "[template.x]", "[archive.x]"] {
        assert!(
            wrong("[web]", &format!("{table}\n[web]")).contains("not supported by this version yet"),
            "{table}"
        );
    }
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
