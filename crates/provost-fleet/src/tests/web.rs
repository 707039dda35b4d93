//! `[web]`: addresses, and who ends TLS.

use super::{GOOD, wrong};
use crate::load;

const LISTEN: &str = "listen = \"127.0.0.1:8080\"";

#[test]
fn nginx_listens_somewhere_and_once() {
    insta::assert_snapshot!(wrong(LISTEN, "listen = []"), @r"
    error: `listen` has at least one address
     --> fleet.toml:7:10
      |
    7 | listen = []
      |          ^^
    ");
    insta::assert_snapshot!(wrong(LISTEN, "listen = [\"0.0.0.0:80\", \"0.0.0.0:80\"]"), @r#"
    error: `0.0.0.0:80` stands here twice
     --> fleet.toml:7:25
      |
    7 | listen = ["0.0.0.0:80", "0.0.0.0:80"]
      |           ------------  ^^^^^^^^^^^^ used again
      |           |
      |           first used here

    warning: [web] does not listen on port 8080
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: that is right only if something in front hands requests on

    warning: [web] does not listen on port 8080
      --> fleet.toml:22:7
       |
    22 | url = "http://zola.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: that is right only if something in front hands requests on
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "listen = \"localhost\""), @r#"
    error: `localhost` is not an address with a port
     --> fleet.toml:7:10
      |
    7 | listen = "localhost"
      |          ^^^^^^^^^^^
      |
      = help: write it like "127.0.0.1:8080" or "0.0.0.0:80"
    "#);
}

#[test]
fn tls_is_one_of_three_things() {
    insta::assert_snapshot!(wrong(LISTEN, "tls = \"on\""), @r#"
    error: `on` is not a way to do TLS
     --> fleet.toml:7:7
      |
    7 | tls = "on"
      |       ^^^^
      |
      = help: write "off", "upstream", or { certificate = "…", key = "…" }
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "tls = { certificate = \"c.pem\" }"), @r#"
    error: a certificate needs `key`
     --> fleet.toml:7:1
      |
    7 | tls = { certificate = "c.pem" }
      | ^^^ `key` is missing

    error: `certificate` is an absolute path without `..`
     --> fleet.toml:7:23
      |
    7 | tls = { certificate = "c.pem" }
      |                       ^^^^^^^

    2 errors in fleet.toml
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "trusted_proxies = [\"10.0.0.0/33\"]"), @r#"
    error: `10.0.0.0/33` is neither an address nor a network
     --> fleet.toml:7:20
      |
    7 | trusted_proxies = ["10.0.0.0/33"]
      |                    ^^^^^^^^^^^^^
      |
      = help: write it like "10.0.0.1" or "10.0.0.0/8"
    "#);
}

#[test]
fn a_url_goes_with_who_ends_tls() {
    insta::assert_snapshot!(wrong("http://hugo.localhost:8080", "https://hugo.localhost"), @r#"
    error: nothing ends TLS for this https URL
      --> fleet.toml:18:7
       |
    18 | url = "https://hugo.localhost"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write `tls = "upstream"` in [web] if a proxy in front does, or give `tls = { certificate, key }`
    "#);
    let upstream = GOOD.replace(LISTEN, "tls = \"upstream\"");
    assert!(load("f", &upstream.replace("http://", "https://")).is_ok());
    let files = "tls = { certificate = \"/c.pem\", key = \"/k.pem\" }";
    let one = GOOD.split("[site.zola]").next().unwrap().replace(LISTEN, files);
    insta::assert_snapshot!(load("fleet.toml", &one).unwrap_err(), @r#"
    error: [web] ends TLS, so the URL must be https
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_port_that_nobody_listens_on_is_odd_but_valid() {
    let loaded = load("f", &GOOD.replace("hugo.localhost:8080", "hugo.localhost:8081")).unwrap();
    assert!(loaded.warnings.to_string().contains("[web] does not listen on port 8081"));
}
