//! Six readers of what others wrote: none panics, none takes long, none writes or names anything outside of its place.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::TreePlan;
use provost_codebase::git::{Git, Listing, Source};
use provost_codebase::import::import_zip;
use provost_codebase::object::Mode;
use provost_codebase::patch::{Patch, apply};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::store::Store;
use provost_moodle::catalogue::Catalogue;
use provost_moodle::component::Component;
use provost_moodle::environment::Environment;
use provost_moodle::version_php::{CoreVersion, PluginVersion};

use crate::mutate::{Rng, hostile_zip, mutate, mutate_headers, nonsense_patch};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// After this the worker is ended and its input is a finding. Bombs take most, in a debug build some seconds.
const TOO_LONG: Duration = Duration::from_mins(1);

/// What a reader of at most a megabyte may take in a debug build, on a machine that does other things too.
const SLOW: Duration = Duration::from_secs(10);

/// Readers, and how many inputs each gets in a round: those that start git get few.
const TARGETS: [(&str, u64); 6] =
    [("version.php", 200), ("pluglist", 60), ("environment.xml", 60), ("zip", 12), ("patch", 4), ("mbz", 60)];

/// How many real zips are kept in memory, and the largest one.
const ZIPS: (usize, usize) = (12, 600_000);

const VERSION: &str = "<?php\ndefined('MOODLE_INTERNAL') || die();\n$plugin->version = 2025010100;\n$plugin->requires = 2024042200;\n$plugin->component = 'mod_x';\n$plugin->release = 'v1';\n$plugin->maturity = MATURITY_STABLE;\n$plugin->supported = [404, 500];\n$plugin->dependencies = ['mod_forum' => 2020010100, 'mod_y' => ANY_VERSION];\n";

const ENVIRONMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<COMPATIBILITY_MATRIX>\n<MOODLE version=\"4.5\" requires=\"4.1.2\">\n<DATABASE level=\"required\"><VENDOR name=\"postgres\" version=\"13\" /></DATABASE>\n<PHP version=\"8.1.0\" level=\"required\"/>\n<PHP_EXTENSIONS><PHP_EXTENSION name=\"intl\" level=\"required\"><FEEDBACK><ON_ERROR message=\"x\" /></FEEDBACK></PHP_EXTENSION></PHP_EXTENSIONS>\n<PHP_SETTINGS><PHP_SETTING name=\"memory_limit\" value=\"96M\" level=\"required\"/></PHP_SETTINGS>\n</MOODLE>\n</COMPATIBILITY_MATRIX>\n";

const WORDS: [&[&str]; 6] = [
    &[
        "$plugin->",
        "$module->",
        "= array(",
        "[",
        "]",
        "=>",
        "'",
        "\"",
        "/*",
        "*/",
        "<<<EOT\n",
        "?>",
        "<?php",
        "(",
        "{",
        "}",
        ".",
        ";",
        "99999999999999999999",
        "1e999",
        "-0",
        "0x",
        "MATURITY_STABLE",
        "if (",
        "\\u{110000}",
        "$version",
        "#",
        "//",
    ],
    &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        "null",
        "\\ud800",
        "\"plugins\":",
        "\"versions\":",
        "\"component\":\"mod_x\",",
        "1e999",
        "-1",
        "99999999999999999999",
        ",",
        ":",
    ],
    &[
        "<MOODLE version=\"",
        "<",
        ">",
        "/>",
        "</MOODLE>",
        "&lt;",
        "&#x110000;",
        "&x;",
        "<!DOCTYPE a [<!ENTITY x \"y\">]>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "<?xml",
        "\"",
        "<a>",
        "4.5",
        "99999999999999999999.",
    ],
    &["../", "PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "\0\0\0\0", "/etc/", "\\"],
    &[
        "--- a/../x\n",
        "+++ b/../x\n",
        "../",
        ".git/",
        "config.php",
        "120000",
        "160000",
        "@@ -0,0 +1 @@\n",
        "rename to ../x\n",
        "/dev/null",
        "\"\\303\"",
        "diff --git a/x b/../x\n",
    ],
    &[
        "../",
        "/etc/passwd",
        "ustar",
        "77777777777",
        "\0\0\0\0\0\0\0\0",
        "files/",
        "Count: 99999999999999999999",
        "\td\t0\t?\n",
        "<!DOCTYPE a [<!ENTITY x \"y\">]>",
        "&x;",
        "<file>",
        "</files>",
        "<contenthash>",
        "<include_files>",
        "<![CDATA[",
        "\u{1f}\u{8b}",
        "PK\x03\x04",
    ],
];

