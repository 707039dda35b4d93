//! The readers, on the files of real Moodle trees. They are looked for in the git cache; where there are none, there is
//! nothing to be tested, and the tests say so.

#![allow(clippy::print_stderr, reason = "a test that tests nothing says so")]

use std::path::PathBuf;
use std::process::Command;

use provost_moodle::changes::{settings, upgrade_steps};
use provost_moodle::components::{ComponentsError, PluginTypes};
use provost_moodle::environment::Environment;
use provost_moodle::fit::release_of;
use provost_moodle::request::Minor;
use provost_moodle::version_php::CoreVersion;

/// Repositories of the cache, and the branch of each.
const TREES: [(&str, &str); 2] =
    [("github.com/mrmelhay/Moodle-5.0.git", "main"), ("github.com/mutualadestruc/moodle-404.git", "master")];

/// A tree that is there.
struct Tree {
    git: PathBuf,
    branch: &'static str,
}

impl Tree {
    fn all() -> Vec<Self> {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let trees =
            TREES.map(|(path, branch)| Self { git: home.join(".cache/provost/git").join(path), branch });
        let there: Vec<Self> = trees.into_iter().filter(|tree| tree.git.join("HEAD").exists()).collect();
        if there.is_empty() {
            eprintln!("there is no Moodle in the git cache; nothing was tested");
        }
        there
    }

    fn file(&self, path: &str) -> Vec<u8> {
        let object = format!("{}:{path}", self.branch);
        let shown =
            Command::new("git").arg("-C").arg(&self.git).args(["show", &object]).output().expect("git runs");
        assert!(shown.status.success(), "{object}");
        shown.stdout
    }

    fn core(&self) -> CoreVersion {
        CoreVersion::read(&self.file("version.php")).expect("plain")
    }
}

#[test]
fn environments_are_those_of_the_release() {
    for tree in Tree::all() {
        let core = tree.core();
        let minor = Minor::of_branch(core.branch.parse().expect("a number")).to_string();
        let environment =
            Environment::read(&tree.file("admin/environment.xml"), &core.release).expect("valid");
        assert_eq!(environment.moodle, minor);
        assert!(
            release_of(&core.version).is_some_and(|release| release.starts_with(&minor)),
            "{}",
            core.version
        );
        for vendor in ["postgres", "mariadb", "mysql"] {
            assert!(environment.database(vendor).is_some(), "{vendor} of {minor}");
        }
        assert!(environment.php.is_some_and(|php| php.starts_with("8.")));
        assert!(environment.extensions.len() > 15 && !environment.settings.is_empty());
    }
}

#[test]
fn steps_and_settings_are_found() {
    for tree in Tree::all() {
        let any = "1".parse().expect("a version");
        for path in ["lib/db/upgrade.php", "mod/quiz/db/upgrade.php", "mod/assign/db/upgrade.php"] {
            let source = tree.file(path);
            let written = String::from_utf8_lossy(&source).matches("if ($oldversion < 2").count();
            assert_eq!(upgrade_steps(&source, &any).expect(path).len(), written, "{path}");
        }
        let found = settings(&tree.file("mod/quiz/settings.php")).expect("lexes");
        assert!(found.contains("quiz/graceperiodmin") && !found.contains("quizintro"), "{found:?}");
    }
}

#[test]
fn what_only_php_can_tell_is_an_error_that_says_so() {
    for tree in Tree::all().into_iter().filter(|tree| tree.core().branch == "404") {
        let mut types = PluginTypes::parse(&tree.file("lib/components.json")).expect("valid");
        let tool = "tool_mfa".parse().expect("a component");
        let computed = types.add_subplugins_php(&tool, &tree.file("admin/tool/mfa/db/subplugins.php"));
        assert!(matches!(computed, Err(ComponentsError::Dynamic { .. })), "{computed:?}");
        types.add_subplugins(&tool, &tree.file("admin/tool/mfa/db/subplugins.json")).expect("valid");
    }
}
