//! Sites whose URL is `https://`, behind a proxy that ends TLS and with certificates of their own.

use std::process::Command;

use super::super::nginx::SiteTls;
use super::fleet::{Fleet, NAMES};
use super::http::ask;
use super::programs::{find, run, skipped};

#[test]
fn behind_a_proxy_php_sees_the_browsers_address_and_not_the_proxys() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.write_site(NAMES[0], &["old-one.example"], true, SiteTls::Upstream, &["127.0.0.1"]);
    let _running = fleet.start();
    let proxied = |host: &str, scheme: &str| {
        let scheme = format!("X-Forwarded-Proto: {scheme}");
        ask(fleet.port, host, "/page.php?x", &[&scheme, "X-Forwarded-For: 198.51.100.7, 192.0.2.1"])
    };
    let page = proxied(NAMES[0], "https").body;
    // Moodle compares these with its wwwroot, and sends the browser away when they differ.
    for line in ["HTTP_HOST='one.example'", "SERVER_PORT='443'", "REQUEST_SCHEME='https'", "HTTPS='on'"] {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(page.contains("REMOTE_ADDR='192.0.2.1'"), "the last address that is no trusted proxy: {page}");
    assert!(page.contains("HTTP_X_FORWARDED_FOR=NULL"), "{page}");
    assert_eq!(fleet.pages_run(), 1);
    for (host, scheme) in [(NAMES[0], "http"), ("old-one.example", "https")] {
        let answer = proxied(host, scheme);
        assert_eq!(answer.status, 301, "{host} {scheme}");
        assert_eq!(answer.header("location").as_deref(), Some("https://one.example/page.php?x"));
    }
    assert_eq!(fleet.pages_run(), 1, "a redirect is nginx's own");
}

#[test]
fn a_client_that_is_no_trusted_proxy_cannot_choose_its_address() {
    let Some(fleet) = Fleet::new() else { return };
    let _running = fleet.start();
    let page =
        ask(fleet.port, NAMES[0], "/page.php", &["X-Forwarded-For: 192.0.2.1", "Client-IP: 192.0.2.1"]);
    for line in ["HTTP_X_FORWARDED_FOR=NULL", "HTTP_CLIENT_IP=NULL", "REMOTE_ADDR='127.0.0.1'"] {
        assert!(page.body.contains(line), "{line}: {}", page.body);
    }
}

#[test]
fn nginx_ends_tls_for_the_site_and_for_no_other_name() {
    let Some(fleet) = Fleet::new() else { return };
    let Some(openssl) = find("openssl") else { return skipped("openssl") };
    // A blank in the path: it is quoted.
    let [certificate, key] = ["a certificate.pem", "a key.pem"].map(|name| fleet.directory().join(name));
    let mut command = Command::new(&openssl);
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    command.args(["-subj", "/CN=one.example", "-keyout", key.as_str(), "-out", certificate.as_str()]);
    let made = run(&mut command);
    assert!(made.success, "{}", made.text);
    fleet.write_main(true);
    for name in NAMES {
        fleet.write_site(name, &[], true, SiteTls::Files { certificate: &certificate, key: &key }, &[]);
    }
    let tested = fleet.test_nginx();
    assert!(tested.success && !tested.text.contains("warn"), "{}", tested.text);
    let _running = fleet.start();
    let known = handshake(&openssl, fleet.port, NAMES[0]);
    assert!(known.contains("one.example") && known.contains("BEGIN CERTIFICATE"), "{known}");
    let unknown = handshake(&openssl, fleet.port, "unknown.example");
    assert!(unknown.contains("unrecognized name") && !unknown.contains("BEGIN CERTIFICATE"), "{unknown}");
    let plain = ask(fleet.port, NAMES[0], "/page.php?x", &[]);
    assert_eq!(plain.status, 301, "http:// to the same port");
    assert_eq!(plain.header("location").as_deref(), Some("https://one.example/page.php?x"));
    assert_eq!(fleet.pages_run(), 0, "no page has run");
}

/// What `openssl s_client` says of a handshake for a name.
fn handshake(openssl: impl AsRef<std::ffi::OsStr>, port: u16, name: &str) -> String {
    let mut command = Command::new(openssl);
    command.stdin(std::process::Stdio::null());
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", name]);
    run(&mut command).text
}
