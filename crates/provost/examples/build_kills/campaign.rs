//! Two fleets of one user share a store. What they declare changes from round to round; builds are killed in the middle.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::{Depth, remove_build, verify};
use provost_codebase::object::ObjectId;
use provost_codebase::store::Store as Files;
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::store::Store;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The earliest moment of a kill: before it the program has hardly begun.
const EARLIEST: f64 = 0.005;

/// The longest that a run may take. A Moodle of 30,000 files takes some seconds.
const LONGEST: Duration = Duration::from_mins(3);

/// Plugins of our own; the second half is fetched into the cache, the first half read where it is.
const PLUGINS: usize = 4;

/// Codebases of a fleet.
const CODEBASES: [&str; 4] = ["one", "two", "three", "four"];

/// What to do, and where.
pub(crate) struct Campaign {
    pub(crate) program: Utf8PathBuf,
    /// An empty directory.
    pub(crate) work: Utf8PathBuf,
    pub(crate) seed: u64,
    pub(crate) count: u64,
    /// A real Moodle; else the stand-in with more files.
    pub(crate) moodle: Option<Utf8PathBuf>,
    /// Is told how far it is.
    pub(crate) tell: fn(&str),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<String>,
    pub(crate) json: serde_json::Value,
}

/// xorshift64*: all that is random comes from the seed; only the kernel's scheduler does not.
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    #[expect(clippy::cast_precision_loss, reason = "a fraction")]
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[derive(Default)]
struct Figures {
    killed: u64,
    ended_before: u64,
    completed: u64,
    leftovers_met: u64,
    builds_seen: u64,
    last: Duration,
    longest: Duration,
}

struct Work<'a> {
    campaign: &'a Campaign,
    rng: Rng,
    moodle: Utf8PathBuf,
    moodle_commit: String,
    /// The commits of each plugin.
    plugins: Vec<Vec<String>>,
    fleets: [Fleet; 2],
    findings: Vec<String>,
    figures: Figures,
    runtime: tokio::runtime::Runtime,
}

struct Fleet {
    at: Utf8PathBuf,
    cx: Context,
    /// Builds that were read already.
    known: BTreeSet<ObjectId>,
}

/// After so many rounds it says how far it is: on a real Moodle two hundred take hours.
const TELL: u64 = 10;

impl Campaign {
    pub(crate) fn run(&self) -> Result<Outcome> {
        let begun = Instant::now();
        let mut work = Work::new(self)?;
        work.advance(0)?;
        for fleet in 0..work.fleets.len() {
            work.declare(fleet, 0)?;
            work.complete(0, fleet, "the first run")?;
        }
        for round in 1..=self.count {
            work.round(round)?;
            if round.is_multiple_of(TELL) {
                (self.tell)(&format!("{round} of {} rounds, {} findings", self.count, work.findings.len()));
            }
        }
        work.end()?;
        let figures = &work.figures;
        let json = serde_json::json!({
            "campaign": "build-kills", "seed": self.seed, "count": self.count,
            "seconds": begun.elapsed().as_secs(), "findings": work.findings.len(),
            "on": if self.moodle.is_some() { "moodle" } else { "stand-in" },
            "killed": figures.killed, "ended_before": figures.ended_before, "completed": figures.completed,
            "rounds_with_leftovers": figures.leftovers_met, "builds_read": figures.builds_seen,
            "longest_run_ms": u64::try_from(figures.longest.as_millis())?,
        });
        Ok(Outcome { findings: work.findings, json })
    }
}

