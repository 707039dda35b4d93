//! What is or may be a secret is never shown, whatever else is wrong.

use super::{GOOD, wrong};
use crate::load;

const GIVEN: &str = "{ file = \"secrets/hugo\" }";
const ADMIN: &str = "admin = { email = \"ops@example.org\", password = { file = \"secrets/hugo\" } }";

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    let login = "https://u:hunter2@example.org";
    let cases = [
        (GIVEN, "\"hunter2\""),
        (GIVEN, "'''\nhunter2'''"),
        (GIVEN, "\"hunter2"),
        (GIVEN, "hunter2"),
        (GIVEN, "{ value = \"hunter2\" }"),
        (GIVEN, "{ env = \"hunter2!\" }"),
        (GIVEN, "{ command = \"echo hunter2\" }"),
        (GIVEN, "[\"hunter2\"]"),
        // Not TOML any more, in several ways.
        (GIVEN, "{ value = \"hunter2 }"),
        (GIVEN, "{ env = \"hunter2! }"),
        ("password = { file", "PASSWORD = \"hunter2\" x, password = { file"),
        ("\"https://example.org/a.git\"", "\"https://tok:hunter2@example.org/a.git"),
        (ADMIN, "admin_secret.x = \"hunter2\""),
        ("[site.hugo]", "[site]\nadmin_password = \"hunter2\"\n[site.hugo]"),
        (ADMIN, "admin = \"hunter2\""),
        (ADMIN, "admin = { passwrod = \"hunter2\" }"),
        (ADMIN, "admin_password = \"hunter2\""),
        ("managed = true", "host = \"db\"\npassword = \"hunter2\""),
        ("managed = true", "host = \"db\"\nadmin = { user = \"u\", password = \"hunter2\" }"),
        ("http://hugo.localhost:8080", login),
        ("http://hugo.localhost:8080", "u:hunter2@hugo.localhost"),
        ("https://example.org/a.git", login),
        ("https://example.org/a.git", "https://hunter2@example.org/a.git"),
        ("https://example.org/a.git", "ssh://git:hunter2@example.org/a.git"),
    ];
    for (from, to) in cases {
        let faults = load("fleet.toml", &GOOD.replacen(from, to, 1)).expect_err(to);
        for told in
            [faults.render(false), faults.render(true), faults.to_json().to_string(), format!("{faults:?}")]
        {
            assert!(!told.contains("hunter2"), "{to}\n{told}");
        }
        assert!(faults.has_errors(), "{to}");
    }
}

#[test]
fn a_secret_in_clear_is_refused() {
    insta::assert_snapshot!(wrong(GIVEN, "\"hunter2\""), @r#"
    error: `password` is a reference to a secret, never the secret itself
      --> fleet.toml:20:49
       |
    20 | admin = { email = "ops@example.org", password = ********* }
       |                                                 ^^^^^^^^^
       |
       = help: write { env = "VARIABLE" }, { file = "path" } or { command = ["program", "argument"] }
    "#);
}

#[test]
fn a_misspelt_password_is_masked() {
    insta::assert_snapshot!(wrong(ADMIN, "admin = { passwrod = \"hunter2\" }"), @r"
    error: unknown key `passwrod`
      --> fleet.toml:20:11
       |
    20 | admin = { passwrod = ********* }
       |           ^^^^^^^^ not a key of a site's administrator
       |
       = help: did you mean `password`?
    ");
}

#[test]
fn a_secret_names_one_place() {
    insta::assert_snapshot!(wrong(GIVEN, "{ env = \"A\", file = \"b\" }"), @r#"
    error: a secret has exactly one of `env`, `file` and `command`
      --> fleet.toml:20:49
       |
    20 | admin = { email = "ops@example.org", password = { env = "A", file = "b" } }
       |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write { env = "VARIABLE" }, { file = "path" } or { command = ["program", "argument"] }
    "#);
    insta::assert_snapshot!(wrong(GIVEN, "{}"), @r#"
    error: a secret has exactly one of `env`, `file` and `command`
      --> fleet.toml:20:49
       |
    20 | admin = { email = "ops@example.org", password = {} }
       |                                                 ^^
       |
       = help: write { env = "VARIABLE" }, { file = "path" } or { command = ["program", "argument"] }
    "#);
}

#[test]
fn a_secret_that_names_nothing_is_an_error_and_not_a_generated_password() {
    insta::assert_snapshot!(wrong(GIVEN, "{ command = [] }"), @r#"
    error: `command` begins with the name of a program
      --> fleet.toml:20:61
       |
    20 | admin = { email = "ops@example.org", password = { command = [] } }
       |                                                             ^^
    "#);
    insta::assert_snapshot!(wrong(GIVEN, "{ env = \"\" }"), @r#"
    error: `env` is the name of an environment variable
      --> fleet.toml:20:57
       |
    20 | admin = { email = "ops@example.org", password = { env = ** } }
       |                                                         ^^
       |
       = help: a name has letters, digits and `_`, and does not start with a digit
    "#);
    insta::assert_snapshot!(wrong(GIVEN, "{ file = \"\" }"), @r#"
    error: `file` is the path of a file
      --> fleet.toml:20:58
       |
    20 | admin = { email = "ops@example.org", password = { file = "" } }
       |                                                          ^^
    "#);
    let server = "host = \"db\"\nadmin = { user = \"u\", password = { command = [] } }";
    assert!(wrong("managed = true", server).contains("`command` begins with the name of a program"));
}

#[test]
fn a_token_in_a_git_url_is_refused_but_a_user_of_ssh_is_not() {
    insta::assert_snapshot!(wrong("https://example.org/a.git", "https://tok:hunter2@example.org/a.git"), @r#"
    error: a git source holds no password or token: it would stand in the lock and in the list of processes
      --> fleet.toml:15:26
       |
    15 | mod_attendance = { git = ***************************************, tag = "v1" }
       |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: let git's credential helper or an SSH key log in
    "#);
    for query in ["private_token=hunter2", "a=b&X-Amz-Signature=hunter2", "api_key=hunter2", "key=hunter2#x"]
    {
        let fault = wrong("https://example.org/a.git", &format!("https://example.org/a.git?{query}"));
        assert!(
            fault.contains("holds no password or token") && !fault.contains("hunter2"),
            "{query}: {fault}"
        );
        let zip = format!("zip = \"https://example.org/a.zip?{query}\" }}");
        let fault = wrong("git = \"https://example.org/a.git\", tag = \"v1\" }", &zip);
        assert!(
            fault.contains("holds a password or token") && !fault.contains("hunter2"),
            "{query}: {fault}"
        );
    }
    let plain = "zip = \"https://example.org/a.zip?raw=true&author=ann&token=\" }";
    let plain = GOOD.replace("git = \"https://example.org/a.git\", tag = \"v1\" }", plain);
    assert!(load("f", &plain).is_ok(), "{plain}");
    for source in
        ["ssh://git@example.org/a.git", "git@example.org:a.git", "/srv/git/a.git", "file:///srv/a.git"]
    {
        assert!(load("f", &GOOD.replace("https://example.org/a.git", source)).is_ok(), "{source}");
    }
}
