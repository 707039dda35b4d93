//! The rendered files, read and run by the real nginx, php-fpm and PHP.
//!
//! Each test says so and passes where the programs are missing. Started by root, the programs also change users, and the
//! tests that need two users run; started by another user, the same files are tried without.

mod fleet;
mod http;
mod programs;
mod tls;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use self::fleet::{Fleet, NAMES};
use self::http::{Answer, ask};
use self::programs::{find, run, skipped};
use super::ini::Ini;

#[test]
fn nginx_and_php_fpm_accept_the_files() {
    let Some(fleet) = Fleet::new() else { return };
    for (name, output) in [("nginx", fleet.test_nginx()), ("php-fpm", fleet.test_fpm())] {
        assert!(output.success, "{name} refuses the files: {}", output.text);
        assert!(!output.text.to_lowercase().contains("warn"), "{name} warns: {}", output.text);
    }
}

#[test]
fn nginx_accepts_three_thousand_long_names_without_a_warning() {
    let Some(fleet) = Fleet::new() else { return };
    // Many names in one file: what is tried is the table of names, not the number of logs.
    let label = "n".repeat(60);
    let names: Vec<String> =
        (0..3000).map(|n| format!("{n:03}.{label}.{label}.{label}.{label}.org")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    fleet.write_site_with_aliases(NAMES[0], &names);
    let output = fleet.test_nginx();
    assert!(output.success && !output.text.contains("warn"), "{}", output.text);
}

#[test]
fn php_reads_back_what_the_ini_writer_wrote() {
    let Some(php) = find("php") else { return skipped("php") };
    let values = [
        "/run/x.sock",
        "on",
        "none",
        "null",
        "E_ALL",
        "",
        "a b",
        "it's",
        "a\"b",
        "it's \"${HOME}\" \\",
        "${HOME}",
        "$pool",
        "it's $HOME",
        "a;b#c",
        "a=b",
        "!x",
        "1|2",
        "a\\",
        "'\\",
        "\\'\\\"",
        "a\nb",
        "'\n",
        "{}",
        "[x]",
        "é",
    ];
    let mut file = Ini::new();
    for (number, value) in values.iter().enumerate() {
        file.set(&format!("key{number}"), *value);
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("values.ini");
    fs_err::write(&path, file.finish()).expect("the file is written");
    let script = "foreach (parse_ini_file($argv[1]) as $v) echo base64_encode($v), \"\\n\";";
    let output = run(std::process::Command::new(php).args(["-n", "-r", script, "--"]).arg(&path));
    let expected: Vec<String> = values.iter().map(|value| base64(value)).collect();
    assert_eq!(output.text.lines().collect::<Vec<_>>(), expected);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn pages_get_their_path_and_the_sites_own_address() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    let page = fleet.get("/page.php/a%20b/evil.php/README.md?x=1");
    assert_eq!(page.status, 200, "{}", page.body);
    let shown = page.body.replace(fleet.root(), "ROOT").replace(&fleet.port.to_string(), "PORT");
    insta::assert_snapshot!(shown, @"
    SCRIPT_FILENAME='ROOT/tree-one/page.php'
    DOCUMENT_ROOT='ROOT/tree-one'
    SCRIPT_NAME='/page.php'
    PATH_INFO='/a b/evil.php/README.md'
    PHP_SELF='/page.php/a b/evil.php/README.md'
    REQUEST_URI='/page.php/a%20b/evil.php/README.md?x=1'
    QUERY_STRING='x=1'
    HTTP_HOST='one.example:PORT'
    SERVER_NAME='one.example'
    SERVER_PORT='PORT'
    REQUEST_SCHEME='http'
    HTTPS=NULL
    HTTP_PROXY=NULL
    HTTP_X_FORWARDED_FOR=NULL
    HTTP_CLIENT_IP=NULL
    REMOTE_ADDR='127.0.0.1'
    ");
    let odd =
        ask(fleet.port, NAMES[0], "/page.php", &["Proxy: http://evil.example", "X-Forwarded-Host: evil"]);
    assert!(odd.body.contains("HTTP_PROXY=NULL"), "{}", odd.body);
    assert_eq!(fleet.get("/").status, 200, "the index");
    assert_eq!(fleet.get("/sub").header("location").as_deref(), Some("/sub/"));
    assert_eq!(fleet.get("/sub/").status, 200, "the index of a directory");
}

#[test]
fn what_is_internal_never_reaches_php() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    for path in fleet::INTERNAL_FILES {
        fleet.write_page(path);
    }
    let mut paths: Vec<String> = fleet::INTERNAL_FILES.iter().map(|path| format!("/{path}")).collect();
    paths.extend(fleet::INTERNAL_PATHS.iter().map(|path| (*path).to_owned()));
    for path in &paths {
        let answer = fleet.get(path);
        assert!(matches!(answer.status, 400 | 403 | 404), "{path}: {} {}", answer.status, answer.body);
        assert!(!answer.body.contains("File not found"), "{path}: php-fpm was asked");
    }
    assert_eq!(fleet.pages_run(), 0, "no page has run");
    assert_eq!(fleet.get("/page.php/.git/composer.json").status, 200);
    assert_eq!(fleet.pages_run(), 1, "the counter counts");
}

#[test]
fn unknown_hosts_get_404_and_aliases_the_way_to_the_site() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    for host in ["unknown.example", "127.0.0.1", "sub.one.example", "one.example.evil"] {
        let answer = ask(fleet.port, host, "/page.php", &[]);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "There is no site at this address.\n"),
            "{host}"
        );
    }
    assert_eq!(fleet.pages_run(), 0, "no page has run");
    let alias = ask(fleet.port, "old-one.example", "/page.php/x?y=%20", &[]);
    assert_eq!(alias.status, 301);
    let url = format!("http://one.example:{}/page.php/x?y=%20", fleet.port);
    assert_eq!(alias.header("location"), Some(url));
    assert_eq!(fleet.pages_run(), 0, "no page has run");
    assert_eq!(ask(fleet.port, "ONE.example.", "/page.php", &[]).status, 200, "the site, in other letters");
}

