//! Zips, directories, absent plugins and patches.

use super::*;

fn with(moodle: &Repository, plugins: &[(&str, PluginSource)], patches: &[&str]) -> Codebase {
    let plugins =
        plugins.iter().map(|(component, source)| (component.parse().unwrap(), source.clone())).collect();
    let patches = patches.iter().map(|patch| (*patch).into()).collect();
    Codebase { moodle: "main".parse().unwrap(), git: moodle.path.to_string(), plugins, patches }
}

/// The same plugin as a repository, a zip and a directory is the same tree.
#[tokio::test]
async fn a_plugin_is_the_same_wherever_it_comes_from() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let files = [("version.php", version_php("mod_x", "")), ("lib.php", "<?php\n".to_owned())];
    let files = files.each_ref().map(|(name, content)| (*name, content.as_str()));
    let plugin = place.repository("x", &files);
    git(&plugin.path, &["archive", "--format=zip", "--prefix=x/", "-o", "../x.zip", "HEAD"]);
    let at = GitAt::Branch("main".to_owned());
    let from_git = PluginSource::Git { url: plugin.path.to_string(), at };
    let from_zip = PluginSource::Zip { location: "repositories/x.zip".to_owned() };
    let from_directory = PluginSource::Directory { path: "repositories/x".into() };
    let mut trees = Vec::new();
    for source in [from_git, from_zip, from_directory] {
        let locked = resolved(&place, &with(&moodle, &[("mod_x", source)], &[])).await.unwrap();
        assert_eq!(locked.plugins.values().next().unwrap().path, "mod/x");
        trees.push(locked.tree);
    }
    trees.dedup();
    assert_eq!(trees.len(), 1, "{trees:?}");
}

#[tokio::test]
async fn what_changed_on_this_machine_is_resolved_anew() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let own = place.root.join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("version.php"), version_php("mod_x", "")).unwrap();
    std::fs::write(place.root.join("p.patch"), patch("MATURITY_STABLE")).unwrap();
    let source = PluginSource::Directory { path: "own".into() };
    let codebase = with(&moodle, &[("mod_x", source)], &["p.patch"]);
    let name: Name = "lts".parse().unwrap();
    let fleet = crate::testing::fleet(&[("lts", codebase)]);
    let lock = async |before: &Lock| resolve_lock(&place.cx, &place.origins(), &fleet, before).await.unwrap();
    let first = lock(&Lock::default()).await;
    assert_eq!(lock(&first).await, first, "nothing changed");
    std::fs::write(own.join("lib.php"), "<?php\n").unwrap();
    let second = lock(&first).await;
    assert_ne!(second.codebases[&name].tree, first.codebases[&name].tree);
    std::fs::write(place.root.join("p.patch"), patch("MATURITY_BETA")).unwrap();
    let third = lock(&second).await;
    assert_ne!(third.codebases[&name].tree, second.codebases[&name].tree);
    std::fs::remove_dir_all(&own).unwrap();
    assert_eq!(lock(&third).await, third, "what is not there says nothing");
}

fn patch(line: &str) -> String {
    format!("--- /dev/null\n+++ b/local/readme.txt\n@@ -0,0 +1 @@\n+{line}\n")
}

#[tokio::test]
async fn what_is_to_be_absent_must_be_there_first() {
    let place = Place::new();
    let chat = version_php("mod_chat", "");
    let files: Vec<(&str, &str)> = MOODLE
        .iter()
        .copied()
        .chain([("mod/chat/version.php", chat.as_str()), ("mod/chat/lib.php", "")])
        .collect();
    let moodle = place.repository("moodle", &files);
    let locked = resolved(&place, &with(&moodle, &[("mod_chat", PluginSource::Absent)], &[])).await.unwrap();
    assert_eq!(locked.absent.values().next().unwrap(), "mod/chat");
    git(&moodle.path, &["rm", "-rq", "mod/chat"]);
    git(&moodle.path, &["commit", "-qm", "without"]);
    assert_eq!(locked.tree, git(&moodle.path, &["rev-parse", "HEAD^{tree}"]));
    let again = resolved(&place, &with(&moodle, &[("mod_chat", PluginSource::Absent)], &[])).await;
    insta::assert_snapshot!(again.unwrap_err(), @"cannot resolve codebase lts: mod_chat is to be absent, but Moodle 5.0 (Build: 20250414) has no such plugin");
}

#[tokio::test]
async fn patches_are_part_of_the_tree() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    std::fs::write(place.root.join("p.patch"), patch("a line")).unwrap();
    let locked = resolved(&place, &with(&moodle, &[], &["p.patch"])).await.unwrap();
    assert_eq!(locked.patches[0].path, "p.patch");
    let readme = moodle.path.join("local/readme.txt");
    std::fs::create_dir_all(readme.parent().unwrap()).unwrap();
    std::fs::write(&readme, "a line\n").unwrap();
    git(&moodle.path, &["add", "-A"]);
    git(&moodle.path, &["commit", "-qm", "patched"]);
    assert_eq!(locked.tree, git(&moodle.path, &["rev-parse", "HEAD^{tree}"]));
    let again = resolved(&place, &with(&moodle, &[], &["p.patch"])).await;
    assert!(again.unwrap_err().contains("does not apply"));
}

/// A Moodle with these files more.
fn moodle_with(place: &Place, more: &[(&str, &str)]) -> Repository {
    let files: Vec<(&str, &str)> = MOODLE.iter().copied().chain(more.iter().copied()).collect();
    place.repository("moodle", &files)
}

fn from_git(repository: &Repository) -> PluginSource {
    PluginSource::Git { url: repository.path.to_string(), at: GitAt::Branch("main".to_owned()) }
}

#[tokio::test]
async fn what_moodles_own_plugins_need_cannot_be_absent() {
    let place = Place::new();
    let chat = version_php("mod_chat", "");
    let needy = version_php("local_needy", "$plugin->dependencies = ['mod_chat' => 2025010100];\n");
    let moodle = moodle_with(&place, &[("mod/chat/version.php", &chat), ("local/needy/version.php", &needy)]);
    let absent = |components: &[&'static str]| {
        let absent = components.iter().map(|one| (*one, PluginSource::Absent)).collect::<Vec<_>>();
        with(&moodle, &absent, &[])
    };
    let error = resolved(&place, &absent(&["mod_chat"])).await.unwrap_err();
    assert!(
        error.contains("mod_chat cannot be absent: Moodle 5.0 (Build: 20250414) has local_needy"),
        "{error}"
    );
    let both = resolved(&place, &absent(&["mod_chat", "local_needy"])).await.unwrap();
    assert_eq!(both.absent.len(), 2);
    // One in its place is as good, if it is no older.
    let old = "<?php\n$plugin->version = 2024010100;\n$plugin->component = 'mod_chat';\n";
    let old = place.repository("old", &[("version.php", old)]);
    let error = resolved(&place, &with(&moodle, &[("mod_chat", from_git(&old))], &[])).await.unwrap_err();
    assert!(error.contains("mod_chat 2024010100 is too old"), "{error}");
    let rule = place.repository("rule", &[("version.php", &version_php("quizaccess_own", ""))]);
    let inside = [("mod_quiz", PluginSource::Absent), ("quizaccess_own", from_git(&rule))];
    let error = resolved(&place, &with(&moodle, &inside, &[])).await.unwrap_err();
    assert!(error.contains("quizaccess_own lies inside mod_quiz, which is to be absent"), "{error}");
}
