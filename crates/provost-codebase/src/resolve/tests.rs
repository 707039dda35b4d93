use std::collections::BTreeMap;

use proptest::prelude::*;
use provost_fleet::lock::Lock;
use provost_fleet::model::{GitAt, PluginSource};

use super::*;
use crate::git::Source;
use crate::object::ObjectId;
use crate::testing::{MOODLE, Place, Repository, chain, git, real_cache, real_moodle, version_php};

fn declare(moodle: &str, plugins: &[(&str, &Repository)]) -> Codebase {
    let plugins = plugins.iter().map(|(component, repository)| {
        let url = repository.path.to_string();
        (component.parse().unwrap(), PluginSource::Git { url, at: GitAt::Branch("main".to_owned()) })
    });
    Codebase {
        moodle: "main".parse().unwrap(),
        git: moodle.to_owned(),
        plugins: plugins.collect(),
        patches: Vec::new(),
    }
}

async fn resolved(place: &Place, codebase: &Codebase) -> Result<LockedCodebase, String> {
    let resolved = crate::testing::resolve(place, "lts", codebase).await;
    resolved.map(|resolved| resolved.locked).map_err(|error| chain(place, &error))
}

/// What git itself makes of these parts; in an index that it keeps in `judge`.
fn tree_by_git(place: &Place, parts: &[(&camino::Utf8Path, String, &str)]) -> ObjectId {
    let judge = place.root.join("judge");
    std::fs::create_dir_all(&judge).unwrap();
    git(&judge, &["init", "--quiet"]);
    git(&judge, &["read-tree", "--empty"]);
    for (repository, commit, path) in parts {
        let alternate = git(repository, &["rev-parse", "--path-format=absolute", "--git-path", "objects"]);
        let list = judge.join(".git/objects/info/alternates");
        let known = std::fs::read_to_string(&list).unwrap_or_default();
        std::fs::write(&list, format!("{known}{alternate}\n")).unwrap();
        if path.is_empty() {
            git(&judge, &["read-tree", commit]);
        } else {
            git(&judge, &["rm", "-r", "-q", "--cached", "--ignore-unmatch", path]);
            git(&judge, &["read-tree", &format!("--prefix={path}/"), commit]);
        }
    }
    git(&judge, &["write-tree"]).parse().unwrap()
}

#[tokio::test]
async fn a_codebase_is_resolved() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let activity = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    // A plugin whose type a plugin inside Moodle brings.
    let rule = place.repository("rule", &[("version.php", &version_php("quizaccess_own", ""))]);
    let codebase = declare(moodle.path.as_str(), &[("mod_x", &activity), ("quizaccess_own", &rule)]);
    let locked = resolved(&place, &codebase).await.unwrap();
    assert_eq!(locked.moodle.commit, moodle.head().to_string());
    assert_eq!((locked.moodle.branch.as_str(), locked.moodle.reference.as_str()), ("500", "refs/heads/main"));
    let paths: Vec<&str> = locked.plugins.values().map(|plugin| plugin.path.as_str()).collect();
    assert_eq!(paths, ["mod/x", "mod/quiz/accessrule/own"]);
    let parts = [
        (moodle.path.as_path(), moodle.head().to_string(), ""),
        (activity.path.as_path(), activity.head().to_string(), "mod/x"),
        (rule.path.as_path(), rule.head().to_string(), "mod/quiz/accessrule/own"),
    ];
    assert_eq!(locked.tree, tree_by_git(&place, &parts).to_string());
    assert_eq!(place.told(), "");
}