#[test]
fn a_static_file_is_asked_for_again_only_when_the_build_changes() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    let first = fleet.get("/style.css");
    assert_eq!((first.status, first.body.as_str()), (200, "body {}"));
    assert_eq!(first.header("last-modified"), None);
    let tag = first.header("etag").expect("a tag");
    assert_eq!(tag, "W/\"tree-one\"");
    let condition = format!("If-None-Match: {tag}");
    let again = |line: &str| ask(fleet.port, NAMES[0], "/style.css", &[line]);
    assert_eq!(again(&condition).status, 304);
    for time in ["Thu, 01 Jan 1970 00:00:01 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"] {
        let answer = again(&format!("If-Modified-Since: {time}"));
        assert_eq!(answer.status, 200, "{time}: the time of a build's file says nothing");
    }
    fleet.switch_build();
    // Same size, same time, another build.
    let Answer { status, body, .. } = again(&condition);
    assert_eq!((status, body.as_str()), (200, "html {}"));
    assert!(
        fleet.get("/page.php").body.contains("ROOT/tree-two/page.php".replace("ROOT", fleet.root()).as_str())
    );
}

#[test]
fn nginx_sends_files_of_the_dataroot_and_none_of_another_site() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    let own = fleet.dataroot(NAMES[0]);
    fs_err::create_dir_all(own.join("filedir")).expect("a directory");
    fs_err::write(own.join("filedir/a b%é"), "content").expect("a file");
    let sent = fleet.get("/send.php?/dataroot/filedir/a%20b%25%C3%A9");
    assert_eq!((sent.status, sent.body.as_str()), (200, "content"));
    assert_eq!(sent.header("content-length").as_deref(), Some("7"));
    assert_eq!(sent.header("etag").as_deref(), Some("\"sha1\""));
    assert_eq!(fleet.get("/dataroot/filedir/a%20b%25%C3%A9").status, 404, "not without asking");
    for path in ["/dataroot/../other", "/dataroot../other/secret", "/dataroot/%2e%2e/x"] {
        assert!(fleet.get(&format!("/send.php?{path}")).status >= 400, "{path}");
    }
    if !fleet.has_users() {
        return skipped("root, for two users");
    }
    let other = fleet.dataroot(NAMES[1]).join("secret");
    fs_err::write(&other, "of the other site").expect("a file");
    fleet.give(&other, NAMES[1]);
    symlink(&other, own.join("link")).expect("a link");
    fleet.give_link(&own.join("link"), NAMES[0]);
    assert_eq!(fleet.get("/send.php?/dataroot/link").status, 403);
}

#[test]
fn a_pool_cannot_include_what_another_pool_has_cached() {
    let Some(fleet) = Fleet::new() else { return };
    if !fleet.has_users() {
        return skipped("root, for two users");
    }
    let secret = fleet.directory().join("secret.php");
    fs_err::write(&secret, "<?php return 'the password';").expect("a file");
    fleet.give(&secret, NAMES[0]);
    fs_err::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    fleet.age(&secret, 1);
    let include = format!("/include.php?{secret}");
    for (guarded, expected) in [(true, "false"), (false, "'the password'")] {
        fleet.write_master_ini(guarded);
        let _running = fleet.start();
        for _ in 0..2 {
            assert_eq!(fleet.get(&include).body, "'the password' cached=true", "the owner");
        }
        let other = ask(fleet.port, NAMES[1], &include, &[]);
        assert!(other.body.starts_with(expected), "guarded: {guarded}: {}", other.body);
    }
}

#[test]
fn a_file_of_time_zero_is_never_cached() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    for (time, cached) in [(0, false), (1, true)] {
        let file = fleet.directory().join(format!("time-{time}.php"));
        fs_err::write(&file, "<?php return 1;").expect("a file");
        fleet.age(&file, time);
        let body = fleet.get(&format!("/include.php?{file}")).body;
        assert_eq!(body, format!("1 cached={cached}"), "time {time}");
    }
}

#[test]
fn php_has_the_limits_of_its_pool() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    insta::assert_snapshot!(fleet.get("/limits.php").body.replace(fleet.root(), "DIR"), @"
    memory_limit=256M
    upload_max_filesize=10M
    post_max_size=18M
    max_input_vars=5000
    upload_tmp_dir=DIR/tmp/one.example
    open_basedir=
    user_ini.filename=
    disable_functions=opcache_reset
    cgi.fix_pathinfo=1
    opcache.validate_permission=1
    display_errors=0
    TMPDIR PATH USER HOME DIR/tmp/one.example 256M
    ");
}