const PATCHES: [&str; 5] = [
    "--- a/lib/long.php\n+++ b/lib/long.php\n@@ -3,3 +3,3 @@\n line 3\n-line 4\n+line four\n line 5\n",
    "diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n",
    "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+lib\n\\ No newline at end of file\n",
    "diff --git a/version.php b/lib/moved.php\nsimilarity index 100%\nrename from version.php\nrename to lib/moved.php\n",
    "diff --git a/lib/x.php b/lib/x.php\ndeleted file mode 100755\n--- a/lib/x.php\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
];

/// What to do, and where.
pub(crate) struct Campaign {
    /// An empty directory.
    pub(crate) work: Utf8PathBuf,
    pub(crate) seed: u64,
    pub(crate) rounds: u64,
    pub(crate) time: Duration,
    /// Bare repositories of plugins and of Moodle, to take real files from.
    pub(crate) cache: Option<Utf8PathBuf>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<String>,
    pub(crate) json: serde_json::Value,
}

/// What is mutated.
#[derive(Default)]
struct Corpus {
    texts: [Vec<Vec<u8>>; 3],
    zips: Vec<(Component, Vec<u8>)>,
}

/// When the input at hand was begun.
type Clock = Arc<Mutex<Option<Instant>>>;

struct Work<'a> {
    campaign: &'a Campaign,
    corpus: Corpus,
    place: Utf8PathBuf,
    runtime: tokio::runtime::Runtime,
    git: Git,
    base: (Source, Listing),
    clock: Clock,
    accepted: BTreeMap<&'static str, u64>,
    inputs: BTreeMap<&'static str, u64>,
    slowest: BTreeMap<&'static str, u128>,
}

impl Campaign {
    pub(crate) fn run(&self) -> Result<Outcome> {
        let begun = Instant::now();
        let mut work = Work::new(self)?;
        work.watch();
        let mut findings = Vec::new();
        for round in 0..self.rounds {
            for (target, (name, count)) in TARGETS.into_iter().enumerate() {
                for number in round * count..(round + 1) * count {
                    if begun.elapsed() > self.time && round > 0 {
                        break;
                    }
                    if let Err(what) = work.one(target, number)? {
                        let saved = self.work.join(format!("finding-{}", findings.len()));
                        std::fs::copy(self.work.join("input"), &saved)?;
                        findings.push(format!("{name} {number} of seed {}: {what}: {saved}", self.seed));
                    }
                }
            }
            if let Err(what) = work.is_inside() {
                findings.push(format!("round {round} of seed {}: {what}", self.seed));
                break;
            }
            if begun.elapsed() > self.time {
                break;
            }
        }
        let imported = work.git.repository(&Source::Imported);
        if let Err(error) = git(&imported, &["fsck", "--strict", "--no-dangling"]) {
            findings.push(format!("after seed {}: {error}", self.seed));
        }
        let json = serde_json::json!({
            "campaign": "fuzz", "seed": self.seed, "count": work.inputs.values().sum::<u64>(),
            "seconds": begun.elapsed().as_secs(), "findings": findings.len(), "inputs": work.inputs,
            "accepted": work.accepted, "slowest_ms": work.slowest,
            "real_files": work.corpus.texts.iter().map(Vec::len).sum::<usize>() + work.corpus.zips.len() - 4,
        });
        Ok(Outcome { findings, json })
    }
}

