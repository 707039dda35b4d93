//! Which Moodle the tests run on.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::TestEnv;

/// A Moodle, or what stands in for one.
pub(crate) struct Moodle {
    /// A git repository; `None` is the stand-in, of which each test makes its own.
    repository: Option<PathBuf>,
    pub(crate) reference: String,
}

/// A plugin whose repository is at hand, with its branch for a Moodle.
pub(crate) struct Plugin {
    pub(crate) component: String,
    pub(crate) git: PathBuf,
    pub(crate) branch: String,
}

impl Plugin {
    fn for_moodle(git: PathBuf, moodle: &str, version: f64) -> Option<Self> {
        let stable = format!("MOODLE_{moodle}_STABLE");
        let read = |branch: &str| self::git(&git, &["show", &format!("{branch}:version.php")]);
        let (branch, text) = if let Some(text) = read(&stable) {
            (stable, text)
        } else {
            let branch = self::git(&git, &["symbolic-ref", "--short", "HEAD"])?;
            let text = read(&branch).filter(|text| supports(text, moodle))?;
            (branch, text)
        };
        // Core refuses to install what asks for a newer Moodle.
        let requires = assigned(&text, "requires").and_then(number).unwrap_or(0.0);
        // Others that it asks for may not be at hand.
        if requires > version || assigned(&text, "dependencies").is_some() {
            return None;
        }
        let component = assigned(&text, "component")?.split('\'').nth(1)?.to_owned();
        Some(Self { component, git, branch })
    }
}

/// What a plugin's version.php assigns to a field.
fn assigned<'a>(text: &'a str, field: &str) -> Option<&'a str> {
    let begin = format!("$plugin->{field}");
    text.lines().find_map(|line| line.trim_start().strip_prefix(begin.as_str()))
}

/// The number in ` = 2024042200; // 4.4.`
fn number(text: &str) -> Option<f64> {
    let number: String = text
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    number.trim_end_matches('.').parse().ok()
}

/// Whether a plugin says that it supports a Moodle: `supported = [39, 404]`.
fn supports(text: &str, moodle: &str) -> bool {
    let range = || {
        let (_, list) = assigned(text, "supported")?.split_once('[')?;
        let (from, to) = list.split_once(']')?.0.split_once(',')?;
        Some(from.trim().parse::<u32>().ok()?..=to.trim().parse::<u32>().ok()?)
    };
    range().zip(moodle.parse().ok()).is_some_and(|(range, moodle)| range.contains(&moodle))
}

/// The git cache of who runs the tests.
pub(crate) fn cache() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    Some(base.join("provost/git")).filter(|path| path.is_dir())
}

/// Moodle 4.3: what is older asks for an older PHP, and its installation ends in warnings.
const OLDEST: &str = "2023100900";

impl Moodle {
    /// The newest real Moodle that can be had; else the stand-in, which is said.
    pub(crate) fn real() -> Self {
        if let Some(named) = std::env::var("PROVOST_TEST_MOODLE").ok().filter(|named| !named.is_empty()) {
            let (path, reference) = named.split_once('#').unwrap_or((&named, "main"));
            println!("on {named}");
            return Self { repository: Some(path.into()), reference: reference.to_owned() };
        }
        let mut found: Vec<(String, PathBuf)> = cache().map(|cache| repositories(&cache)).unwrap_or_default();
        found.sort();
        let Some((version, repository)) = found.pop() else {
            println!("no Moodle can be had here: on the stand-in");
            return Self::standin();
        };
        let reference =
            git(&repository, &["symbolic-ref", "--short", "HEAD"]).unwrap_or_else(|| "main".to_owned());
        println!("on Moodle {version} from {}", repository.display());
        Self { repository: Some(repository), reference }
    }

    /// Every real Moodle in the git cache that PHP 8.2 runs, with its version, oldest first.
    pub(crate) fn all() -> Vec<(String, Self)> {
        let mut found: Vec<(String, PathBuf)> = cache().map(|cache| repositories(&cache)).unwrap_or_default();
        found.retain(|(version, _)| version.as_str() >= OLDEST);
        found.sort();
        let moodle = |(version, repository): (String, PathBuf)| {
            let reference = git(&repository, &["symbolic-ref", "--short", "HEAD"])?;
            Some((version, Self { repository: Some(repository), reference }))
        };
        found.into_iter().filter_map(moodle).collect()
    }

    /// The plugins in the git cache that have a stable branch for this Moodle, or say that they support it.
    pub(crate) fn plugins(&self) -> Vec<Plugin> {
        let branch = self.repository.as_ref().and_then(|repository| {
            let text = git(repository, &["show", "HEAD:version.php"])
                .or_else(|| git(repository, &["show", "HEAD:public/version.php"]))?;
            let line = |name: &str| text.lines().find(|line| line.starts_with(name));
            Some((line("$branch")?.split('\'').nth(1)?.to_owned(), number(line("$version")?)?))
        });
        let Some((branch, version)) = branch else { return Vec::new() };
        let repositories = cache().map(|cache| bare_repositories(&cache)).unwrap_or_default();
        repositories
            .into_iter()
            .filter_map(|repository| Plugin::for_moodle(repository, &branch, version))
            .collect()
    }

    /// Whether it is a Moodle, and not the stand-in.
    pub(crate) fn is_real(&self) -> bool {
        self.repository.is_some()
    }

    /// The stand-in, for what needs many runs.
    pub(crate) fn standin() -> Self {
        Self { repository: None, reference: "main".to_owned() }
    }

    /// Where it is: for the stand-in a repository made in the test's own directory.
    pub(crate) fn git(&self, env: &TestEnv) -> String {
        if let Some(repository) = &self.repository {
            return repository.display().to_string();
        }
        let place = env.path("moodle");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/standin/.");
        assert!(Command::new("cp").arg("-r").arg(source).arg(&place).status().unwrap().success());
        git(&place, &["init", "-q", "-b", "main"]).unwrap();
        git(&place, &["add", "-A"]).unwrap();
        let commit = ["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "stand-in"];
        git(&place, &commit).unwrap();
        place.display().to_string()
    }
}

/// Runs git; `None` when it fails.
pub(crate) fn git(repository: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(repository).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Moodles below a directory, with their versions.
fn repositories(below: &Path) -> Vec<(String, PathBuf)> {
    let all = bare_repositories(below).into_iter();
    all.filter_map(|path| version(&path).map(|version| (version, path))).collect()
}

fn bare_repositories(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "git") {
            found.push(path);
        } else if path.is_dir() {
            found.extend(bare_repositories(&path));
        }
    }
    found.sort();
    found
}

fn version(repository: &Path) -> Option<String> {
    let at = ["", "public/"].into_iter().find(|at| {
        git(repository, &["cat-file", "-e", &format!("HEAD:{at}lib/components.json")]).is_some()
    })?;
    let text = git(repository, &["show", &format!("HEAD:{at}version.php")])?;
    let line = text.lines().find(|line| line.starts_with("$version"))?;
    Some(line.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(13).collect())
}
