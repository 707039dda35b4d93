use super::*;
use crate::build::{Part, Recipe, TreePlan, assemble};
use crate::testing::{MOODLE, Place, Repository, chain};

/// A Moodle, and a work tree of it to make patches in.
struct Bench {
    place: Place,
    moodle: Repository,
    git: Git,
}

impl Bench {
    async fn new() -> Self {
        let place = Place::new();
        let long: String = (1..=40).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n") + "\n";
        let files = [("lib/long.php", long.as_str()), ("lib/bin", "\0\u{1}\u{2}"), ("lib/old name", "x\n")];
        let moodle = place.repository("moodle", &[&MOODLE[..], &files].concat());
        let git = Git::find(&place.cx).await.unwrap();
        Self { place, moodle, git }
    }

    fn source(&self) -> Source {
        Source::parse(self.moodle.path.as_str()).unwrap()
    }

    async fn listing(&self) -> Listing {
        self.git.list(&self.source(), self.base()).await.unwrap()
    }

    fn base(&self) -> ObjectId {
        self.moodle.git(&["rev-list", "--max-parents=0", "HEAD"]).parse().unwrap()
    }

    /// Commits a change made by a shell script in the work tree.
    fn change(&self, script: &str) {
        let done =
            std::process::Command::new("sh").args(["-ec", script]).current_dir(&self.moodle.path).status();
        assert!(done.unwrap().success(), "{script}");
        self.moodle.git(&["add", "--all", "--force"]);
        self.moodle.git(&["commit", "--quiet", "--message=change"]);
    }

    /// The last change as `git format-patch` writes it.
    fn patch(&self, name: &str) -> Patch {
        let path = self.place.root.join(name);
        let output = std::process::Command::new("git")
            .args(["-C", self.moodle.path.as_str(), "format-patch", "-1", "--binary", "--stdout"])
            .output()
            .unwrap();
        std::fs::write(&path, output.stdout).unwrap();
        Patch::read(name, &path).unwrap()
    }

    async fn apply(&self, patches: &[Patch]) -> Result<Overlay, PatchError> {
        apply(&self.git, &self.listing().await, &[self.source()], patches).await
    }

    async fn tree(&self, patches: &[Patch]) -> String {
        let overlay = self.apply(patches).await.unwrap();
        TreePlan::new(self.listing().await.overlay(&overlay)).unwrap().tree().to_string()
    }

    async fn error(&self, patches: &[Patch]) -> String {
        let error = self.apply(patches).await.unwrap_err();
        let hint = error.hint().map_or(String::new(), |hint| format!(" ({hint})"));
        format!("{}{hint}", chain(&self.place, &error))
    }

    async fn text(&self, patch: &str) -> String {
        self.error(&[Patch::new("p", patch.as_bytes().to_vec())]).await
    }

    fn head(&self) -> String {
        self.moodle.git(&["rev-parse", "HEAD^{tree}"])
    }
}