impl<'a> Work<'a> {
    fn new(campaign: &'a Campaign) -> Result<Self> {
        // Deep below, so that there is an outside to look at.
        let place = campaign.work.join("outside/place");
        std::fs::create_dir_all(&place)?;
        let base = place.join("base");
        std::fs::create_dir_all(base.join("lib"))?;
        let long: String = (1..=40).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat();
        for (name, content) in
            [("version.php", VERSION), ("lib/long.php", &long), ("lib/x.php", "x\n"), ("lib/bin", "\0\u{1}")]
        {
            std::fs::write(base.join(name), content)?;
        }
        git(&base, &["init", "-q", "-b", "main"])?;
        git(&base, &["add", "-A"])?;
        git(&base, &["-c", "user.name=c", "-c", "user.email=c@localhost", "commit", "-q", "-m", "base"])?;
        let commit = git(&base, &["rev-parse", "HEAD"])?.parse()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let cx = context(&place)?;
        let found = runtime.block_on(Git::find(&cx))?;
        let source = Source::parse(base.as_str())?;
        let listing = runtime.block_on(found.list(&source, commit))?;
        Ok(Self {
            campaign,
            corpus: Corpus::read(campaign.cache.as_deref())?,
            place,
            runtime,
            git: found,
            base: (source, listing),
            clock: Clock::default(),
            accepted: BTreeMap::new(),
            inputs: BTreeMap::new(),
            slowest: BTreeMap::new(),
        })
    }

