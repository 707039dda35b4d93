//! Rounds: something is begun with sites, and killed; the next `apply` completes; every site is whole or not there at all.
//!
//! To try another verb, give it a place in [`Act`]: when it can be tried, its command, and nothing else, for what must hold afterwards
//! is the same for all of them.

#[path = "fleet.rs"]
mod fleet;
#[path = "inspect.rs"]
mod inspect;
#[path = "processes.rs"]
mod processes;
#[path = "random.rs"]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_sites::site::copy;

use fleet::{Ended, SERVERS, World, other};
use inspect::Known;
use random::Random;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The earliest moment of a kill: before it the program has hardly begun.
const EARLIEST: f64 = 0.005;

/// How long a command is thought to take before it was seen to end.
const GUESS: f64 = 2.0;

/// More sites than this are not added to: the campaign is about their lives, not about numbers.
const MOST: usize = 9;

/// After so many rounds it says how far it is.
const TELL: u64 = 20;

/// How often the fleet is served for some rounds, with its cron: rounds in, and rounds out.
const SERVED: u64 = 5;

/// What to do, and where.
pub(crate) struct Campaign {
    pub(crate) program: Utf8PathBuf,
    /// An empty directory that every account may walk through.
    pub(crate) work: Utf8PathBuf,
    pub(crate) seed: u64,
    pub(crate) count: u64,
    /// A real Moodle, `REPOSITORY#REFERENCE`; else the stand-in.
    pub(crate) moodle: Option<String>,
    /// Is told each finding when it is made.
    pub(crate) tell: fn(&str),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<String>,
    pub(crate) json: serde_json::Value,
}

/// What is done with sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// Several at once, of templates on both engines.
    Create,
    Disable,
    Enable,
    /// With a final copy, and sometimes without.
    Delete,
    /// By an editor and `apply --allow-destroy`.
    TakeOut,
    Restore,
    /// Another name, and by turns another URL.
    Rename,
    /// To the other server of its engine.
    Move,
    /// Nothing new: what an earlier kill left is what is to be done.
    Apply,
}

const ACTS: [Act; 9] = [
    Act::Create,
    Act::Disable,
    Act::Enable,
    Act::Delete,
    Act::TakeOut,
    Act::Restore,
    Act::Rename,
    Act::Move,
    Act::Apply,
];

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    /// The program. What it has at work lives on.
    Program,
    /// PHP, or a dump, that it has at work; it notices.
    Child,
}

#[derive(Default)]
struct Figures {
    killed: BTreeMap<String, u64>,
    ended_before: u64,
    looked: u64,
    longest: Duration,
}

struct Work<'a> {
    campaign: &'a Campaign,
    random: Random,
    world: World,
    known: Known,
    /// How long each act took when it was not killed.
    lengths: BTreeMap<Act, f64>,
    findings: Vec<String>,
    figures: Figures,
    runtime: tokio::runtime::Runtime,
}

impl Campaign {
    pub(crate) fn run(&self) -> Result<Outcome> {
        let begun = Instant::now();
        let mut work = Work::new(self)?;
        for round in 1..=self.count {
            work.round(round)?;
            if round.is_multiple_of(TELL) {
                (self.tell)(&format!("{round} of {} rounds, {} findings", self.count, work.findings.len()));
            }
        }
        work.end()?;
        let figures = &work.figures;
        let json = serde_json::json!({
            "campaign": "site-kills", "seed": self.seed, "count": self.count,
            "seconds": begun.elapsed().as_secs(), "findings": work.findings.len(),
            "on": if self.moodle.is_some() { "moodle" } else { "stand-in" },
            "as": if rustix::process::geteuid().is_root() { "root" } else { "user" },
            "killed": figures.killed, "ended_before": figures.ended_before, "looked": figures.looked,
            "longest_recovery_ms": u64::try_from(figures.longest.as_millis())?,
        });
        Ok(Outcome { findings: work.findings, json })
    }
}