#[tokio::test]
async fn from_5_1_on_plugins_go_below_public() {
    let place = Place::new();
    let files: Vec<(String, &str)> =
        MOODLE.iter().map(|(name, content)| (format!("public/{name}"), *content)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let moodle = place.repository("moodle", &files);
    let plugin = place.repository("x", &[("version.php", &version_php("local_other", ""))]);
    let locked = resolved(&place, &declare(moodle.path.as_str(), &[("local_xx", &plugin)])).await;
    assert!(locked.unwrap_err().contains("is local_other, not local_xx"));
    let plugin = place.repository("xx", &[("version.php", &version_php("local_xx", ""))]);
    let locked = resolved(&place, &declare(moodle.path.as_str(), &[("local_xx", &plugin)])).await.unwrap();
    assert_eq!(locked.plugins.values().next().unwrap().path, "public/local/xx");
}

#[tokio::test]
async fn a_plugin_may_replace_itself_and_nothing_else() {
    let place = Place::new();
    let mut files = MOODLE.to_vec();
    files.push(("local/taken/readme.txt", "not a plugin"));
    let moodle = place.repository("moodle", &files);
    let newer = place.repository("quiz", &[("version.php", &version_php("mod_quiz", ""))]);
    let codebase = declare(moodle.path.as_str(), &[("mod_quiz", &newer)]);
    let locked = resolved(&place, &codebase).await.unwrap();
    let parts = [
        (moodle.path.as_path(), moodle.head().to_string(), ""),
        (newer.path.as_path(), newer.head().to_string(), "mod/quiz"),
    ];
    assert_eq!(locked.tree, tree_by_git(&place, &parts).to_string());
    insta::assert_snapshot!(place.told(), @"mod_quiz: the one that comes with this Moodle is replaced by ROOT/repositories/quiz");
    let taken = place.repository("taken", &[("version.php", &version_php("local_taken", ""))]);
    let error =
        resolved(&place, &declare(moodle.path.as_str(), &[("local_taken", &taken)])).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot resolve codebase lts: local_taken: `local/taken` of this Moodle holds something else than local_taken");
}

#[tokio::test]
async fn a_plugin_whose_authors_did_not_mean_this_moodle_is_noted() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let older = version_php("mod_older", "$plugin->supported = [403, 404];\n");
    let older = place.repository("older", &[("version.php", &older)]);
    resolved(&place, &declare(moodle.path.as_str(), &[("mod_older", &older)])).await.unwrap();
    insta::assert_snapshot!(place.told(), @"mod_older 2026010100: its authors support Moodle 4.3 to 4.4 only");
}

#[tokio::test]
async fn plugins_that_core_would_refuse_are_told_together() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let newer = version_php("mod_newer", "$plugin->requires = 2026010100;\n");
    let broken = version_php("mod_broken", "$plugin->incompatible = 500;\n");
    let lonely = version_php("mod_lonely", "$plugin->dependencies = ['mod_friend' => ANY_VERSION];\n");
    let (newer, broken, lonely) = (
        place.repository("newer", &[("version.php", &newer)]),
        place.repository("broken", &[("version.php", &broken)]),
        place.repository("lonely", &[("version.php", &lonely)]),
    );
    let plugins = [("mod_newer", &newer), ("mod_broken", &broken), ("mod_lonely", &lonely)];
    let error = resolved(&place, &declare(moodle.path.as_str(), &plugins)).await.unwrap_err();
    insta::assert_snapshot!("refused_together", error);
}

#[tokio::test]
async fn what_cannot_be_resolved_is_said() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let at = moodle.path.as_str();
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let nothing = place.repository("nothing", &[("readme", "")]);
    let error = async |codebase: Codebase| resolved(&place, &codebase).await.unwrap_err();
    insta::assert_snapshot!(error(declare(at, &[("mod_y", &plugin)])).await, @"cannot resolve codebase lts: the repository at ROOT/repositories/x is mod_x, not mod_y");
    insta::assert_snapshot!(error(declare(at, &[("mod_y", &nothing)])).await, @"cannot resolve codebase lts: mod_y: ROOT/repositories/nothing at refs/heads/main is not a plugin: it has no version.php at its top");
    insta::assert_snapshot!(error(declare(nothing.path.as_str(), &[])).await, @"cannot resolve codebase lts: ROOT/repositories/nothing at main is not a Moodle: it has no version.php with a lib/components.json beside it");
    let odd = place.repository("odd", &[("version.php", &version_php("odd_x1", ""))]);
    insta::assert_snapshot!(error(declare(at, &[("odd_x1", &odd)])).await, @"cannot resolve codebase lts: odd_x1: Moodle 5.0 (Build: 20250414) has no plugin type `odd`, and no plugin of this codebase brings it");
    let mut codebase = declare(at, &[]);
    codebase.moodle = "4.5".parse().unwrap();
    let told = error(codebase).await;
    assert!(
        told.starts_with(
            "cannot resolve codebase lts: ROOT/repositories/moodle has no Moodle `4.5`: no tag v4.5.x"
        ),
        "{told}"
    );
}