    /// Ends the process when one input takes too long: `last` and `input` say which.
    fn watch(&self) {
        let clock = self.clock.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(500));
                let begun = *clock.lock().unwrap_or_else(PoisonError::into_inner);
                if begun.is_some_and(|begun| begun.elapsed() > TOO_LONG) {
                    std::process::abort();
                }
            }
        });
    }

    /// Makes one input and reads it. An inner error is a finding.
    fn one(&mut self, target: usize, number: u64) -> Result<std::result::Result<(), String>> {
        let name = TARGETS[target].0;
        let mut rng = Rng::new(self.campaign.seed, target as u64, number);
        let (component, input) = self.corpus.input(&mut rng, target)?;
        std::fs::write(
            self.campaign.work.join("last"),
            format!("{name} {number} of seed {}", self.campaign.seed),
        )?;
        std::fs::write(self.campaign.work.join("input"), &input)?;
        let begun = Instant::now();
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        let read = catch_unwind(AssertUnwindSafe(|| self.read(target, &component, &input)));
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let took = begun.elapsed();
        let slowest = self.slowest.entry(name).or_default();
        *slowest = (*slowest).max(took.as_millis());
        *self.inputs.entry(name).or_default() += 1;
        Ok(match read {
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(format!("panic: {}", text.unwrap_or("of no text")))
            }
            Ok(Ok(_)) if target < 3 && took > SLOW => Err(format!("it took {took:?}")),
            Ok(Ok(accepted)) => {
                *self.accepted.entry(name).or_default() += u64::from(accepted);
                Ok(())
            }
            Ok(Err(what)) => Err(what),
        })
    }

    /// Whether the input was accepted; an error is something that must not be.
    fn read(&self, target: usize, component: &Component, input: &[u8]) -> std::result::Result<bool, String> {
        match target {
            0 => Ok(PluginVersion::read(input).is_ok() | CoreVersion::read(input).is_ok()),
            1 => Ok(Catalogue::read(input, &BTreeSet::from([component.clone()])).is_ok()),
            2 => Ok(Environment::read(input, "4.5").is_ok()),
            3 => self.runtime.block_on(self.zip(component, input)),
            4 => self.runtime.block_on(self.patch(input)),
            _ => crate::mbz::read(input),
        }
    }

    async fn zip(&self, component: &Component, input: &[u8]) -> std::result::Result<bool, String> {
        let path = self.place.join("input.zip");
        std::fs::write(&path, input).map_err(|error| error.to_string())?;
        let Ok(imported) = import_zip(&self.git, &path, component).await else { return Ok(false) };
        // Listing refuses every path that leads out.
        let listing = self.git.list(&Source::Imported, imported.tree).await;
        let listing = listing.map_err(|error| format!("taken, but not to be listed: {error:?}"))?;
        let mut objects = self.git.objects(&Source::Imported).await.map_err(|error| error.to_string())?;
        for entry in listing.iter() {
            let path = String::from_utf8_lossy(entry.path);
            if entry.mode == Mode::Symlink {
                let target = objects.blob(entry.id).await.map_err(|error| error.to_string())?;
                let target = String::from_utf8_lossy(&target.unwrap_or_default()).into_owned();
                if leads_out(&path, &target) {
                    return Err(format!("taken with the symlink {path:?} to {target:?}"));
                }
            }
        }
        Ok(true)
    }

    async fn patch(&self, input: &[u8]) -> std::result::Result<bool, String> {
        let (source, listing) = &self.base;
        let patch = Patch::new("p", input.to_vec());
        let Ok(overlay) = apply(&self.git, listing, std::slice::from_ref(source), &[patch]).await else {
            return Ok(false);
        };
        for path in overlay.changes.keys() {
            let path = String::from_utf8_lossy(path);
            let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
            if !path.split('/').all(plain) || path == "config.php" {
                return Err(format!("it changed {path:?}"));
            }
        }
        TreePlan::new(listing.overlay(&overlay)).map_err(|error| format!("no tree: {error:?}"))?;
        Ok(true)
    }

    /// Nothing is where nothing was written.
    fn is_inside(&self) -> std::result::Result<(), String> {
        let expect = |directory: &Utf8Path, known: &[&str]| {
            let entries = directory.read_dir_utf8().map_err(|error| error.to_string())?;
            for entry in entries.flatten() {
                if !known.iter().any(|known| entry.file_name().starts_with(known)) {
                    return Err(format!("there is {}", entry.path()));
                }
            }
            Ok(())
        };
        expect(&self.campaign.work, &["outside", "last", "input", "finding-"])?;
        expect(&self.campaign.work.join("outside"), &["place"])?;
        expect(&self.place, &["base", "cache", "input.zip", "state", "run"])?;
        expect(&self.place.join("cache"), &["git"])?;
        let status =
            git(&self.place.join("base"), &["status", "--porcelain"]).map_err(|error| error.to_string())?;
        if !status.is_empty() {
            return Err(format!("the patched repository changed: {status}"));
        }
        let escaped = (0..8).map(|number| format!("/tmp/provost-fuzz-escaped{number}"));
        escaped.into_iter().find(|path| Utf8Path::new(path).exists()).map_or(Ok(()), Err)
    }
}

impl Corpus {
    fn read(cache: Option<&Utf8Path>) -> Result<Self> {
        let mut corpus = Self::default();
        let own: Component = "mod_x".parse()?;
        corpus.texts =
            [vec![VERSION.into()], vec![pluglist().to_string().into_bytes()], vec![ENVIRONMENT.into()]];
        corpus.zips.push((own, hostile_zip(&mut Rng::new(0, 0, 0), "x", VERSION.as_bytes())?));
        for repository in cache.map(repositories).transpose()?.unwrap_or_default() {
            for file in ["version.php", "public/version.php"] {
                corpus.texts[0].extend(show(&repository, file));
            }
            for file in ["admin/environment.xml", "public/admin/environment.xml"] {
                corpus.texts[2].extend(show(&repository, file));
            }
            if corpus.zips.len() < ZIPS.0 {
                corpus.zips.extend(archive(&repository));
            }
        }
        Ok(corpus)
    }