impl<'a> Work<'a> {
    fn new(campaign: &'a Campaign) -> Result<Self> {
        let moodle = match &campaign.moodle {
            Some(moodle) => moodle.clone(),
            None => format!("{}#main", standin(&campaign.work.join("moodle"))?),
        };
        let (git, reference) = moodle.split_once('#').ok_or("a Moodle is REPOSITORY#REFERENCE")?;
        let mut world =
            World::new(&campaign.program, &campaign.work, (git, reference), campaign.moodle.is_some())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        // The build, the servers and the templates, which the kills are not about. A server is made with its first site.
        let first: Vec<String> = (0..4).map(|number| format!("first-{number}")).collect();
        world.write_list(&first, 0)?;
        let made = world.run(&["--quiet", "site", "create", "--from", "sites.csv"])?;
        if made.code != Some(0) {
            return Err(format!("the first sites were not made: {}", made.said).into());
        }
        // Clones are where their template is.
        for (site, server) in first.iter().zip(SERVERS).skip(2).filter(|_| world.cloned) {
            let moved = world.run(&["--quiet", "site", "move", site, "--database", server])?;
            if moved.code != Some(0) {
                return Err(format!("{site} was not moved to {server}: {}", moved.said).into());
            }
        }
        runtime.block_on(async { world.hold().await.map(drop) })?;
        let known = Known::new(&world)?;
        Ok(Self {
            campaign,
            random: Random::new(campaign.seed),
            world,
            known,
            lengths: BTreeMap::new(),
            findings: Vec::new(),
            figures: Figures::default(),
            runtime,
        })
    }

    fn find(&mut self, round: u64, what: &str) {
        let finding = format!("finding: round {round} of seed {}: {what}", self.campaign.seed);
        (self.campaign.tell)(&finding);
        self.findings.push(finding);
    }

    fn round(&mut self, round: u64) -> Result<()> {
        self.serve(round)?;
        // Sometimes every command starts and stops the servers itself.
        if self.random.once_in(5) && self.world.up().is_none() {
            self.runtime.block_on(self.world.let_go());
        }
        let (act, sites, arguments) = self.choose(round)?;
        let before = self.world.text()?;
        let has_children = matches!(act, Act::Create | Act::Delete | Act::Restore | Act::Rename | Act::Move);
        let victim = if has_children && self.random.once_in(2) { Victim::Child } else { Victim::Program };
        let mut history = format!("{victim:?} in {act:?} of {}", sites.join(", "));
        let first = self.kill(&words(&arguments), victim, Some(act))?;
        history += &first.told;
        self.check_list(round, act, &sites, &before)?;
        while self.random.once_in(4) {
            let again = self.kill(&["--quiet", "apply", "--allow-destroy"], Victim::Program, None)?;
            history += &format!(", then apply{}", again.told);
        }
        // Sometimes one killed command follows the other.
        if round == self.campaign.count || !self.random.once_in(5) {
            self.recover(round, &history, &sites.into_iter().collect())?;
        }
        Ok(())
    }

    /// Serves the fleet for some rounds, and then not.
    fn serve(&mut self, round: u64) -> Result<()> {
        if round.is_multiple_of(SERVED) {
            if self.world.up().is_some() { self.world.end_up()? } else { self.world.start_up()? }
        }
        Ok(())
    }

