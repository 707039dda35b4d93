//! The reader of `version.php` against PHP itself, on the plugins in the git cache. Where there are none, there is nothing to
//! be tested, and the test says so.

#![allow(clippy::print_stderr, reason = "a test that tests nothing says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

use provost_moodle::version_php::{PluginVersion, VersionFileError};

/// Tags of each repository that are read besides its default branch: enough for all that its authors ever wrote there.
const TAGS: usize = 25;

/// Includes each file as Moodle does, and prints version, requires and component, one file a line.
const PHP: &str = r"<?php
define('MOODLE_INTERNAL', true);
define('ANY_VERSION', 'any');
foreach (['ALPHA' => 50, 'BETA' => 100, 'RC' => 150, 'STABLE' => 200] as $name => $value) {
    define('MATURITY_' . $name, $value);
}
$CFG = (object) ['branch' => '500', 'version' => 2025041400.00, 'yui3version' => '3.18.1', 'dirroot' => '/nonexistent'];
function read_version(string $file) {
    global $CFG;
    $plugin = new stdClass();
    $module = $plugin;
    include($file);
    return [$plugin->version ?? null, $plugin->requires ?? null, $plugin->component ?? null];
}
ini_set('serialize_precision', 17);
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $file) {
    foreach (read_version($file) as $value) {
        echo is_float($value) ? number_format($value, 2, '.', '') : $value, chr(9);
    }
    echo chr(10);
}
";

fn cache() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(".cache/provost/git/github.com")
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn git(repository: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let run =
        Command::new("git").arg("--git-dir").arg(repository).args(arguments).output().expect("git runs");
    run.status.success().then_some(run.stdout)
}

/// The plugin's file at its default branch and its newest tags.
fn files_of(repository: &Path) -> Vec<(String, Vec<u8>)> {
    if git(repository, &["cat-file", "-e", "HEAD:lib/components.json"]).is_some() {
        return Vec::new();
    }
    let tags = git(repository, &["tag", "--sort=-creatordate"]).unwrap_or_default();
    let tags = String::from_utf8_lossy(&tags).into_owned();
    let revisions = std::iter::once("HEAD").chain(tags.lines().take(TAGS));
    let name = repository.file_name().unwrap_or_default().to_string_lossy();
    let files = revisions.filter_map(|revision| {
        let source = git(repository, &["show", &format!("{revision}:version.php")])?;
        Some((format!("{name} {revision}"), source))
    });
    files.collect()
}

/// As PHP compares them: 2024010100 and 2024010100.00 are one version.
fn number(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[test]
fn what_is_read_is_what_php_says() {
    let files: Vec<(String, Vec<u8>)> = below(&cache())
        .iter()
        .flat_map(|owner| below(owner))
        .filter(|path| path.join("HEAD").exists())
        .flat_map(|repository| files_of(&repository))
        .collect();
    if files.is_empty() {
        eprintln!("there is no plugin in the git cache; nothing was tested");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mut list = String::new();
    for (at, (_, source)) in files.iter().enumerate() {
        let path = directory.path().join(format!("{at}.php"));
        std::fs::write(&path, source).expect("written");
        list.push_str(&format!("{}\n", path.display()));
    }
    std::fs::write(directory.path().join("list"), list).expect("written");
    std::fs::write(directory.path().join("read.php"), PHP).expect("written");
    let said = Command::new("php")
        .args(["-n", "-d", "error_reporting=0"])
        .arg(directory.path().join("read.php"))
        .stdin(std::fs::File::open(directory.path().join("list")).expect("opened"))
        .output()
        .expect("php runs");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.lines().count(), files.len(), "PHP read every file");

    let mut unread = Vec::new();
    for ((name, source), line) in files.iter().zip(said.lines()) {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default().to_owned();
        let (version, requires, component) = (field(), field(), field());
        match PluginVersion::read(source) {
            Ok(read) => {
                assert_eq!(number(read.version.as_str()), number(&version), "{name}");
                assert_eq!(
                    read.requires.map(|at| number(at.as_str())).unwrap_or_default(),
                    number(&requires),
                    "{name}"
                );
                assert_eq!(
                    read.component.map(|name| name.to_string()).unwrap_or_default(),
                    component,
                    "{name}"
                );
            }
            // Older than `$plugin`: PHP has nothing either.
            Err(VersionFileError::Missing { .. }) => assert_eq!(version, "", "{name}"),
            Err(why) => unread.push(format!("{name}: {why}")),
        }
    }
    eprintln!("{} files of version.php read as PHP reads them", files.len() - unread.len());
    assert_eq!(unread, Vec::<String>::new(), "only PHP can tell");
}
