//! A dataroot is one site's, and lies beside the fleet's own things.

use super::{GOOD, wrong};
use crate::load;

const TAGS: &str = "tags = [\"lyon\"]";
const ZOLA: &str = "[site.zola]\n";

#[test]
fn a_dataroot_is_one_sites() {
    let both = |hugo: &str, zola: &str| {
        let text = GOOD.replace(ZOLA, &format!("[site.zola]\ndataroot = \"{zola}\"\n"));
        load("fleet.toml", &text.replace(TAGS, &format!("dataroot = \"{hugo}\"")))
    };
    insta::assert_snapshot!(both("/data/hugo", "/data//hugo/").unwrap_err(), @r#"
    error: two sites cannot share the dataroot `/data//hugo/`
      --> fleet.toml:22:12
       |
    19 | dataroot = "/data/hugo"
       |            ------------ first used here
    ...
    22 | dataroot = "/data//hugo/"
       |            ^^^^^^^^^^^^^^ used again
    "#);
    insta::assert_snapshot!(both("/data/hugo/inside", "/data/hugo").unwrap_err(), @r#"
    error: a dataroot cannot lie in another site's dataroot
      --> fleet.toml:22:12
       |
    19 | dataroot = "/data/hugo/inside"
       |            ------------------- first used here
    ...
    22 | dataroot = "/data/hugo"
       |            ^^^^^^^^^^^^ used again
    "#);
    let inside = both("/data/hugo", "/data/hugo/inside").unwrap_err().to_string();
    assert!(inside.contains("a dataroot cannot lie in another site's dataroot"), "{inside}");
    assert!(both("/data/hugo", "/data/hugo2").is_ok());
}

#[test]
fn a_dataroot_is_not_what_another_site_has_unsaid() {
    insta::assert_snapshot!(wrong(TAGS, "dataroot = \"/srv/academie/data/sites/zola\""), @r#"
    error: two sites cannot share the dataroot `/srv/academie/data/sites/zola`
      --> fleet.toml:19:12
       |
    19 | dataroot = "/srv/academie/data/sites/zola"
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again
    20 | admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
    21 | [site.zola]
       |       ---- first used here
    "#);
}

#[test]
fn a_dataroot_does_not_hold_everything() {
    assert!(wrong(TAGS, "dataroot = \"/\"").contains("a dataroot is a directory of its own, not `/`"));
    assert!(wrong(TAGS, "dataroot = \"/srv\"").contains("a dataroot cannot hold the fleet's state"));
}

#[test]
fn a_dataroot_is_not_among_the_fleets_own_things() {
    insta::assert_snapshot!(wrong(TAGS, "dataroot = \"/srv/academie/data\""), @r#"
    error: a dataroot cannot lie among the fleet's own things
      --> fleet.toml:19:12
       |
     4 | state = "/srv/academie"
       |         --------------- the state
    ...
    19 | dataroot = "/srv/academie/data"
       |            ^^^^^^^^^^^^^^^^^^^^
       |
       = help: leave `dataroot` out, or name a directory outside the state
    "#);
    for own in ["made", "keep/secrets", "data/servers/main", "data/sites", "data/sites/hugo/inside"] {
        let message = wrong(TAGS, &format!("dataroot = \"/srv/academie/{own}\""));
        assert!(message.contains("a dataroot cannot lie among the fleet's own things"), "{own}\n{message}");
    }
    // Where a site's dataroot lies by default, also under another site's former name.
    for fits in ["/srv/academie/data/sites/old", "/srv/academie2/made"] {
        assert!(load("f", &GOOD.replace(TAGS, &format!("dataroot = \"{fits}\""))).is_ok(), "{fits}");
    }
}

#[test]
fn the_state_that_is_not_said_counts_too() {
    let text = GOOD.replace("state = \"/srv/academie\"\n", "");
    let default = |name: &str| camino::Utf8PathBuf::from(format!("/var/lib/provost/{name}"));
    let ground = crate::Ground { default_state: Some(&default), real: None };
    let told = |dataroot: &str| {
        let text = text.replace(TAGS, &format!("dataroot = \"{dataroot}\""));
        crate::load_on("fleet.toml", &text, &ground).unwrap_err().to_string()
    };
    insta::assert_snapshot!(told("/var/lib/provost/academie/data/sites/zola"));
    insta::assert_snapshot!(told("/var/lib/provost/academie/keep/secrets"));
}

#[test]
fn a_dataroot_is_where_its_symlinks_lead() {
    let real = |path: &camino::Utf8Path| camino::Utf8PathBuf::from(path.as_str().replace("/link/", "/data/"));
    let ground = crate::Ground { default_state: None, real: Some(&real) };
    let text = GOOD.replace(ZOLA, "[site.zola]\ndataroot = \"/link/one\"\n");
    let text = text.replace(TAGS, "dataroot = \"/data/one\"");
    insta::assert_snapshot!(crate::load_on("fleet.toml", &text, &ground).unwrap_err());
}
