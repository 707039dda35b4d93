//! Sites below a host that they share, and what sites were called.

use super::{GOOD, wrong};
use crate::load;

const HUGO: &str = "http://hugo.localhost:8080";
const ZOLA: &str = "http://zola.localhost:8080";

fn shared(hugo: &str, zola: &str) -> String {
    GOOD.replacen(HUGO, hugo, 1).replacen(ZOLA, zola, 1)
}

#[test]
fn sites_below_one_host_are_told_what_they_share() {
    let text = shared("http://schools.localhost:8080/hugo", "http://schools.localhost:8080/zola/");
    let loaded = load("fleet.toml", &text).unwrap();
    let site = &loaded.fleet.sites[&"zola".parse().unwrap()];
    assert_eq!((site.url.host(), site.url.below()), ("schools.localhost", Some("zola")));
    assert_eq!(site.url.to_string(), "http://schools.localhost:8080/zola");
    let told = loaded.warnings.to_string();
    assert!(
        told.contains("the sites `hugo`, `zola` share the host `schools.localhost`: they do not protect"),
        "{told}"
    );
    let alone = shared("http://schools.localhost:8080/hugo", ZOLA);
    assert!(load("fleet.toml", &alone).unwrap().warnings.is_empty());
}

#[test]
fn what_cannot_be_below_one_host() {
    for (hugo, zola, why) in [
        (
            "http://schools.localhost:8080/a",
            "http://schools.localhost:8080/a",
            "two sites cannot share the address `schools.localhost/a`",
        ),
        (
            "http://schools.localhost:8080",
            "http://schools.localhost:8080/a",
            "the host `schools.localhost` is a site's own, and so no other can be below it",
        ),
        (
            "http://schools.localhost:8080/a",
            "http://schools.localhost/b",
            "sites below `schools.localhost` have one scheme and one port",
        ),
    ] {
        let told = load("fleet.toml", &shared(hugo, zola)).unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
    let alias = wrong("tags = ", "aliases = [\"zola.localhost\"]\ntags = ");
    assert!(alias.contains("two sites cannot share the host `zola.localhost`"), "{alias}");
}

#[test]
fn what_a_site_was_called_is_no_other_sites_name() {
    let renamed = GOOD.replacen("tags = ", "was = \"balzac\"\ntags = ", 1);
    let loaded = load("fleet.toml", &renamed).unwrap();
    let was = loaded.fleet.sites[&"hugo".parse().unwrap()].was.clone();
    assert_eq!(was.unwrap().as_str(), "balzac");
    for (was, why) in [
        ("zola", "there is a site `zola`, so that this one cannot be it"),
        ("hugo", "a site was not called what it is called"),
        ("Hugo", "`Hugo`: "),
    ] {
        let told = wrong("tags = ", &format!("was = \"{was}\"\ntags = "));
        assert!(told.contains(why), "{told}");
    }
    let twice = format!("{renamed}was = \"balzac\"\n");
    let told = load("fleet.toml", &twice).unwrap_err().to_string();
    assert!(told.contains("two sites cannot both have been `balzac`"), "{told}");
}