#[tokio::test]
async fn all_plugins_that_cannot_be_had_are_said_at_once() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let one = place.repository("x", &[("version.php", &version_php("mod_other", ""))]);
    let good = place.repository("z", &[("version.php", &version_php("mod_z", ""))]);
    let mut codebase = declare(moodle.path.as_str(), &[("mod_x", &one), ("mod_y", &one), ("mod_z", &good)]);
    insta::assert_snapshot!(resolved(&place, &codebase).await.unwrap_err());
    let gone = GitAt::Branch("gone".to_owned());
    for source in codebase.plugins.values_mut() {
        let PluginSource::Git { at, .. } = source else { unreachable!("all are") };
        *at = gone.clone();
    }
    insta::assert_snapshot!(resolved(&place, &codebase).await.unwrap_err());
}

#[tokio::test]
async fn a_lock_keeps_what_stands() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let mut fleet = crate::testing::fleet(&[("lts", declare(moodle.path.as_str(), &[]))]);
    let lock = resolve_lock(&place.cx, &place.origins(), &fleet, &Lock::default()).await.unwrap();
    // The branch moves on, and the lock does not.
    let old = moodle.head();
    let new = moodle.commit(&[("lib/new.php", "")]);
    let kept = resolve_lock(&place.cx, &place.origins(), &fleet, &lock).await.unwrap();
    assert_eq!(kept, lock);
    assert_eq!(kept.codebases.values().next().unwrap().moodle.commit, old.to_string());
    // Another declaration is resolved anew.
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    fleet.codebases.insert("lts".parse().unwrap(), declare(moodle.path.as_str(), &[("mod_x", &plugin)]));
    let moved = resolve_lock(&place.cx, &place.origins(), &fleet, &lock).await.unwrap();
    assert_eq!(moved.codebases.values().next().unwrap().moodle.commit, new.to_string());
    fleet.codebases.clear();
    assert_eq!(resolve_lock(&place.cx, &place.origins(), &fleet, &moved).await.unwrap(), Lock::default());
}

