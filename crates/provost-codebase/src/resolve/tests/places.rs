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

#[tokio::test]
async fn plugins_inside_plugins_are_known() {
    let place = Place::new();
    let moodle = moodle_with(&place, &[]);
    let host = version_php("mod_host", "");
    let kid = version_php("hostkid_inner", "");
    for types in
        [r#"{"subplugintypes": {"hostkid": "kid"}}"#, r#"{"plugintypes": {"hostkid": "mod/host/kid"}}"#]
    {
        let name = format!("host{}", types.len());
        let files = [("version.php", &*host), ("db/subplugins.json", types), ("kid/inner/version.php", &kid)];
        let host = place.repository(&name, &files);
        let asks = |version: u32| {
            version_php("local_asks", &format!("$plugin->dependencies = ['hostkid_inner' => {version}];\n"))
        };
        let asker =
            place.repository(&format!("asks{}", types.len()), &[("version.php", &asks(2_026_010_100))]);
        let codebase = with(&moodle, &[("mod_host", from_git(&host)), ("local_asks", from_git(&asker))], &[]);
        resolved(&place, &codebase).await.unwrap();
        asker.commit(&[("version.php", &asks(2_027_010_100))]);
        let error = resolved(&place, &codebase).await.unwrap_err();
        assert!(error.contains("needs hostkid_inner 2027010100 or newer; here is 2026010100"), "{error}");
        // Another one of the same name takes its place.
        let own = place.repository(&format!("own{}", types.len()), &[("version.php", &kid), ("own.php", "")]);
        let codebase =
            with(&moodle, &[("mod_host", from_git(&host)), ("hostkid_inner", from_git(&own))], &[]);
        place.told();
        resolved(&place, &codebase).await.unwrap();
        let told = place.told();
        assert!(told.contains("hostkid_inner: the one that comes with mod_host is replaced by"), "{told}");
    }
}

#[tokio::test]
async fn what_is_locked_are_the_versions_of_the_build() {
    let place = Place::new();
    let moodle = moodle_with(&place, &[]);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let codebase = with(&moodle, &[("mod_x", from_git(&plugin))], &["p.patch"]);
    let patch = "--- a/mod/x/version.php\n+++ b/mod/x/version.php\n@@ -1,3 +1,3 @@\n <?php\n-$plugin->version = 2026010100;\n+$plugin->version = 2026010199;\n $plugin->component = 'mod_x';\n";
    std::fs::write(place.root.join("p.patch"), patch).unwrap();
    let locked = resolved(&place, &codebase).await.unwrap();
    assert_eq!(locked.plugins.values().next().unwrap().version, "2026010199");
    let patch = "--- a/version.php\n+++ b/version.php\n@@ -1,3 +1,3 @@\n <?php\n-$version = 2025041400.00;\n+$version = 2025041400.07;\n $release = '5.0 (Build: 20250414)';\n";
    std::fs::write(place.root.join("p.patch"), patch).unwrap();
    let locked = resolved(&place, &codebase).await.unwrap();
    assert_eq!(locked.moodle.version, "2025041400.07");
}

#[tokio::test]
async fn a_symlink_out_of_the_build_is_refused_before_anything_is_locked() {
    let place = Place::new();
    let moodle = moodle_with(&place, &[]);
    let files =
        [("version.php", &*version_php("mod_x", "")), ("here@", "version.php"), ("p@", "/etc/passwd")];
    let plugin = place.repository("x", &files);
    let error = resolved(&place, &with(&moodle, &[("mod_x", from_git(&plugin))], &[])).await.unwrap_err();
    assert!(error.contains("the symlink `mod/x/p` leads to `/etc/passwd`"), "{error}");
    let patch = "diff --git a/lib/p b/lib/p\nnew file mode 120000\n--- /dev/null\n+++ b/lib/p\n@@ -0,0 +1 @@\n+../../out\n\\ No newline at end of file\n";
    std::fs::write(place.root.join("p.patch"), patch).unwrap();
    let error = resolved(&place, &with(&moodle, &[], &["p.patch"])).await.unwrap_err();
    assert!(error.contains("the symlink `lib/p` leads to `../../out`"), "{error}");
}

#[tokio::test]
async fn files_that_lie_with_git_lfs_are_told() {
    let place = Place::new();
    let moodle = moodle_with(&place, &[]);
    let version = version_php("mod_x", "");
    let files = [("version.php", &*version), ("pix/.gitattributes", "*.png filter=lfs diff=lfs -text\n")];
    let plugin = place.repository("x", &files);
    let codebase = with(&moodle, &[("mod_x", from_git(&plugin))], &[]);
    place.told();
    resolved(&place, &codebase).await.unwrap();
    let told = place.told();
    assert!(told.contains("mod_x: its repository keeps files with Git LFS"), "{told}");
    plugin.commit(&[("pix/.gitattributes", "# filter=lfs\n*.png -text\n")]);
    resolved(&place, &codebase).await.unwrap();
    assert!(!place.told().contains("LFS"));
}
