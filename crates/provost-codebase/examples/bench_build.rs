//! Times a warm build of Moodle and three plugins against `cp -al` of the finished tree and against git worktrees, in
//! alternating runs on one file system. `script/bench.d/build` runs it; the last line of its output is JSON.
//!
//! Arguments: the git cache to look in, the directory to work in, the number of runs, the project's commit. A Moodle
//! repository can be given as the fifth.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::{Recipe, assemble, remove_build};
use provost_codebase::git::Git;
use provost_codebase::resolve::{Origins, Resolver, resolve};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::plan::Subject;
use provost_engine::store::Store;
use provost_fleet::lock::LockedCodebase;
use provost_fleet::model::{Codebase, GitAt, PluginSource};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Plugins of three types, and the branches to try before the default one.
const PLUGINS: [(&str, &str); 3] = [
    ("mod_attendance", "github.com/danmarsden/moodle-mod_attendance.git"),
    ("mod_customcert", "github.com/mdjnelson/moodle-mod_customcert.git"),
    ("tool_lifecycle", "github.com/learnweb/moodle-tool_lifecycle.git"),
];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).cloned().filter(|text| !text.is_empty());
    let cache = Utf8PathBuf::from(argument(0).ok_or("which git cache?")?);
    let work = Utf8PathBuf::from(argument(1).ok_or("which directory?")?);
    let runs: usize = argument(2).map_or(Ok(7), |text| text.parse())?;
    let commit = argument(3).unwrap_or_else(|| "unknown".to_owned());
    let moodle =
        argument(4).map(Utf8PathBuf::from).or_else(|| find_moodle(&cache)).ok_or("no Moodle found")?;
    let cx = context(&work)?;
    let codebase = declare(&cache, &moodle)?;
    let begun = Instant::now();
    let origins = Origins { base: "/".into(), catalogue: String::new() };
    let resolver = Resolver::new(Git::find(&cx).await?, &origins, [&codebase]);
    let locked = resolve(&resolver, &"bench".parse()?, &codebase).await?.locked;
    println!("Moodle {} from {moodle}", locked.moodle.release);
    for (component, plugin) in &locked.plugins {
        println!("  {component} {} at {}", plugin.version, plugin.path);
    }
    println!("resolved in {:.3} s", begun.elapsed().as_secs_f64());
    let bench = Bench { cx, locked, work };
    let (cold, files) = bench.ours().await?;
    println!("from git with an empty store: {cold:.3} s, {files} files");
    bench.alternate(runs, &commit).await
}

struct Bench {
    cx: Context,
    locked: LockedCodebase,
    work: Utf8PathBuf,
}

impl Bench {
    async fn alternate(&self, runs: usize, commit: &str) -> Result<()> {
        let clones = self.clones()?;
        let (mut ours, mut copies, mut worktrees) = (Vec::new(), Vec::new(), Vec::new());
        // The first round only fills caches.
        for run in 0..=runs {
            let build = self.cx.paths.build(&self.locked.tree);
            let mut one = (0.0, 0.0, 0.0);
            // Each begins with a quiet disk, and none always follows the same one.
            for which in (0..3).map(|turn| (turn + run) % 3) {
                settle()?;
                match which {
                    0 => {
                        remove_build(&build)?;
                        settle()?;
                        one.0 = self.ours().await?.0;
                    }
                    1 => one.1 = self.copy()?,
                    _ => one.2 = self.worktree(&clones)?,
                }
            }
            if run == 0 {
                continue;
            }
            println!("run {run}: ours {:.3} s, cp -al {:.3} s, git worktrees {:.3} s", one.0, one.1, one.2);
            ours.push(one.0);
            copies.push(one.1);
            worktrees.push(one.2);
        }
        let ratios =
            |theirs: &[f64]| ours.iter().zip(theirs).map(|(our, their)| our / their).collect::<Vec<_>>();
        let figures = [("vs_cp_al", ratios(&copies)), ("vs_worktree", ratios(&worktrees))];
        let json = serde_json::json!({
            "bench": "build",
            "on": format!("moodle {} + {} plugins", self.locked.moodle.release, self.locked.plugins.len()),
            "commit": commit,
            "cores": self.cx.machine.cores,
            "filesystem": output(Command::new("df").args(["--output=fstype", self.work.as_str()]))?.lines().last(),
            "runs": runs,
            "figures": {
                "vs_cp_al": round(median(&ours) / median(&copies)),
                "vs_worktree": round(median(&ours) / median(&worktrees)),
                "warm_seconds": round(median(&ours)),
            },
            "spread": figures.iter().map(|(name, all)| {
                let ordered = sorted(all);
                ((*name).to_owned(), [ordered.first(), ordered.last()].map(|one| round(one.copied().unwrap_or(0.0))))
            }).collect::<BTreeMap<_, _>>(),
        });
        println!("{json}");
        Ok(())
    }

    /// One assembly; seconds and files.
    async fn ours(&self) -> Result<(f64, u64)> {
        let step = Subject::new("build", &"bench".parse()?).step("assemble");
        let begun = Instant::now();
        let made = assemble(&self.cx, &step, &Recipe::try_from(&self.locked)?).await?;
        Ok((begun.elapsed().as_secs_f64(), made.files))
    }