/// Small trees with names that sort differently as files and as directories.
fn tree() -> impl Strategy<Value = BTreeMap<String, String>> {
    let part = prop::sample::select(vec!["a", "a.b", "a-b", "ab", "A", "b"]);
    let path = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    prop::collection::btree_map(path.prop_map(|path| format!("{path}/f")), "[a-z]{0,3}", 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_tree_id_is_what_git_says(whole in tree(), part in tree(), at in "(a|ab|a-b|c)(/(a|b|a\\.b)){0,2}") {
        let place = Place::new();
        let files = |tree: &BTreeMap<String, String>| -> Vec<(String, String)> {
            tree.iter().map(|(name, content)| (name.clone(), content.clone())).collect()
        };
        let make = |name: &str, tree| {
            let files = files(tree);
            let files: Vec<_> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            place.repository(name, &files)
        };
        let (whole, part) = (make("whole", &whole), make("part", &part));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let spliced = runtime.block_on(async {
            let git = Git::find(&place.cx).await.unwrap();
            let open = async |repository: &Repository| {
                git.objects(&Source::parse(repository.path.as_str()).unwrap()).await.unwrap()
            };
            let mut splicer = Splicer::new(open(&whole).await, whole.head()).await.unwrap();
            splicer.put(&at, open(&part).await, part.head()).await.unwrap();
            splicer.tree()
        });
        let parts = [
            (whole.path.as_path(), whole.head().to_string(), ""),
            (part.path.as_path(), part.head().to_string(), at.as_str()),
        ];
        prop_assert_eq!(spliced, tree_by_git(&place, &parts));
    }
}

/// With a real Moodle and real plugins where the git cache has them, else with a small tree of the same shape.
#[tokio::test]
async fn a_real_tree_id_is_what_git_says_and_a_build_is_that_tree() {
    let place = Place::new();
    let (codebase, on) = real_codebase(&place);
    let locked = resolved(&place, &codebase).await.unwrap();
    let mut parts = vec![(locked.moodle.source.clone(), locked.moodle.commit.clone(), String::new())];
    parts.extend(
        locked
            .plugins
            .values()
            .map(|one| (one.source.place().to_owned(), one.source.object().to_owned(), one.path.clone())),
    );
    let parts: Vec<_> = parts
        .iter()
        .map(|(source, commit, path)| (camino::Utf8Path::new(source), commit.clone(), path.as_str()))
        .collect();
    assert_eq!(locked.tree, tree_by_git(&place, &parts).to_string(), "{on}");
    let recipe = crate::build::Recipe::try_from(&locked).unwrap();
    let step = provost_engine::plan::Subject::new("build", &"lts".parse().unwrap()).step("assemble");
    let made = crate::build::assemble(&place.cx, &step, &recipe).await.unwrap();
    // Read back from the disk alone: every file hashed by git, modes as they are, and nothing else there.
    let judge = place.root.join("judge");
    git(&judge, &["read-tree", "--empty"]);
    git(&judge, &["config", "core.attributesFile", "/dev/null"]);
    std::fs::write(judge.join(".git/info/attributes"), "* -text -filter -ident -working-tree-encoding\n")
        .unwrap();
    let work = format!("--work-tree={}", made.path);
    let list = place.root.join("files");
    let find = format!("cd {} && find . ! -type d ! -path ./config.php -print0 > {list}", made.path);
    assert!(std::process::Command::new("sh").args(["-c", &find]).status().unwrap().success());
    let from = format!("--pathspec-from-file={list}");
    git(&judge, &[&work, &format!("--git-dir={judge}/.git"), "add", "--force", &from, "--pathspec-file-nul"]);
    assert_eq!(git(&judge, &["write-tree"]), locked.tree, "{on}");
}

fn real_codebase(place: &Place) -> (Codebase, String) {
    let plugins = [
        ("mod_attendance", "github.com/danmarsden/moodle-mod_attendance.git"),
        ("mod_customcert", "github.com/mdjnelson/moodle-mod_customcert.git"),
        ("theme_moove", "github.com/willianmano/moodle-theme_moove.git"),
    ];
    let real = real_cache().zip(real_moodle());
    let Some((cache, moodle)) =
        real.filter(|(cache, _)| plugins.iter().all(|(_, at)| cache.join(at).is_dir()))
    else {
        let moodle = place.repository("moodle", &MOODLE);
        let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
        return (declare(moodle.path.as_str(), &[("mod_x", &plugin)]), "on a stand-in".to_owned());
    };
    let plugins = plugins.map(|(component, at)| {
        let url = cache.join(at).into_string();
        (component.parse().unwrap(), PluginSource::Git { url, at: GitAt::Default })
    });
    let head = git(&moodle, &["rev-parse", "HEAD"]);
    let codebase = Codebase {
        moodle: head.parse().unwrap(),
        git: moodle.to_string(),
        plugins: plugins.into_iter().collect(),
        patches: Vec::new(),
    };
    (codebase, format!("on {moodle}"))
}

mod defects;
mod directory;
mod places;
