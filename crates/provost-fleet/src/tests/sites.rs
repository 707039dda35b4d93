//! `[site.NAME]`: its URL, its names, its limits.

use super::{GOOD, wrong};
use crate::load;

const URL: &str = "http://hugo.localhost:8080";
const TAGS: &str = "tags = [\"lyon\"]";

#[test]
fn urls_are_told_with_what_to_write() {
    insta::assert_snapshot!(wrong(URL, "hugo.localhost"), @r#"
    error: a site's URL begins with `https://` or `http://`
      --> fleet.toml:18:7
       |
    18 | url = "hugo.localhost"
       |       ^^^^^^^^^^^^^^^^
       |
       = help: write "https://hugo.localhost"
    "#);
    insta::assert_snapshot!(wrong(URL, "http://Hugo.localhost:8080/"), @r#"
    error: write the host in lower case
      --> fleet.toml:18:7
       |
    18 | url = "http://Hugo.localhost:8080/"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write "http://hugo.localhost:8080/"
    "#);
    insta::assert_snapshot!(wrong(URL, "ftp://hugo.localhost"), @r#"
    error: a site's URL begins with `https://` or `http://`
      --> fleet.toml:18:7
       |
    18 | url = "ftp://hugo.localhost"
       |       ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write "https://hugo.localhost"
    "#);
    insta::assert_snapshot!(wrong(URL, "http://hugo.localhost/a/b"), @r#"
    error: `/a/b` cannot be a site's path: one segment of at most 40 lower-case letters, digits, `-`, `_`
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost/a/b"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(URL, "http://hugo.localhost:0"), @r#"
    error: `0` cannot be a port
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost:0"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(URL, "http://hugo.localhost?x=1"), @r#"
    error: a site's URL has no `?` and no `#`
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost?x=1"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(URL, "http://[::1]:8080"), @r#"
    error: this version does not support IPv6 addresses yet
      --> fleet.toml:18:7
       |
    18 | url = "http://[::1]:8080"
       |       ^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(URL, "http://hu_go"), @r#"
    error: `hu_go` cannot be a host name
      --> fleet.toml:18:7
       |
    18 | url = "http://hu_go"
       |       ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn names_are_ones_that_can_be() {
    for (key, value, told) in [
        ("database_name", "Hugo", "is not a database's name"),
        ("database_name", "1hugo", "is not a database's name"),
        ("database_name", "drop table", "is not a database's name"),
        ("prefix", "1_", "is not a table prefix"),
        ("prefix", "mdl_mdl_mdl", "is not a table prefix"),
        ("language", "French", "is not a language of Moodle's"),
        ("full_name", "", "is not a name of 1 to 254 characters"),
        ("dataroot", "data/hugo", "is an absolute path"),
        ("dataroot", "/data/../etc", "is an absolute path"),
        ("url", "", "begins with `https://`"),
    ] {
        let message = match key {
            "url" => wrong(URL, value),
            _ => wrong(TAGS, &format!("{key} = \"{value}\"")),
        };
        assert!(message.contains(told) && message.contains("--> fleet.toml:1"), "{key}\n{message}");
    }
    assert!(wrong("/srv/academie", "academie").contains("`state` is an absolute path"));
    assert!(wrong("ops@example.org", "ops").contains("is not an email address"));
    assert!(wrong("\"academie\"", "\"academie-of-the-whole-world\"").contains("at most 20 characters"));
    let odd = GOOD.replace(
        TAGS,
        "language = \"fr_ca\"\nprefix = \"m_\"\nworkers = 500\nmemory_limit = \"1G\"\nupload_limit = 64",
    );
    let limits = load("f", &odd).unwrap().fleet.sites[&"hugo".parse().unwrap()].limits.clone();
    assert_eq!((limits.memory_mib, limits.upload_mib, limits.workers), (1024, 64, 500));
}

#[test]
fn limits_lie_in_sane_ranges() {
    insta::assert_snapshot!(wrong(TAGS, "memory_limit = \"64M\""), @r#"
    error: `memory_limit` lies between 96 and 8192
      --> fleet.toml:19:16
       |
    19 | memory_limit = "64M"
       |                ^^^^^
    "#);
    insta::assert_snapshot!(wrong(TAGS, "upload_limit = \"100MB\""), @r#"
    error: `upload_limit` is a size, such as "256M" or "1G"
      --> fleet.toml:19:16
       |
    19 | upload_limit = "100MB"
       |                ^^^^^^^
    "#);
    for (key, value) in
        [("workers", "0"), ("workers", "501"), ("memory_limit", "8193"), ("upload_limit", "-1")]
    {
        assert!(wrong(TAGS, &format!("{key} = {value}")).contains(&format!("`{key}` lies between")), "{key}");
    }
}

#[test]
fn a_site_says_which_of_several_codebases_it_runs_on() {
    insta::assert_snapshot!(wrong("[site.hugo]", "[codebase.old]\nmoodle = \"4.4\"\n[site.hugo]\ncodebase = \"lts\""), @r"
    error: this site needs `codebase`
      --> fleet.toml:24:7
       |
    24 | [site.zola]
       |       ^^^^
       |
       = help: there is `lts`, `old`
    ");
}

#[test]
fn a_site_has_a_url() {
    insta::assert_snapshot!(wrong("url = \"http://zola.localhost:8080\"\n", ""), @r"
    error: a site needs `url`
      --> fleet.toml:21:7
       |
    21 | [site.zola]
       |       ^^^^ `url` is missing
    ");
}

#[test]
fn a_name_that_cannot_be_a_directory_is_told() {
    insta::assert_snapshot!(wrong("[site.zola]", "[site.\"../zola\"]"), @r#"
    error: `.` cannot stand in a name; use lower-case letters, digits, `-` and `_`
      --> fleet.toml:21:7
       |
    21 | [site."../zola"]
       |       ^^^^^^^^^
    "#);
}

#[test]
fn a_site_with_a_wrong_name_is_compared_with_the_others() {
    let text = super::GOOD
        .replace("[site.zola]", "[site.Zola]")
        .replace("http://zola.localhost:8080\"", "http://hugo.localhost:8080\"\ncodebase = \"ltss\"");
    let told = crate::load("fleet.toml", &text).unwrap_err().to_string();
    assert!(told.contains("`Z` cannot stand in a name"), "{told}");
    assert!(told.contains("two sites cannot share the host"), "{told}");
    assert!(told.contains("there is no [codebase.ltss]"), "{told}");
}

#[test]
fn a_hint_is_valid_itself() {
    let told = super::wrong("http://zola.localhost:8080", "http://ZOLA.localhost.:8080");
    assert!(
        told.contains("`http://zola.localhost:8080`") || told.contains("\"http://zola.localhost:8080\""),
        "{told}"
    );
}

#[test]
fn a_file_that_is_no_text_is_told_with_its_place() {
    let mut bytes = super::GOOD.as_bytes().to_vec();
    bytes[20] = 0xff;
    insta::assert_snapshot!(crate::text_of("fleet.toml", bytes).unwrap_err());
}