    fn copy(&self) -> Result<f64> {
        let target = self.work.join("copy");
        let build = self.cx.paths.build(&self.locked.tree);
        let took = timed(Command::new("cp").args(["-al", build.as_str(), target.as_str()]))?;
        remove_build(&target)?;
        Ok(took)
    }

    fn worktree(&self, clones: &[(Utf8PathBuf, String, String)]) -> Result<f64> {
        let target = self.work.join("worktree");
        let mut took = 0.0;
        for (clone, commit, path) in clones {
            let place = if path.is_empty() { target.clone() } else { target.join(path) };
            took += timed(
                Command::new("git")
                    .args(["-C", clone.as_str(), "worktree", "add", "--quiet", "--detach", "--force"])
                    .args([place.as_str(), commit]),
            )?;
        }
        remove_build(&target)?;
        for (clone, _, _) in clones {
            timed(Command::new("git").args(["-C", clone.as_str(), "worktree", "prune"]))?;
        }
        Ok(took)
    }

    /// Repositories of our own to make worktrees from, on the same file system.
    fn clones(&self) -> Result<Vec<(Utf8PathBuf, String, String)>> {
        let moodle = &self.locked.moodle;
        let mut parts = vec![(moodle.source.clone(), moodle.commit.clone(), String::new())];
        let plugins = self.locked.plugins.values();
        parts.extend(plugins.map(|plugin| {
            (plugin.source.place().to_owned(), plugin.source.object().to_owned(), plugin.path.clone())
        }));
        let mut clones = Vec::new();
        for (number, (source, commit, path)) in parts.into_iter().enumerate() {
            let clone = self.work.join(format!("clone{number}.git"));
            let mut git = Command::new("git");
            timed(git.args(["clone", "--quiet", "--bare", "--no-hardlinks", &source, clone.as_str()]))?;
            clones.push((clone, commit, path));
        }
        Ok(clones)
    }
}

fn context(work: &Utf8Path) -> Result<Context> {
    let cores = std::thread::available_parallelism()?.get();
    let machine = Machine {
        program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
        cores,
        ..Machine::default()
    };
    #[expect(
        clippy::default_trait_access,
        reason = "the crate that names the type is no dependency of this one"
    )]
    let cx = Context {
        paths: Arc::new(Paths {
            state: work.join("state"),
            run: work.join("run"),
            cache: work.join("cache"),
            store: work.join("state/store"),
        }),
        store: Arc::new(Store::in_memory()?),
        cancel: Default::default(),
        reporter: Arc::new(Silent),
        limits: Limits::for_machine(&machine),
        machine: Arc::new(machine),
    };
    Ok(cx)
}

fn declare(cache: &Utf8Path, moodle: &Utf8Path) -> Result<Codebase> {
    let head = output(Command::new("git").args(["-C", moodle.as_str(), "rev-parse", "HEAD"]))?;
    let mut plugins = BTreeMap::new();
    for (component, place) in PLUGINS {
        let repository = cache.join(place);
        if !repository.is_dir() {
            println!("without {component}: {repository} is not there");
            continue;
        }
        let branch = "MOODLE_500_STABLE";
        let has = Command::new("git")
            .args([
                "-C",
                repository.as_str(),
                "show-ref",
                "--quiet",
                "--verify",
                &format!("refs/heads/{branch}"),
            ])
            .status()?;
        let at = if has.success() { GitAt::Branch(branch.to_owned()) } else { GitAt::Default };
        plugins.insert(component.parse()?, PluginSource::Git { url: repository.into_string(), at });
    }
    Ok(Codebase { moodle: head.parse()?, git: moodle.to_string(), plugins, patches: Vec::new() })
}

/// The newest Moodle among the repositories of a cache.
fn find_moodle(cache: &Utf8Path) -> Option<Utf8PathBuf> {
    let found =
        output(Command::new("find").args([cache.as_str(), "-maxdepth", "4", "-name", "*.git", "-type", "d"]))
            .ok()?;
    let branch = |repository: &str| {
        let show = |file: &str| {
            output(Command::new("git").args(["-C", repository, "show", &format!("HEAD:{file}")]))
        };
        show("lib/components.json").ok()?;
        let version = show("version.php").ok()?;
        version.lines().find(|line| line.starts_with("$branch"))?.split('\'').nth(1)?.parse::<u32>().ok()
    };
    found.lines().filter_map(|one| Some((branch(one)?, Utf8PathBuf::from(one)))).max().map(|(_, one)| one)
}

fn timed(command: &mut Command) -> Result<f64> {
    let begun = Instant::now();
    let ended = command.output()?;
    let took = begun.elapsed().as_secs_f64();
    if !ended.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(took)
}

fn output(command: &mut Command) -> Result<String> {
    let ended = command.output()?;
    if !ended.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

/// Lets the disk finish what was done untimed.
fn settle() -> Result<()> {
    timed(&mut Command::new("sync")).map(drop)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: &[f64]) -> f64 {
    let values = sorted(values);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
