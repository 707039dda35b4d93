//! What the tests work with: a context in a temporary directory, and repositories made by git itself.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::{Event, Reporter};
use provost_engine::paths::Paths;
use provost_engine::store::Store;
use provost_fleet::model::{Codebase, Fleet, Tls, Web};

use crate::object::ObjectId;
use crate::resolve::{ResolveError, Resolved, Resolver};

/// Where git listens to nobody: connections to port 1 are refused at once.
pub(crate) const NO_NETWORK: &str = "http://127.0.0.1:1";

/// A temporary directory and a context in it.
pub(crate) struct Place {
    _directory: tempfile::TempDir,
    pub(crate) root: Utf8PathBuf,
    pub(crate) cx: Context,
    lines: Arc<Lines>,
}

/// Keeps notes.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Reporter for Lines {
    fn event(&self, event: &Event) {
        let line = match event {
            Event::Note { text } => text.clone(),
            Event::Started { what } => what.clone(),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Place {
    /// Relative paths start at the place's root.
    pub(crate) fn origins(&self) -> crate::resolve::Origins {
        crate::resolve::Origins { base: self.root.clone(), catalogue: "catalogue.json".to_owned() }
    }

    pub(crate) fn new() -> Self {
        Self::with_environment(&[])
    }

    /// With variables that git sees when it talks to other repositories.
    pub(crate) fn with_environment(variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        let lines = Arc::new(Lines::default());
        let machine = Machine {
            program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
            child_environment: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            cores: 2,
            ..Machine::default()
        };
        #[expect(
            clippy::default_trait_access,
            reason = "the crate that names the type is no dependency of this one"
        )]
        let cx = Context {
            paths: Arc::new(Paths {
                state: root.join("state"),
                run: root.join("run"),
                cache: root.join("cache"),
                store: root.join("state/store"),
            }),
            store: Arc::new(Store::in_memory().unwrap()),
            cancel: Default::default(),
            reporter: lines.clone(),
            limits: Limits::for_machine(&machine),
            machine: Arc::new(machine),
        };
        Self { _directory: directory, root, cx, lines }
    }

    /// What was told since the last time, with the temporary directory written `ROOT`.
    pub(crate) fn told(&self) -> String {
        let lines = std::mem::take(&mut *self.lines.0.lock().unwrap());
        lines.join("\n").replace(self.root.as_str(), "ROOT")
    }

    /// A repository with one commit of these files on the branch `main`. A path that ends in `*` is executable, one that
    /// ends in `@` a symlink.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) -> Repository {
        let path = self.root.join("repositories").join(name);
        std::fs::create_dir_all(&path).unwrap();
        let repository = Repository { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(files);
        repository
    }
}

/// A repository with a work tree.
pub(crate) struct Repository {
    pub(crate) path: Utf8PathBuf,
}

impl Repository {
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path)
    }

    /// Adds these files and commits.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> ObjectId {
        for (name, content) in files {
            write(&self.path, name, content);
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=test"]);
        self.head()
    }

    pub(crate) fn head(&self) -> ObjectId {
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }
}

fn write(directory: &Utf8Path, name: &str, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.join(name.trim_end_matches(['*', '@']));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    if name.ends_with('@') {
        std::os::unix::fs::symlink(content, &path).unwrap();
        return;
    }
    std::fs::write(&path, content).unwrap();
    if name.ends_with('*') {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs git with nobody's configuration and a fixed clock.
pub(crate) fn git(directory: &Utf8Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-C", directory.as_str(), "-c", "user.name=Test", "-c", "user.email=test@example.org"])
        .args(["-c", "core.autocrlf=false", "-c", "safe.directory=*"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Resolves a codebase as a command would.
pub(crate) async fn resolve(
    place: &Place,
    name: &str,
    codebase: &Codebase,
) -> Result<Resolved, ResolveError> {
    let git = crate::git::Git::find(&place.cx).await.unwrap();
    let resolver = Resolver::new(git, &place.origins(), [codebase]);
    let resolved = crate::resolve::resolve(&resolver, &name.parse().unwrap(), codebase).await?;
    resolved.note_warnings(&place.cx);
    Ok(resolved)
}

/// A fleet of codebases without sites.
pub(crate) fn fleet(codebases: &[(&str, Codebase)]) -> Fleet {
    Fleet {
        name: "test".parse().unwrap(),
        moodle_git: String::new(),
        catalogue: String::new(),
        state: None,
        web: Web { listen: Vec::new(), tls: Tls::Off, trusted_proxies: Vec::new() },
        cron: provost_fleet::cron::Cron::default(),
        databases: BTreeMap::new(),
        redis: BTreeMap::new(),
        codebases: codebases.iter().map(|(name, one)| (name.parse().unwrap(), one.clone())).collect(),
        templates: BTreeMap::new(),
        sites: BTreeMap::new(),
        archives: BTreeMap::new(),
    }
}

/// An error and its causes on one line, with the temporary directory written `ROOT`.
pub(crate) fn chain(place: &Place, error: &(dyn std::error::Error + 'static)) -> String {
    provost_engine::execute::full_chain(error).replace(place.root.as_str(), "ROOT")
}

/// A small tree that passes for a Moodle.
pub(crate) const MOODLE: [(&str, &str); 6] = [
    (
        "version.php",
        "<?php\n$version = 2025041400.00;\n$release = '5.0 (Build: 20250414)';\n$branch = '500';\n$maturity = MATURITY_STABLE;\n",
    ),
    ("lib/components.json", r#"{"plugintypes": {"mod": "mod", "tool": "admin\/tool", "local": "local"}}"#),
    ("lib/moodlelib.php", "<?php // lib\r\n"),
    ("admin/cli/cron.php*", "<?php // cron\n"),
    ("mod/quiz/version.php", "<?php\n$plugin->version = 2025041400;\n$plugin->component = 'mod_quiz';\n"),
    ("mod/quiz/db/subplugins.json", r#"{"subplugintypes": {"quizaccess": "accessrule"}}"#),
];

/// The `version.php` of a plugin.
pub(crate) fn version_php(component: &str, more: &str) -> String {
    format!(
        "<?php\n$plugin->version = 2026010100;\n$plugin->component = '{component}';\n$plugin->release = 'v1';\n{more}"
    )
}

/// A real Moodle, if one is at hand: the repository that `PROVOST_TEST_MOODLE` names, else one in the git cache.
pub(crate) fn real_moodle() -> Option<Utf8PathBuf> {
    if let Ok(named) = std::env::var("PROVOST_TEST_MOODLE") {
        return Some(Utf8PathBuf::from(named));
    }
    let cache = real_cache()?;
    let found = Command::new("find")
        .args([cache.as_str(), "-maxdepth", "4", "-name", "*.git", "-type", "d"])
        .output()
        .ok()?;
    let holds = |repository: &str| {
        Command::new("git")
            .args(["-C", repository, "cat-file", "-e", "HEAD:lib/components.json"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let mut all: Vec<_> = String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect();
    all.sort();
    all.into_iter().find(|one| holds(one)).map(Utf8PathBuf::from)
}

/// The user's git cache.
pub(crate) fn real_cache() -> Option<Utf8PathBuf> {
    let home = std::env::var("HOME").ok()?;
    Some(Utf8PathBuf::from(home).join(".cache/provost/git")).filter(|path| path.is_dir())
}
