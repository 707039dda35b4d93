//! Sites that are created by name, and by the list.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

#[test]
fn a_site_is_created_and_nothing_else_is_touched() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    // Something of another site is to be done: not by this command.
    env.write_fleet(&format!("# Ours.\n{}", env.fleet()));
    let url = env.url("zola");
    let dry = env.run(&["site", "create", "zola", "--url", &url, "--tag", "lyon", "--dry-run"]);
    insta::assert_snapshot!(env.filter(&dry.to_string()));
    let created = env.run(&["--quiet", "site", "create", "zola", "--url", &url, "--tag", "lyon"]);
    insta::assert_snapshot!(env.filter(&created.to_string()));
    assert!(env.fleet().starts_with("# Ours.\n"), "{}", env.fleet());
    assert_eq!(env.listed(&[]), "hugo absent, zola installed");
    let again = env.run(&["--quiet", "site", "create", "zola", "--url", &url, "--tag", "lyon"]);
    insta::assert_snapshot!(env.filter(&again.to_string()));
    let other = env.run(&["--quiet", "site", "create", "zola", "--url", &env.url("other")]);
    insta::assert_snapshot!(env.filter(&other.to_string()));
    let wrong = env.run(&["--quiet", "site", "create", "sand", "--url", "ftp://sand"]);
    insta::assert_snapshot!(env.filter(&wrong.to_string()));
    assert!(!env.fleet().contains("sand"), "{}", env.fleet());
    let up = env.up();
    assert!(Browser::new(env.port, "zola.localhost").login(&env.secret("site-zola-admin").unwrap()));
    drop(up);
}

#[test]
fn a_list_is_created_line_by_line_and_goes_on_where_it_was() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let port = env.port;
    let before = env.fleet();
    let faulty = format!(
        "name,url,tags\nzola,http://zola.localhost:{port},lyon\nsand,http://hugo.localhost:{port},\nDumas,ftp://dumas,hugo\n"
    );
    std::fs::write(env.path("sites.csv"), faulty).unwrap();
    let refused = env.run(&["site", "create", "--from", "sites.csv"]);
    insta::assert_snapshot!(env.filter(&refused.to_string()).replace(&port.to_string(), "[PORT]"));
    assert_eq!(env.fleet(), before, "nothing was changed");

    let mut list = "name;url;tags\n".to_owned();
    for number in 0..12 {
        list.push_str(&format!("s{number};http://s{number}.localhost:{port};bulk\n"));
    }
    std::fs::write(env.path("sites.csv"), &list).unwrap();
    let mut killed = env.spawn(&["site", "create", "--from", "sites.csv"]);
    let begun = std::time::Instant::now();
    while !env.background().contains("site/s1/install") && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    killed.signal(rustix::process::Signal::KILL);
    killed.wait();
    let created = env.run(&["--quiet", "site", "create", "--from", "sites.csv"]);
    assert_eq!(created.code, 0, "{created}");
    assert!(created.stdout.contains("line 13: s11") && !created.stdout.contains('✗'), "{created}");
    let listed = env.listed(&["--sites", "bulk"]);
    assert_eq!(listed.matches(" installed").count(), 12, "{listed}");
    assert_eq!(env.listed(&["hugo"]), "hugo absent", "no other site is touched");
    let again = env.run(&["--quiet", "site", "create", "--from", "sites.csv"]);
    assert!(again.code == 0 && again.stdout.contains("12 there already."), "{again}");
}

/// One line of a list that cannot be made holds no other up.
#[test]
fn a_line_that_fails_is_told_at_its_line() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &[]);
    let taken = env.path("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("theirs"), "x").unwrap();
    let list = format!(
        "name,url,dataroot\nzola,{},\nsand,{},{}\n",
        env.url("zola"),
        env.url("sand"),
        taken.display()
    );
    std::fs::write(env.path("sites.csv"), list).unwrap();
    let created = env.run(&["--quiet", "site", "create", "--from", "sites.csv"]);
    insta::assert_snapshot!(env.filter(&created.to_string()));
    assert_eq!(std::fs::read_to_string(taken.join("theirs")).unwrap(), "x");
}

/// As many steps at once as the server gives connections: each that held one and asked for a second waited for ever.
#[test]
fn more_sites_at_once_than_connections_come_to_their_end() {
    let names: Vec<String> = (1..=26).map(|number| format!("s{number}")).collect();
    let env = TestEnv::with_fleet(&Moodle::standin(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let applied = env.run(&["apply", "--jobs", "30"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}
