//! A database server that gets another name in the file, or a site that gets another server: data stays where it is, and that is told.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

#[test]
fn a_cluster_that_left_the_file_is_told_and_its_site_is_not_installed_anew() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let upload = env.state().join("data/sites/hugo/upload");
    std::fs::write(&upload, "an essay").unwrap();
    let before = env.fleet();
    env.write_fleet(&before.replace("[database.main]", "[database.other]"));

    let plan = env.run(&["plan"]);
    assert!(plan.stdout.contains("= server/main held: it is no longer in the file"), "{plan}");
    assert!(plan.stdout.contains("with 1 database at"), "{plan}");
    assert!(plan.stdout.contains(&env.state().join("data/servers/main").display().to_string()), "{plan}");
    for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
        let blocked = env.run(arguments);
        assert_eq!(blocked.code, 3, "{blocked}");
        for what in ["x database/hugo blocked: its site was installed on `main`", "x site/hugo blocked"] {
            assert!(blocked.stdout.contains(what), "{blocked}");
        }
        assert!(blocked.stdout.contains("hint: put `[database.main]` back"), "{blocked}");
    }
    assert_eq!(env.site_state("hugo"), "stopped");
    assert_eq!(std::fs::read_to_string(&upload).unwrap(), "an essay");

    // Back, as the hint says: all is as it was, and the empty cluster that was made meanwhile is told.
    env.write_fleet(&before);
    let back = env.run(&["apply"]);
    assert_eq!(back.code, 0, "{back}");
    assert!(back.stdout.contains("= server/other held"), "{back}");
    assert!(back.stdout.contains("with no database at"), "{back}");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
    std::fs::remove_dir_all(env.state().join("data/servers/other")).unwrap();
    std::fs::remove_file(env.state().join("keep/servers/other.json")).unwrap();
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

#[test]
fn a_site_that_is_told_to_be_on_another_server_is_to_be_moved_and_not_made_anew() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let before = env.fleet();
    // One name sorts before `main`, the other behind it.
    for other in ["alpha", "zeta"] {
        let text = before
            .replace("[database.main]", &format!("[database.{other}]\nmanaged = true\n[database.main]"));
        env.write_fleet(&text.replace("[site.hugo]\n", &format!("[site.hugo]\ndatabase = \"{other}\"\n")));
        let plan = env.run(&["plan"]);
        let told = format!("site/hugo/move  its database is on `main`, and the file says `{other}`");
        assert!(plan.stdout.contains(&told), "{plan}");
        assert!(!plan.stdout.contains("database/hugo/create"), "{plan}");
    }
    env.write_fleet(&before);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

#[test]
fn nothing_is_installed_over_a_site_whose_database_is_gone() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let dataroot = env.state().join("data/sites/hugo");
    std::fs::write(dataroot.join("upload"), "an essay").unwrap();
    let up = env.up();
    env.sql("drop database test_hugo with (force)");
    env.sql("drop role test_hugo");
    drop(up);
    for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
        let blocked = env.run(arguments);
        assert_eq!(blocked.code, 3, "{blocked}");
        assert!(blocked.stdout.contains("x site/hugo blocked: its dataroot"), "{blocked}");
        assert!(blocked.stdout.contains("hint: restore its dump"), "{blocked}");
    }
    assert_eq!(std::fs::read_to_string(dataroot.join("upload")).unwrap(), "an essay");
    // Somebody who does not want the site's files any more says so by moving them.
    std::fs::rename(&dataroot, env.path("given-up")).unwrap();
    let anew = env.run(&["apply"]);
    assert_eq!(anew.code, 0, "{anew}");
}