    fn input(&self, rng: &mut Rng, target: usize) -> Result<(Component, Vec<u8>)> {
        let own: Component = "mod_x".parse()?;
        let words = WORDS[target];
        match target {
            0..=2 => {
                let (input, other) = (rng.one(&self.texts[target]), rng.one(&self.texts[target]));
                Ok((own, mutate(rng, input, other, words)))
            }
            3 => {
                let (component, real) = rng.one(&self.zips);
                let (component, mut input) = if rng.below(2) == 0 {
                    (component.clone(), real.clone())
                } else {
                    (own, hostile_zip(rng, "x", VERSION.as_bytes())?)
                };
                match rng.below(4) {
                    0 => {}
                    1 => input = mutate(rng, &input, &self.zips[0].1, words),
                    _ => mutate_headers(rng, &mut input),
                }
                Ok((component, input))
            }
            5 => Ok((own, crate::mbz::input(rng, words)?)),
            _ => {
                let whole = if rng.below(2) == 0 {
                    nonsense_patch(rng)
                } else {
                    let (first, second) = (*rng.one(&PATCHES), *rng.one(&PATCHES));
                    format!("{first}{second}").into_bytes()
                };
                let other = rng.one(&PATCHES).as_bytes();
                Ok((own, if rng.below(3) == 0 { whole } else { mutate(rng, &whole, other, words) }))
            }
        }
    }
}

/// A list as the plugins directory has it.
fn pluglist() -> serde_json::Value {
    let plugin = |number: u32| {
        let versions: Vec<_> = (0..3)
            .map(|version| {
                serde_json::json!({
                    "id": version, "version": format!("{}", 2_024_010_100 + version), "release": "v1", "maturity": 200,
                    "downloadurl": "https://x.test/x.zip", "downloadmd5": "0123456789abcdef0123456789abcdef",
                    "vcssystem": "git", "vcsrepositoryurl": "https://x.test/x.git", "vcstag": "v1", "vcsbranch": null,
                    "supportedmoodles": [{"version": 2_024_042_200, "release": "4.4"}, {"version": "2024100700", "release": "4.5"}],
                })
            })
            .collect();
        let component = if number == 0 { "mod_x".to_owned() } else { format!("mod_p{number}") };
        serde_json::json!({"id": number, "name": "A name", "component": component, "source": "", "versions": versions})
    };
    serde_json::json!({"timestamp": 1_767_225_600, "plugins": (0..8).map(plugin).collect::<Vec<_>>()})
}

/// Whether a symlink leads out of its tree, by its words alone.
fn leads_out(path: &str, target: &str) -> bool {
    let mut depth = path.matches('/').count();
    if target.starts_with('/') {
        return true;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

fn show(repository: &Utf8Path, file: &str) -> Option<Vec<u8>> {
    let mut show = Command::new("git");
    let output = show.arg("-C").arg(repository).args(["show", &format!("HEAD:{file}")]).output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// A plugin's repository as the zip that GitHub would make.
fn archive(repository: &Utf8Path) -> Option<(Component, Vec<u8>)> {
    let component = PluginVersion::read(&show(repository, "version.php")?).ok()?.component?;
    let prefix = format!("--prefix={}/", component.name());
    let mut archive = Command::new("git");
    archive.arg("-C").arg(repository).args(["archive", "--format=zip", &prefix, "HEAD"]);
    let output = archive.output().ok()?;
    (output.status.success() && output.stdout.len() < ZIPS.1).then_some((component, output.stdout))
}

fn repositories(below: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut found = Vec::new();
    for entry in below.read_dir_utf8()? {
        let path = entry?.into_path();
        if path.extension() == Some("git") {
            found.push(path);
        } else if path.is_dir() {
            found.extend(repositories(&path)?);
        }
    }
    found.sort();
    Ok(found)
}

fn git(at: &Utf8Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").arg("-C").arg(at).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn context(place: &Utf8Path) -> Result<Context> {
    let machine = Machine {
        program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
        cores: 2,
        ..Machine::default()
    };
    Ok(Context {
        paths: Arc::new(Paths {
            state: place.join("state"),
            run: place.join("run"),
            cache: place.join("cache"),
            store: place.join("state/store"),
        }),
        store: Arc::new(Store::in_memory()?),
        cancel: tokio_util::sync::CancellationToken::new(),
        reporter: Arc::new(Silent),
        limits: Limits::for_machine(&machine),
        machine: Arc::new(machine),
    })
}