    /// What is done next, with which sites, and the command.
    fn choose(&mut self, round: u64) -> Result<(Act, Vec<String>, Vec<String>)> {
        let fleet = self.world.fleet()?;
        let names = |enabled: bool| -> Vec<String> {
            let chosen = fleet.sites.iter().filter(|(_, site)| site.enabled == enabled);
            chosen.map(|(name, _)| name.to_string()).collect()
        };
        let (enabled, disabled) = (names(true), names(false));
        let paths = self.world.call().environment.paths(&fleet);
        let mut gone: Vec<String> =
            copy::kept(&paths).iter().map(|kept| kept.manifest.site.to_string()).collect();
        gone.retain(|site| !fleet.sites.keys().any(|name| name.as_str() == site));
        gone.dedup();
        let act = loop {
            let act = if fleet.sites.len() < 2 { Act::Create } else { ACTS[self.random.below(ACTS.len())] };
            let possible = match act {
                Act::Create => fleet.sites.len() < MOST,
                Act::Disable => !enabled.is_empty(),
                Act::Enable | Act::Delete => !disabled.is_empty(),
                Act::Restore => !gone.is_empty(),
                Act::TakeOut | Act::Rename | Act::Move | Act::Apply => true,
            };
            if possible {
                break act;
            }
        };
        let mut sites = match act {
            Act::Create => (0..=self.random.below(3)).map(|number| format!("s{round}-{number}")).collect(),
            Act::Disable => self.random.some(&enabled, 3),
            Act::Enable => self.random.some(&disabled, 3),
            Act::Delete => self.random.some(&disabled, 1),
            Act::TakeOut => self.random.some(&[enabled, disabled].concat(), 2),
            Act::Rename | Act::Move => self.random.some(&[enabled, disabled].concat(), 1),
            Act::Restore => self.random.some(&gone, 1),
            Act::Apply => Vec::new(),
        };
        let fixed: &[&str] = match act {
            Act::Create => {
                let first = self.random.below(2);
                self.world.write_list(&sites, first)?;
                &["site", "create", "--from", "sites.csv"]
            }
            Act::Disable => &["site", "disable"],
            Act::Enable => &["site", "enable"],
            Act::Delete if self.random.once_in(4) => &["site", "delete", "--yes", "--no-copy"],
            Act::Delete => &["site", "delete", "--yes"],
            Act::Restore => &["site", "restore"],
            Act::TakeOut => {
                for site in &sites {
                    self.world.take_out(site)?;
                }
                &["apply", "--allow-destroy"]
            }
            Act::Rename => &["site", "rename"],
            Act::Move => &["site", "move"],
            Act::Apply => &["apply", "--allow-destroy"],
        };
        let mut arguments: Vec<String> = fixed.iter().map(|&word| word.to_owned()).collect();
        if !matches!(act, Act::Create | Act::TakeOut | Act::Apply) {
            arguments.extend(sites.iter().cloned());
        }
        match act {
            Act::Rename => {
                let name = format!("r{round}");
                let url = format!("http://{name}.localhost:{}", self.world.port);
                arguments.push(name.clone());
                // What has its URL everywhere in a database is a real Moodle alone.
                if self.world.cloned && self.random.once_in(2) {
                    arguments.extend(["--url".to_owned(), url]);
                }
                sites.push(name);
            }
            Act::Move => {
                let site = sites.first().and_then(|site| fleet.sites.get(&site.parse().ok()?));
                let server = site.map(|site| other(site.database.as_str())).unwrap_or_default();
                arguments.extend(["--database".to_owned(), server.to_owned()]);
            }
            _ => {}
        }
        Ok((act, sites, arguments))
    }

    /// Begins a command and kills it, or something that it has at work, at some moment of the time that it takes.
    fn kill(&mut self, arguments: &[&str], victim: Victim, act: Option<Act>) -> Result<Killed> {
        let length = 1.1 * act.and_then(|act| self.lengths.get(&act).copied()).unwrap_or(GUESS);
        let fraction = self.random.fraction();
        // Half of all kills anywhere, the others early: that is where things come to be.
        let delay = if self.random.once_in(2) {
            length * fraction
        } else {
            EARLIEST * (length / EARLIEST).powf(fraction)
        };
        let delay = Duration::from_secs_f64(delay);
        let child = self.world.spawn(arguments, "log")?;
        let mut killed = None;
        let ended = self.world.wait(child, |child, after| {
            if after < delay || killed.is_some() {
                return;
            }
            match victim {
                Victim::Program => {
                    if child.kill().is_ok() {
                        killed = Some("the program".to_owned());
                    }
                }
                Victim::Child => {
                    if let Some((pid, command)) = processes::at_work(child.id()) {
                        processes::kill(pid);
                        killed = Some(command);
                    }
                }
            }
        })?;
        let after = ended.took.as_millis();
        if let (None, Some(act), Some(0)) = (&killed, act, ended.code) {
            self.lengths.insert(act, ended.took.as_secs_f64());
        }
        let told = match &killed {
            Some(who) => format!(" ({who} killed, ended after {after} ms)"),
            None => format!(" (ended before, after {after} ms, with {:?})", ended.code),
        };
        match killed {
            Some(who) => *self.figures.killed.entry(who).or_default() += 1,
            None => self.figures.ended_before += 1,
        }
        Ok(Killed { told })
    }

