//! What the tools before us got wrong, each as a test. Elsewhere: `v4.5.10` after `v4.5.9` and a commit as a version
//! (`provost-moodle`, `request`), `public/` from 5.1 on and not before (`resolve::tests`), a zip's root directory and MD5
//! (`import`, `resolve::tests::directory`), edits of a build's content (`build::inspect`), many codebases at once (`gc::crowd`).

use super::*;

fn lock_of(resolved: &LockedCodebase) -> provost_fleet::lock::Lock {
    Lock { codebases: BTreeMap::from([("lts".parse().unwrap(), resolved.clone())]) }
}

/// Every kind of state puts the plugin into the tree: a tag, a branch, a commit, nothing said.
#[tokio::test]
async fn each_kind_of_state_installs() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    plugin.git(&["tag", "v1"]);
    let states = [
        GitAt::Tag("v1".to_owned()),
        GitAt::Branch("main".to_owned()),
        GitAt::Commit(plugin.head().to_string()),
        GitAt::Default,
    ];
    for at in states {
        let mut codebase = declare(moodle.path.as_str(), &[]);
        let url = plugin.path.to_string();
        codebase.plugins.insert("mod_x".parse().unwrap(), PluginSource::Git { url, at: at.clone() });
        let locked = resolved(&place, &codebase).await.unwrap();
        let recipe = crate::build::Recipe::try_from(&locked).unwrap();
        let git = crate::git::Git::find(&place.cx).await.unwrap();
        assert!(recipe.list(&git).await.unwrap().find("mod/x/version.php").is_some(), "{at:?}");
    }
}

/// A plugin that is taken out of the file leaves the tree.
#[tokio::test]
async fn a_plugin_that_is_taken_out_leaves_the_tree() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let with = declare(moodle.path.as_str(), &[("mod_x", &plugin)]);
    let lock = lock_of(&resolved(&place, &with).await.unwrap());
    let without = crate::testing::fleet(&[("lts", declare(moodle.path.as_str(), &[]))]);
    let after = resolve_lock(&place.cx, &place.origins(), &without, &lock).await.unwrap();
    let locked = after.codebases.values().next().unwrap();
    assert!(locked.plugins.is_empty());
    assert_eq!(locked.tree, git(&moodle.path, &["rev-parse", "HEAD^{tree}"]));
}

/// A zip whose content changed is taken anew, though its name is the same.
#[tokio::test]
async fn a_zip_is_updated() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let zip = || plugin.git(&["archive", "--format=zip", "--prefix=x/", "-o", "../x.zip", "HEAD"]);
    zip();
    let mut codebase = declare(moodle.path.as_str(), &[]);
    let source = PluginSource::Zip { location: "repositories/x.zip".to_owned() };
    codebase.plugins.insert("mod_x".parse().unwrap(), source);
    let fleet = crate::testing::fleet(&[("lts", codebase)]);
    let first = resolve_lock(&place.cx, &place.origins(), &fleet, &Lock::default()).await.unwrap();
    plugin.commit(&[("lib.php", "<?php\n")]);
    zip();
    let second = resolve_lock(&place.cx, &place.origins(), &fleet, &first).await.unwrap();
    let tree = |lock: &Lock| lock.codebases.values().next().unwrap().tree.clone();
    assert_ne!(tree(&first), tree(&second));
}

/// The lock has the plugin's commit, whole, and a build from it does not follow the branch.
#[tokio::test]
async fn the_lock_holds_the_plugins_commit() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let locked = resolved(&place, &declare(moodle.path.as_str(), &[("mod_x", &plugin)])).await.unwrap();
    let before = plugin.head().to_string();
    plugin.commit(&[("lib.php", "<?php\n")]);
    let lock = Lock::parse("fleet.lock", &lock_of(&locked).to_toml()).unwrap();
    let locked = lock.codebases.values().next().unwrap();
    assert_eq!(locked.plugins.values().next().unwrap().source.object(), before);
    let recipe = crate::build::Recipe::try_from(locked).unwrap();
    let git = crate::git::Git::find(&place.cx).await.unwrap();
    assert!(recipe.list(&git).await.unwrap().find("mod/x/lib.php").is_none());
}