impl<'a> Work<'a> {
    fn new(campaign: &'a Campaign) -> Result<Self> {
        let at = &campaign.work;
        for directory in ["home", "run", "cache", "a/patches", "b/patches"] {
            std::fs::create_dir_all(at.join(directory))?;
        }
        let moodle = match &campaign.moodle {
            Some(real) => real.clone(),
            None => standin(&at.join("moodle"))?,
        };
        for plugin in 0..PLUGINS {
            let place = at.join(format!("plugin{plugin}"));
            std::fs::create_dir_all(&place)?;
            git(&place, &["init", "-q", "-b", "main"])?;
        }
        let fleet = |name: &str| -> Result<Fleet> {
            Ok(Fleet { at: at.join(name), cx: context(at, name)?, known: BTreeSet::new() })
        };
        Ok(Self {
            campaign,
            rng: Rng::new(campaign.seed),
            moodle_commit: git(&moodle, &["rev-parse", "HEAD"])?,
            moodle,
            plugins: vec![Vec::new(); PLUGINS],
            fleets: [fleet("a")?, fleet("b")?],
            findings: Vec::new(),
            figures: Figures::default(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        })
    }

    fn find(&mut self, round: u64, what: &str) {
        self.findings.push(format!("round {round} of seed {}: {what}", self.campaign.seed));
    }

    /// Commits something new to one plugin, at first to all.
    fn advance(&mut self, round: u64) -> Result<()> {
        let chosen = if round == 0 { 0..PLUGINS } else { self.rng.below(PLUGINS)..PLUGINS };
        for plugin in chosen.take(if round == 0 { PLUGINS } else { 1 }) {
            let place = self.campaign.work.join(format!("plugin{plugin}"));
            let version = format!(
                "<?php\n$plugin->component = 'mod_kills{plugin}';\n$plugin->version = 2025010100;\n$plugin->requires = 2020010100;\n"
            );
            std::fs::write(place.join("version.php"), version)?;
            for file in 0..60 {
                let directory = place.join(format!("classes/d{}", file % 7));
                std::fs::create_dir_all(&directory)?;
                let filler = "// x\n".repeat(self.rng.below(400));
                let text = format!("<?php // {plugin} {round} {file}\n{filler}");
                std::fs::write(directory.join(format!("f{file}.php")), text)?;
            }
            git(&place, &["add", "-A"])?;
            git(&place, &["commit", "-q", "-m", "next"])?;
            self.plugins[plugin].push(git(&place, &["rev-parse", "HEAD"])?);
        }
        Ok(())
    }

    /// Writes a fleet file in which there is something to build.
    fn declare(&mut self, fleet: usize, round: u64) -> Result<()> {
        let at = self.fleets[fleet].at.clone();
        // No server is made where another one is named; that it cannot be reached says nothing of builds.
        let mut text = format!(
            "[fleet]\nname = \"f{fleet}\"\nmoodle_git = \"{}\"\nstate = \"{at}/state\"\n\n[database.none]\nhost = \"127.0.0.1\"\nport = 1\nadmin = {{ user = \"x\", password = {{ env = \"NONE\" }} }}\n",
            self.moodle
        );
        let codebases = 3 + self.rng.below(2);
        for (number, name) in CODEBASES.iter().take(codebases).enumerate() {
            text += &format!("\n[codebase.{name}]\nmoodle = \"{}\"\n", self.moodle_commit);
            if number == 0 || self.rng.chance(3) {
                let patch = format!("patches/{round}-{name}.patch");
                let diff = format!(
                    "--- /dev/null\n+++ b/lib/kills_{name}.php\n@@ -0,0 +1 @@\n+<?php // {fleet} {round}\n"
                );
                std::fs::write(at.join(&patch), diff)?;
                text += &format!("patches = [\"{patch}\"]\n");
            }
            text += &format!("\n[codebase.{name}.plugins]\n");
            for plugin in 0..PLUGINS {
                if number > 0 && self.rng.chance(3) {
                    continue;
                }
                let commits = &self.plugins[plugin];
                let newest = commits.len() - 1;
                let chosen = if self.rng.chance(3) { self.rng.below(newest + 1) } else { newest };
                let scheme = if plugin < PLUGINS / 2 { "" } else { "file://" };
                text += &format!(
                    "mod_kills{plugin} = {{ git = \"{scheme}{}/plugin{plugin}\", commit = \"{}\" }}\n",
                    self.campaign.work, self.plugins[plugin][chosen]
                );
            }
            if self.rng.chance(3) {
                text += "mod_page = { absent = true }\n";
            }
        }
        std::fs::write(at.join("fleet.toml"), text)?;
        Ok(())
    }

    fn spawn(&self, fleet: usize) -> Result<Child> {
        let at = &self.campaign.work;
        let log = std::fs::File::create(self.fleets[fleet].at.join("log"))?;
        let mut command = Command::new(&self.campaign.program);
        command
            .args(["--quiet", "apply"])
            .current_dir(&self.fleets[fleet].at)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", at.join("home"))
            .env("USER", "campaign")
            .env("NONE", "none")
            .env("XDG_CACHE_HOME", at.join("cache"))
            .env("XDG_RUNTIME_DIR", at.join("run"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command.spawn()?)
    }

    /// One kill, or two; then mostly a run that must complete.
    fn round(&mut self, round: u64) -> Result<()> {
        // What the last whole run took, and somewhat more: where it ends is where builds become visible.
        let length = (1.1 * self.figures.last.as_secs_f64()).max(4.0 * EARLIEST);
        self.advance(round)?;
        let both = self.rng.chance(4);
        let fleets: &[usize] = if both { &[0, 1] } else { &[0] };
        let mut runs = Vec::new();
        for fleet in fleets {
            self.declare(*fleet, round)?;
            let delay = EARLIEST * (length / EARLIEST).powf(self.rng.fraction());
            runs.push((*fleet, Duration::from_secs_f64(delay)));
        }
        runs.sort_by_key(|(_, delay)| *delay);
        let mut children = Vec::new();
        for (fleet, _) in &runs {
            children.push(self.spawn(*fleet)?);
        }
        let begun = Instant::now();
        for ((_, delay), child) in runs.iter().zip(&mut children) {
            std::thread::sleep(delay.saturating_sub(begun.elapsed()));
            let ended = child.try_wait()?.is_some();
            child.kill()?;
            child.wait()?;
            if ended {
                self.figures.ended_before += 1;
            } else {
                self.figures.killed += 1;
            }
        }
        for fleet in fleets {
            self.figures.leftovers_met += u64::from(!self.leftovers(*fleet)?.is_empty());
            self.look(round, *fleet, &format!("after {:?}", runs.iter().map(|(_, delay)| delay).max()))?;
        }
        // Sometimes one killed run follows the other.
        if !self.rng.chance(4) {
            for fleet in fleets {
                self.complete(round, *fleet, "the next run")?;
                self.look(round, *fleet, "after the next run")?;
                if self.rng.chance(2) {
                    self.forget(*fleet)?;
                }
            }
        }
        Ok(())
    }

    /// Runs to the end: everything that the lock names must be there.
    fn complete(&mut self, round: u64, fleet: usize, what: &str) -> Result<()> {
        let mut child = self.spawn(fleet)?;
        let begun = Instant::now();
        while child.try_wait()?.is_none() {
            if begun.elapsed() > LONGEST {
                child.kill()?;
                child.wait()?;
                self.find(round, &format!("{what} of fleet {fleet} did not end"));
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.figures.last = begun.elapsed();
        self.figures.longest = self.figures.longest.max(begun.elapsed());
        let at = self.fleets[fleet].at.clone();
        let log = std::fs::read_to_string(at.join("log"))?;
        let trees = locked(&at);
        let missing: Vec<_> = trees
            .iter()
            .filter(|tree| !at.join("state/made/builds").join(tree.to_string()).is_dir())
            .collect();
        if log.contains("✗") || !missing.is_empty() || trees.is_empty() {
            self.find(
                round,
                &format!("{what} of fleet {fleet} did not complete, without {missing:?}: {log}"),
            );
        } else {
            self.figures.completed += 1;
        }
        Ok(())
    }

    /// Removes builds that nobody names, so that they are made again from what the store has.
    fn forget(&mut self, fleet: usize) -> Result<()> {
        let keep = locked(&self.fleets[fleet].at);
        for tree in self.builds(fleet)? {
            if !keep.contains(&tree) {
                remove_build(&self.fleets[fleet].cx.paths.build(&tree.to_string()))?;
                self.fleets[fleet].known.remove(&tree);
            }
        }
        Ok(())
    }

    fn builds(&self, fleet: usize) -> Result<Vec<ObjectId>> {
        let names = names(&self.fleets[fleet].cx.paths.builds())?;
        Ok(names.iter().filter(|name| !name.starts_with('.')).filter_map(|name| name.parse().ok()).collect())
    }

    /// Every build that can be seen is whole; those that were read before are only looked at.
    fn look(&mut self, round: u64, fleet: usize, when: &str) -> Result<()> {
        for name in names(&self.fleets[fleet].cx.paths.builds())? {
            if !name.starts_with('.') && name.parse::<ObjectId>().is_err() {
                self.find(round, &format!("{when}: `{name}` among the builds of fleet {fleet}"));
            }
        }
        for tree in self.builds(fleet)? {
            let depth = if self.fleets[fleet].known.insert(tree) { Depth::Rehash } else { Depth::Quick };
            self.figures.builds_seen += u64::from(depth == Depth::Rehash);
            self.read(round, fleet, tree, depth, when);
        }
        Ok(())
    }

    fn read(&mut self, round: u64, fleet: usize, tree: ObjectId, depth: Depth, when: &str) {
        match self.runtime.block_on(verify(&self.fleets[fleet].cx, tree, depth)) {
            Ok(verified) if verified.damaged.is_empty() && verified.files > 0 => {}
            Ok(verified) => {
                self.find(round, &format!("{when}: build {tree} of fleet {fleet}: {:?}", verified.damaged));
            }
            Err(error) => self.find(round, &format!("{when}: build {tree} of fleet {fleet}: {error:?}")),
        }
    }

    /// What should not be there when nobody is at work.
    fn leftovers(&self, fleet: usize) -> Result<Vec<String>> {
        let paths = &self.fleets[fleet].cx.paths;
        let builds = paths.builds();
        let mut found: Vec<String> =
            names(&builds)?.into_iter().filter(|name| name.starts_with(".assembling-")).collect();
        found.extend(names(&paths.store.join("writing"))?.into_iter().map(|name| format!("writing/{name}")));
        for directory in [builds.join(".records"), paths.store.join("trees"), paths.store.clone()] {
            found.extend(names(&directory)?.into_iter().filter(|name| name.ends_with(".new")));
        }
        Ok(found)
    }

    /// One more thing to build; then nothing is left over, every build is read and so is the store.
    fn end(&mut self) -> Result<()> {
        let last = self.campaign.count + 1;
        self.advance(last)?;
        for fleet in 0..self.fleets.len() {
            self.declare(fleet, last)?;
            self.complete(last, fleet, "the last run")?;
        }
        for fleet in 0..self.fleets.len() {
            let left = self.leftovers(fleet)?;
            if !left.is_empty() {
                self.find(last, &format!("left over in fleet {fleet}: {left:?}"));
            }
            for tree in self.builds(fleet)? {
                self.read(last, fleet, tree, Depth::Rehash, "at the end");
            }
        }
        let checked = Files::open(&self.fleets[0].cx.paths.store)?.check(&|| false)?;
        if !checked.removed.is_empty() || checked.whole == 0 {
            self.find(last, &format!("in the store, not as named: {:?}", checked.removed));
        }
        Ok(())
    }
}

/// The stand-in, with as many files as make a build last.
fn standin(at: &Utf8Path) -> Result<Utf8PathBuf> {
    let source = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/standin");
    let copied = Command::new("cp").arg("-r").arg(&source).arg(at).status()?;
    if !copied.success() {
        return Err("the stand-in cannot be copied".into());
    }
    for file in 0..1200 {
        let directory = at.join(format!("lib/many/d{}", file % 40));
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join(format!("f{file}.php")), format!("<?php // {file}\n"))?;
    }
    git(at, &["init", "-q", "-b", "main"])?;
    git(at, &["add", "-A"])?;
    git(at, &["commit", "-q", "-m", "stand-in"])?;
    Ok(at.to_owned())
}

/// The trees that a fleet's lock names.
fn locked(fleet: &Utf8Path) -> BTreeSet<ObjectId> {
    let text = std::fs::read_to_string(fleet.join("fleet.lock")).unwrap_or_default();
    let trees = text.lines().filter_map(|line| line.strip_prefix("tree = \"")?.strip_suffix('"'));
    trees.filter_map(|tree| tree.parse().ok()).collect()
}

fn names(directory: &Utf8Path) -> Result<Vec<String>> {
    match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
        Ok(entries) => {
            let mut names = entries
                .map(|entry| Ok(entry?.file_name().to_owned()))
                .collect::<std::io::Result<Vec<String>>>()?;
            names.sort();
            Ok(names)
        }
    }
}

/// Runs git with the same author and clock always, so that a seed has the same commits.
fn git(at: &Utf8Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(at).args(["-c", "gc.auto=0"]).args(arguments);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "campaign").env(format!("GIT_{who}_EMAIL"), "c@localhost");
        command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn context(work: &Utf8Path, fleet: &str) -> Result<Context> {
    let machine = Machine {
        program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
        cores: 2,
        ..Machine::default()
    };
    Ok(Context {
        paths: Arc::new(Paths {
            state: work.join(fleet).join("state"),
            run: work.join("run"),
            cache: work.join("cache/provost"),
            store: work.join("cache/provost/store"),
        }),
        store: Arc::new(Store::in_memory()?),
        cancel: tokio_util::sync::CancellationToken::new(),
        reporter: Arc::new(Silent),
        limits: Limits::for_machine(&machine),
        machine: Arc::new(machine),
    })
}