    /// A list is declared as a whole or not at all.
    fn check_list(&mut self, round: u64, act: Act, sites: &[String], before: &str) -> Result<()> {
        let text = self.world.text()?;
        let declared = sites.iter().filter(|site| text.contains(&format!("[site.{site}]"))).count();
        if act == Act::Create && declared != 0 && declared != sites.len() {
            self.find(round, &format!("of the list {sites:?} only {declared} are declared: {text}"));
        }
        if act == Act::Create && declared == 0 && text != before {
            self.find(round, &format!("the fleet file is neither as before nor as after: {text}"));
        }
        Ok(())
    }

    /// The next apply completes, there is nothing left to do, and everything is as it should be.
    fn recover(&mut self, round: u64, history: &str, closely: &BTreeSet<String>) -> Result<()> {
        let applied = self.world.run(&["apply", "--allow-destroy"])?;
        self.figures.longest = self.figures.longest.max(applied.took);
        self.expect(round, history, "the next apply", &applied);
        let planned = self.world.run(&["plan", "--detailed-exitcode"])?;
        self.expect(round, history, "the plan after it", &planned);
        // Closer, when nobody was killed in between: all sites.
        let found = self.runtime.block_on(self.known.look(&mut self.world, closely))?;
        self.figures.looked += 1;
        for what in found {
            self.find(round, &format!("{history}: {what}"));
        }
        Ok(())
    }

    fn expect(&mut self, round: u64, history: &str, what: &str, ended: &Ended) {
        if ended.code != Some(0) || ended.said.contains("panicked") {
            self.find(round, &format!("{history}: {what} ended with {:?}: {}", ended.code, ended.said));
        }
    }

    /// All sites go; then nothing of any is left, and nobody is at work.
    fn end(&mut self) -> Result<()> {
        let last = self.campaign.count + 1;
        self.world.end_up()?;
        let fleet = self.world.fleet()?;
        let all = fleet.sites.keys().map(ToString::to_string).collect();
        self.recover(last, "at the end", &all)?;
        for site in fleet.sites.keys() {
            self.world.take_out(site.as_str())?;
        }
        self.recover(last, "without sites", &BTreeSet::new())?;
        // The templates too, so that accounts and directories of the campaign do not stay on the machine.
        let text = self.world.text()?;
        let templates = text.find("\n[template.").unwrap_or(text.len());
        std::fs::write(self.world.at.join("fleet.toml"), &text[..templates])?;
        debug_assert!(self.world.holds());
        let applied = self.world.run(&["apply", "--allow-destroy"])?;
        self.expect(last, "without templates", "the apply", &applied);
        self.runtime.block_on(self.world.let_go());
        let gone = self.world.run(&["apply", "--allow-destroy"])?;
        self.expect(last, "at rest", "the last apply", &gone);
        let left = processes::left(self.world.at.as_std_path(), &[], None);
        if !left.is_empty() {
            self.find(last, &format!("still at work in the end: {left:?}"));
        }
        Ok(())
    }
}

/// What came of one kill, in words.
struct Killed {
    told: String,
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// The stand-in as a repository.
fn standin(at: &Utf8Path) -> Result<&str> {
    let source = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/standin");
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(&source).arg(at);
    let mut commands = vec![copy];
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=campaign", "-c", "user.email=c@localhost", "commit", "-q", "-m", "stand-in"],
    ] {
        let mut git = Command::new("git");
        git.arg("-C").arg(at).args(arguments);
        commands.push(git);
    }
    for mut command in commands {
        if !command.status()?.success() {
            return Err(format!("{command:?} failed").into());
        }
    }
    Ok(at.as_str())
}
