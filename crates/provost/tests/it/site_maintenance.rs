//! Core's maintenance, on and off: a part of the life of the real Moodle in `site_delete`, for an installation takes long.

use crate::environment::TestEnv;
use crate::http::Browser;

/// Visitors of `zola`, which is up, get the maintenance page with its message, and come in again.
pub(crate) fn check(env: &TestEnv) {
    let mut browser = Browser::new(env.port, "zola.localhost");
    env.sql_in("test_zola", "update mdl_config set value = 'Ours' where name = 'maintenance_message'");

    let message = "Back at 8 <b>sharp</b>";
    let on = env.run(&["site", "maintenance", "on", "zola", "--message", message]);
    assert!(on.code == 0 && on.stdout.contains("✓ zola  maintenance on, seen as a visitor"), "{on}");
    let page = browser.get("/login/index.php");
    assert_eq!(page.status, 503);
    assert!(page.body.contains("Back at 8 &lt;b&gt;sharp&lt;/b&gt;"), "{}", page.body);
    assert_eq!(env.listed(&["--sites", "state:maintenance"]), "zola maintenance");
    // What is served is written anew in the meantime, and the page of maintenance is the right answer.
    env.write_fleet(&env.fleet().replace("[site.zola]\n", "[site.zola]\nworkers = 3\n"));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");

    let off = env.run(&["site", "maintenance", "off", "--sites", "*"]);
    assert!(off.code == 0 && off.stdout.contains("maintenance off, seen as a visitor"), "{off}");
    assert_eq!(browser.get("/login/index.php").status, 200);
    let own = "select value from mdl_config where name = 'maintenance_message'";
    assert_eq!(env.sql_in("test_zola", own), "Ours", "the site has its own message back");

    let later = env.run(&["site", "maintenance", "on", "zola", "--in", "10m"]);
    assert!(later.code == 0 && later.stdout.contains("maintenance from 2"), "{later}");
    assert_eq!(browser.get("/login/index.php").status, 200);
    let list = env.run(&["site", "list"]);
    assert!(list.stdout.contains("maintenance from"), "{list}");
    let off = env.run(&["site", "maintenance", "off", "zola"]);
    assert_eq!(off.code, 0, "{off}");
    assert!(!env.run(&["site", "list"]).stdout.contains("maintenance from"));
    assert_eq!(browser.get("/login/index.php").status, 200);

    let wrong = env.run(&["site", "maintenance", "off", "zola", "--in", "10m"]);
    assert!(wrong.code == 64 && wrong.stderr.contains("go with `on`"), "{wrong}");
}
