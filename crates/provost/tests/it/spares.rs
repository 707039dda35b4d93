//! Spares: a site takes one and is itself, another is made, and whoever is killed meanwhile leaves nothing and takes none twice.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use crate::clones::{fleet, identity, is_itself};
use crate::environment::TestEnv;
use crate::faults::wait;
use crate::http::Browser;
use crate::moodle::Moodle;

/// Writes the fleet file with so many spares of the template, and these sites.
fn declare(env: &TestEnv, spares: u32, sites: &[String]) {
    let text = env.fleet();
    let head = text.split("\n[site.").next().unwrap().split("\n[template.").next().unwrap();
    let tables: Vec<String> = sites
        .iter()
        .map(|site| {
            let port = env.port;
            format!("\n[site.{site}]\nurl = \"http://{site}.localhost:{port}\"\ntemplate = \"school\"\n")
        })
        .collect();
    let sites = tables.concat();
    // An address of its own, so that somebody could come in.
    let url = env.url("school");
    env.write_fleet(&format!("{head}\n{sites}\n[template.school]\nurl = \"{url}\"\nspares = {spares}\n"));
}

fn databases(env: &TestEnv) -> BTreeSet<String> {
    let names = env.sql("select datname from pg_database where datname like 'test%'");
    names.lines().map(str::to_owned).collect()
}

fn dataroots(env: &TestEnv) -> BTreeSet<String> {
    let entries = std::fs::read_dir(env.state().join("data/sites")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Nothing is there but the template, its spares and the sites; each with its role, its directory and its account.
fn nothing_else_is_there(env: &TestEnv, spares: usize, sites: &[String]) {
    let spare = |number| format!("spare-school-{number}");
    let mut directories: BTreeSet<String> = sites.iter().cloned().collect();
    directories.insert("template-school".to_owned());
    directories.extend((1..=spares).map(spare));
    assert_eq!(dataroots(env), directories);
    let mut names: BTreeSet<String> = sites.iter().map(|site| format!("test_{site}")).collect();
    names.insert("test_template_school".to_owned());
    names.extend((1..=spares).map(|number| format!("test_template_school_spare{number}")));
    assert_eq!(databases(env), names);
    let roles = env.sql("select rolname from pg_roles where rolname like 'test%'");
    assert_eq!(roles.lines().map(str::to_owned).collect::<BTreeSet<_>>(), names);
    for number in 1..=9 {
        assert_eq!(
            env.account(&spare(number)).is_some(),
            number <= spares && rustix::process::geteuid().is_root(),
            "{number}"
        );
    }
}

#[test]
fn a_site_takes_a_spare_and_is_itself_and_none_is_left_when_none_is_wanted() {
    if Moodle::all().is_empty() {
        println!("no Moodle can be had here, and the stand-in has no identity");
        return;
    }
    let env = fleet(&Moodle::real(), &["c1".to_owned()]);
    declare(&env, 2, &[]);
    let made = env.run(&["apply"]);
    assert_eq!(made.code, 0, "{made}");
    assert!(made.stderr.contains("✓ spare/school-2/make"), "{made}");
    let up = env.up();
    let status: serde_json::Value = serde_json::from_str(&env.run(&["status", "--json"]).stdout).unwrap();
    let template = &status["templates"][0];
    assert_eq!((&template["spares"], &template["spares_ready"]), (&2.into(), &2.into()), "{status}");
    nothing_else_is_there(&env, 2, &[]);
    let mut words = identity(&env);
    words.push("spare-school".to_owned());

    let url = format!("http://c1.localhost:{}", env.port);
    let created = env.run(&["site", "create", "c1", "--url", &url, "--template", "school"]);
    assert_eq!(created.code, 0, "{created}");
    assert!(created.stderr.contains("spare school-1 of school"), "{created}");
    is_itself(&env, "c1", &words);
    assert!(Browser::new(env.port, "c1.localhost").login(&env.secret("site-c1-admin").unwrap()));
    // What the site has written by now is about itself too.
    is_itself(&env, "c1", &words);
    wait(Duration::from_mins(5), || {
        env.state().join("data/sites/spare-school-1/.provost").exists().then_some(())
    });
    let again = env.run(&["apply"]);
    assert_eq!(again.code, 0, "{again}");
    let sites = ["c1".to_owned()];
    nothing_else_is_there(&env, 2, &sites);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");

    // A template that was open is another one: `up` makes its spares anew.
    for verb in ["open", "close"] {
        let done = env.run(&["template", verb, "school"]);
        assert_eq!(done.code, 0, "{done}");
    }
    assert!(env.run(&["plan"]).stdout.contains("its template is another one by now"));
    let renewed = || (env.run(&["plan"]).stdout == "Nothing to do.\n").then_some(());
    wait(Duration::from_mins(5), renewed);

    declare(&env, 0, &sites);
    let removed = env.run(&["apply"]);
    assert_eq!(removed.code, 0, "{removed}");
    nothing_else_is_there(&env, 0, &sites);
    assert!(env.secret("site-spare-school-1-admin").is_none() && env.secret("site-c1-admin").is_some());
    drop(up);
}

#[test]
fn whoever_is_killed_over_a_spare_leaves_nothing_and_takes_none_twice() {
    if Moodle::all().is_empty() {
        println!("no Moodle can be had here, and the stand-in has no identity");
        return;
    }
    let env = fleet(&Moodle::real(), &["c1".to_owned()]);
    declare(&env, 2, &[]);
    let made = env.run(&["apply"]);
    assert_eq!(made.code, 0, "{made}");
    // The databases are asked, too, while no command runs.
    let _up = env.up();
    let mut words = identity(&env);
    words.push("spare-school".to_owned());
    let mut sites = Vec::new();
    for number in 1..=6_u64 {
        sites.push(format!("c{number}"));
        declare(&env, 2, &sites);
        let mut apply = env.spawn(&["apply"]);
        let begun = format!("] site/c{number}/clone\n");
        wait(Duration::from_mins(1), || env.background().contains(&begun).then_some(()));
        std::thread::sleep(Duration::from_millis(number * number * 12));
        apply.signal(Signal::KILL);
        apply.wait();
        let completed = env.run(&["apply"]);
        assert_eq!(completed.code, 0, "{completed}");
        is_itself(&env, &format!("c{number}"), &words);
        nothing_else_is_there(&env, 2, &sites);
    }
    let secret = "select value from mdl_config where name = 'siteidentifier'";
    let each: BTreeSet<String> =
        sites.iter().map(|site| env.sql_in(&format!("test_{site}"), secret)).collect();
    assert_eq!(each.len(), sites.len());
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}