#[tokio::test]
async fn every_kind_of_change_makes_gits_own_tree() {
    let bench = Bench::new().await;
    let mut patches = Vec::new();
    let all = [
        "sed -i 's/^line 7$/line seven/' lib/long.php",
        "printf '<?php // new\\n' >lib/new.php; mkdir -p local/x; printf y >local/x/no-newline",
        "rm mod/quiz/db/subplugins.json",
        "printf '\\000\\001\\003more' >lib/bin; head -c 3000 /dev/urandom >lib/random",
        "mv 'lib/old name' 'lib/\u{e4} \"name\"'; mv lib/long.php lib/longer.php; sed -i 's/line 30/x/' lib/longer.php",
        "chmod 755 version.php; chmod 644 admin/cli/cron.php",
        "printf '<?php // lib two\\r\\n' >lib/moodlelib.php",
        "ln -s ../version.php lib/link",
        "sed -i 's/line seven/line 7/' lib/longer.php",
    ];
    for (at, script) in all.iter().enumerate() {
        bench.change(script);
        patches.push(bench.patch(&format!("{at}.patch")));
        assert_eq!(bench.tree(&patches).await, bench.head(), "{script}");
    }
    // Nothing of it is left beside the repository of imported trees, and all of it is in it.
    let overlay = bench.apply(&patches).await.unwrap();
    let imported = bench.git.repository(&Source::Imported);
    assert!(!imported.join("provost-patch").exists());
    let pinned =
        crate::testing::git(&imported, &["ls-tree", &format!("refs/provost/{}", overlay.pin.unwrap())]);
    assert_eq!(pinned.lines().count(), overlay.ids().collect::<BTreeSet<_>>().len());
    crate::testing::git(&imported, &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_plain_diff_applies() {
    let bench = Bench::new().await;
    let diff = "--- moodle-5.0/lib/long.php\t2026-01-01 00:00:00.000000000 +0000\n+++ moodle-5.0-ours/lib/long.php\t2026-01-02 00:00:00.000000000 +0000\n@@ -38,3 +38,4 @@\n line 38\n line 39\n line 40\n+line 41\ndiff -ruN a/lib/n b/lib/n\n--- a/lib/n\t1970-01-01 00:00:00.000000000 +0000\n+++ b/lib/n\t2026-01-01 00:00:00.000000000 +0000\n@@ -0,0 +1 @@\n+new\n";
    bench.change("echo 'line 41' >>lib/long.php; echo new >lib/n");
    assert_eq!(bench.tree(&[Patch::new("p", diff.as_bytes().to_vec())]).await, bench.head());
}

#[tokio::test]
async fn a_patch_that_does_not_fit_is_refused_with_its_place() {
    let bench = Bench::new().await;
    bench.change("sed -i 's/^line 7$/line seven/' lib/long.php");
    let first = bench.patch("1.patch");
    bench.change("sed -i 's/^line seven$/line VII/' lib/long.php");
    let second = bench.patch("2.patch");
    let change = bench.moodle.git(&["rev-parse", "HEAD:lib/long.php"]);
    let overlay = bench.apply(&[first.clone(), second.clone()]).await.unwrap();
    assert_eq!(overlay.ids().next().unwrap().to_string(), change);
    insta::assert_snapshot!(bench.error(&[second.clone(), first.clone()]).await, @"the patch `2.patch` does not apply to `lib/long.php` at line 4: patch failed: lib/long.php:4; lib/long.php: patch does not apply (make it anew against this Moodle, or hold Moodle where it was made for)");
    insta::assert_snapshot!(bench.error(&[first.clone(), first.clone()]).await, @"the patch `1.patch` does not apply to `lib/long.php` at line 4: patch failed: lib/long.php:4; lib/long.php: patch does not apply (it is already in this Moodle: take `1.patch` out of the file)");
    insta::assert_snapshot!(bench.text("--- a/gone.php\n+++ b/gone.php\n@@ -1 +1 @@\n-x\n+y\n").await, @"the patch `p` does not apply to `gone.php`: gone.php: does not exist in index (paths in a patch begin at Moodle's root, with one directory before them: `a/lib/moodlelib.php`)");
    insta::assert_snapshot!(bench.text("--- /dev/null\n+++ b/version.php\n@@ -0,0 +1 @@\n+y\n").await, @"the patch `p` does not apply to `version.php`: version.php: already exists in index (make it anew against this Moodle, or hold Moodle where it was made for)");
    insta::assert_snapshot!(bench.text("--- /dev/null\n+++ b/version.php/x\n@@ -0,0 +1 @@\n+y\n").await, @"the patch `p` does not apply: 'version.php/x' appears as both a file and as a directory; unable to add cache entry for version.php/x (make it anew against this Moodle, or hold Moodle where it was made for)");
    insta::assert_snapshot!(bench.text("--- /dev/null\n+++ b/lib\n@@ -0,0 +1 @@\n+y\n").await, @"the patch `p` does not apply: 'lib' appears as both a file and as a directory; unable to add cache entry for lib (make it anew against this Moodle, or hold Moodle where it was made for)");
    assert_eq!(bench.place.told(), "");
}

#[tokio::test]
async fn what_no_patch_may_do_is_refused() {
    let bench = Bench::new().await;
    let new = |path: &str| format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+y\n");
    insta::assert_snapshot!(bench.text(&new("../x")).await, @"the patch `p` would change `../x`, which is outside the tree, or git's own");
    insta::assert_snapshot!(bench.text(&new("lib/../../x")).await, @"the patch `p` would change `lib/../../x`, which is outside the tree, or git's own");
    insta::assert_snapshot!(bench.text(&new("/etc/x")).await, @"the patch `p` would change `/etc/x`, which is outside the tree, or git's own");
    insta::assert_snapshot!(bench.text(&new(".git/config")).await, @"the patch `p` would change `.git/config`, which is outside the tree, or git's own");
    insta::assert_snapshot!(bench.text(&new("lib/.GIT/config")).await, @"the patch `p` would change `lib/.GIT/config`, which is outside the tree, or git's own");
    insta::assert_snapshot!(bench.text(&new("config.php")).await, @"the patch `p` would change `config.php`, which is Provost's own, in every build");
    let link = "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n";
    insta::assert_snapshot!(bench.text(&format!("{link}{}", new("l/x"))).await, @"the patch `p` does not apply: affected file 'l/x' is beyond a symbolic link (make it anew against this Moodle, or hold Moodle where it was made for)");
    let module = "diff --git a/s b/s\nnew file mode 160000\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+Subproject commit 1234567890123456789012345678901234567890\n";
    insta::assert_snapshot!(bench.text(module).await, @"the patch `p` would change `s`, which is a submodule");
    let rename = "diff --git a/version.php b/config.php\nsimilarity index 100%\nrename from version.php\nrename to config.php\n";
    insta::assert_snapshot!(bench.text(rename).await, @"the patch `p` would change `config.php`, which is Provost's own, in every build");
    insta::assert_snapshot!(bench.text("").await, @r#"`p` is not a patch that git can read: No valid patches in input (allow with "--allow-empty") (write it with `git format-patch`, `git diff --binary` or `diff -u`)"#);
    insta::assert_snapshot!(bench.text("hello\n").await, @r#"`p` is not a patch that git can read: No valid patches in input (allow with "--allow-empty") (write it with `git format-patch`, `git diff --binary` or `diff -u`)"#);
    insta::assert_snapshot!(bench.text("--- a/x\n+++ b/x\n@@ -1,9 +1 @@\n-x\n").await, @"`p` is not a patch that git can read: corrupt patch at line 5 (write it with `git format-patch`, `git diff --binary` or `diff -u`)");
    insta::assert_snapshot!(bench.error(&vec![Patch::new("p", Vec::new()); MOST + 1]).await, @"101 patches are too many: 100 at most");
    insta::assert_snapshot!(bench.error(&[Patch::new("p", vec![0; LARGEST + 1])]).await, @"the patch `p` has more than 4194304 bytes");
    let error = Patch::read("p", &bench.place.root.join("none")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the patch `p`");
}

#[tokio::test]
async fn a_build_has_the_patches_in_it_and_can_be_made_again() {
    let bench = Bench::new().await;
    bench.change("sed -i 's/^line 7$/line seven/' lib/long.php; cp version.php copy.php");
    let patch = bench.patch("1.patch");
    let part = Part { source: bench.source(), commit: bench.base(), reference: None, path: String::new() };
    let recipe = Recipe::new(bench.head().parse().unwrap(), vec![part]).with_patches(vec![patch]);
    let step = provost_engine::plan::Subject::new("build", &"x".parse().unwrap()).step("assemble");
    let built = assemble(&bench.place.cx, &step, &recipe).await.unwrap();
    let text = std::fs::read_to_string(built.path.join("lib/long.php")).unwrap();
    assert!(text.contains("line seven\n"));

    // With the store's list of files, but neither its files nor the imported ones.
    crate::build::remove_build(&built.path).unwrap();
    std::fs::remove_dir_all(bench.place.cx.paths.store().join("blobs")).unwrap();
    std::fs::remove_dir_all(bench.git.repository(&Source::Imported)).unwrap();
    let again = assemble(&bench.place.cx, &step, &recipe).await.unwrap();
    assert_eq!(std::fs::read_to_string(again.path.join("lib/long.php")).unwrap(), text);

    // Without the patch it is another tree.
    let bare = Recipe { patches: Vec::new(), ..recipe };
    std::fs::remove_dir_all(bench.place.cx.paths.store()).unwrap();
    crate::build::remove_build(&again.path).unwrap();
    let error = assemble(&bench.place.cx, &step, &bare).await.unwrap_err();
    assert!(matches!(error, crate::build::BuildError::OtherTree { .. }), "{error}");
}

/// Lines as they stand in patches, put together at random.
fn nonsense() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let line = prop_oneof![
        8 => "(--- |\\+\\+\\+ )(a/|b/|/dev/null|../|)(lib/long.php|version.php|x|\\.git/x|../../x|config.php|\"\\\\303\")\n",
        8 => "@@ -[0-9]{1,3}(,[0-9]{1,3})? \\+[0-9]{1,3}(,[0-9]{1,3})? @@\n",
        8 => "[ +\\-](line [0-9]{1,2}|<\\?php|)\n",
        2 => "diff --git a/(lib/long.php|x|../y) b/(lib/long.php|x|../y)\n",
        2 => "(new file mode|deleted file mode|old mode|new mode) (100644|120000|160000|100755|040000|7777777)\n",
        2 => "(rename|copy) (from|to) (lib/long.php|version.php|\\.\\./x|config.php)\n",
        1 => "GIT binary patch\n(literal|delta) [0-9]{1,12}\n[a-zA-Z0-9+]{0,60}\n",
        1 => "\\\\ No newline at end of file\n",
    ];
    let lines = proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat().into_bytes());
    prop_oneof![6 => lines, 1 => any::<Vec<u8>>()]
}

#[test]
fn no_bytes_break_it_or_lead_out() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bench = Bench::new().await;
        let before = std::fs::read_dir(&bench.place.root).unwrap().count();
        let mut runner = proptest::test_runner::TestRunner::default();
        let rounds =
            std::env::var("PROVOST_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
        let mut applied = 0;
        for _ in 0..rounds {
            let bytes = nonsense().new_tree(&mut runner).unwrap().current();
            let Ok(overlay) = bench.apply(&[Patch::new("p", bytes.clone())]).await else { continue };
            applied += 1;
            let shown = String::from_utf8_lossy(&bytes);
            assert!(overlay.changes.keys().all(|path| check(path).is_ok()), "{shown}");
            TreePlan::new(bench.listing().await.overlay(&overlay)).unwrap();
        }
        assert!(applied < rounds);
        let imported = usize::from(bench.git.repository(&Source::Imported).exists());
        assert_eq!(std::fs::read_dir(&bench.place.root).unwrap().count(), before + imported);
        assert_eq!(bench.moodle.git(&["status", "--porcelain"]), "");
    });
}
