//! Times builds of Moodle and twenty real plugins: warm, against `cp -al` of the finished tree and git worktrees; after one
//! plugin moved, against a build from git with an empty store; what a further build adds to the disk; and `verify`, against
//! `git status` and `sha1sum`. Alternating runs on one file system. `script/bench.d/build` runs it; the last line is JSON.
//!
//! Arguments: the git cache to look in, the directory to work in, the number of runs, the project's commit. A Moodle
//! repository can be given as the fifth.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::{Assembled, Depth, Recipe, assemble, remove_build, verify};
use provost_codebase::git::Git;
use provost_codebase::resolve::{Origins, Resolver, resolve};
use provost_engine::context::Context;
use provost_engine::plan::Subject;
use provost_fleet::lock::LockedCodebase;
use provost_fleet::model::{Codebase, GitAt, PluginSource};

mod support;
use support::{
    PLUGINS, Report, Result, clone, context, find_moodle, git, lend_submodules, load, mirror, output, paths,
    timed,
};

/// Plugins that take part: as many as fit the Moodle, and no more.
const MOST: usize = 20;

/// The plugin that moves, between commits of the branch it is at.
const MOVED: &str = "mod_customcert";

/// Commits between two places it moves to: each time, some files are new to the store.
const STRIDE: usize = 3;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).cloned().filter(|text| !text.is_empty());
    let cache = Utf8PathBuf::from(argument(0).ok_or("which git cache?")?);
    let work = Utf8PathBuf::from(argument(1).ok_or("which directory?")?);
    let runs: usize = argument(2).map_or(Ok(5), |text| text.parse())?;
    let commit = argument(3).unwrap_or_else(|| "unknown".to_owned());
    let moodle =
        argument(4).map(Utf8PathBuf::from).or_else(|| find_moodle(&cache, None)).ok_or("no Moodle found")?;
    let cx = context(&work)?;
    lend_submodules(&cx, &cache)?;
    let codebase = declare(&cx, &cache, &moodle).await?;
    let begun = Instant::now();
    let locked = resolved(&cx, &codebase).await?;
    println!("resolved in {:.3} s", begun.elapsed().as_secs_f64());
    println!("Moodle {} with {} real plugins:", locked.moodle.release, locked.plugins.len());
    for (component, plugin) in &locked.plugins {
        let submodules = match plugin.submodules.len() {
            0 => String::new(),
            some => format!(", {some} submodules"),
        };
        let rule = plugin.rule.as_deref().unwrap_or("declaration");
        println!("  {component} {} at {}, {rule}{submodules}", plugin.version, plugin.path);
    }
    let bench = Bench { cx, codebase, locked, work };
    let made = bench.ours().await?.1;
    println!("{} files; load average {}", made.files, load());
    let mut report = Report {
        bench: "build",
        on: format!("moodle {} + {} plugins", bench.locked.moodle.release, bench.locked.plugins.len()),
        commit: &commit,
        work: &bench.work,
        runs,
        figures: BTreeMap::new(),
        spread: BTreeMap::new(),
    };
    bench.disk(&mut report).await?;
    bench.warm(runs, &mut report).await?;
    bench.moved(runs, &mut report).await?;
    bench.looks(runs, &mut report).await?;
    println!("{}", report.json()?);
    Ok(())
}

struct Bench {
    cx: Context,
    codebase: Codebase,
    locked: LockedCodebase,
    work: Utf8PathBuf,
}

impl Bench {
    /// A warm build, `cp -al` and worktrees.
    async fn warm(&self, runs: usize, report: &mut Report<'_>) -> Result<()> {
        let clones = self.clones()?;
        let build = self.cx.paths.build(&self.locked.tree);
        let (mut ours, mut copies, mut worktrees) = (Vec::new(), Vec::new(), Vec::new());
        // The first round only fills caches.
        for run in 0..=runs {
            let mut one = (0.0, 0.0, 0.0);
            // Each begins with a quiet disk, and none always follows the same one.
            for which in (0..3).map(|turn| (turn + run) % 3) {
                settle()?;
                match which {
                    0 => {
                        self.set_aside(&build)?;
                        settle()?;
                        let (took, made) = self.ours().await?;
                        if made.was_there || made.imported > 0 {
                            return Err(format!("not a warm build: {made:?}").into());
                        }
                        one.0 = took;
                    }
                    1 => {
                        one.1 = self.copy()?;
                        self.set_aside(&self.work.join("copy"))?;
                    }
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
        report.ratio("vs_cp_al", &ours, &copies);
        report.ratio("vs_worktree", &ours, &worktrees);
        report.put("warm_seconds", support::median(&ours), &ours);
        Ok(())
    }

    /// A build after one plugin moved, and one from git with an empty store. Both without resolution, which both need.
    async fn moved(&self, runs: usize, report: &mut Report<'_>) -> Result<()> {
        let component = MOVED.parse()?;
        let plugin = self.locked.plugins.get(&component).ok_or_else(|| format!("{MOVED} is not there"))?;
        let repository = plugin.source.place().to_owned();
        let commits = git(&repository, &["rev-list", "--first-parent", plugin.source.object()])?;
        let commits: Vec<&str> = commits.lines().skip(1).step_by(STRIDE).take(runs + 1).collect();
        let (mut ours, mut full) = (Vec::new(), Vec::new());
        for (run, commit) in commits.iter().enumerate() {
            let mut codebase = self.codebase.clone();
            let at = GitAt::Commit((*commit).to_owned());
            codebase.plugins.insert(component.clone(), PluginSource::Git { url: repository.clone(), at });
            let locked = resolved(&self.cx, &codebase).await?;
            let mut one = (0.0, 0.0);
            let mut imported = 0;
            for which in (0..2).map(|turn| (turn + run) % 2) {
                settle()?;
                if which == 0 {
                    let (took, made) = build(&self.cx, &locked).await?;
                    (one.0, imported) = (took, made.imported);
                    self.set_aside(&made.path)?;
                } else {
                    let place = self.work.join("empty");
                    let cx = context(&place)?;
                    let mirrors = paths(&self.work).cache;
                    // Submodules come from where all others come from: repositories of this machine.
                    let cx = Context {
                        paths: Arc::new(provost_engine::paths::Paths { cache: mirrors, ..paths(&place) }),
                        ..cx
                    };
                    let (took, made) = build(&cx, &locked).await?;
                    if made.imported == 0 {
                        return Err("the empty store was not empty".into());
                    }
                    one.1 = took;
                    self.set_aside(&place)?;
                }
            }
            if run == 0 {
                continue;
            }
            println!(
                "run {run}: {MOVED} moved, {imported} new files: {:.3} s; with an empty store {:.3} s",
                one.0, one.1
            );
            ours.push(one.0);
            full.push(one.1);
        }
        report.ratio("rebuild_vs_full", &ours, &full);
        report.put("full_seconds", support::median(&full), &full);
        Ok(())
    }

    /// What a build of the same tree for another fleet adds to the disk, its records and directories included.
    async fn disk(&self, report: &mut Report<'_>) -> Result<()> {
        settle()?;
        let state = self.cx.paths.state.clone();
        let before = blocks(&[&state])?;
        self.copy()?;
        let target = self.work.join("copy");
        settle()?;
        let copied = blocks(&[&state, &target])? - before;
        remove_build(&target)?;
        let other = self.work.join("other");
        let store = self.cx.paths.store.clone();
        let places =
            provost_engine::paths::Paths { store, cache: self.cx.paths.cache.clone(), ..paths(&other) };
        let cx = Context { paths: Arc::new(places), ..context(&other)? };
        let (_, made) = build(&cx, &self.locked).await?;
        if made.imported > 0 {
            return Err(format!("the store is another one: {made:?}").into());
        }
        settle()?;
        let ours = blocks(&[&state, &other])? - before;
        remove_build(&made.path)?;
        remove_build(&other)?;
        println!("on the disk: a further build {ours} bytes, cp -al {copied} bytes");
        report.ratio("extra_disk_vs_cp_al", &[ours], &[copied]);
        Ok(())
    }

    /// `verify` and `git status`, `verify --rehash` and `sha1sum`, with everything in memory.
    async fn looks(&self, runs: usize, report: &mut Report<'_>) -> Result<()> {
        let tree = self.locked.tree.parse()?;
        let made = self.ours().await?.1;
        let checkout = self.checkout(&made.path)?;
        let mut status = Command::new("git");
        status.args(["-C", checkout.as_str(), "status", "--porcelain"]);
        if !output(&mut status)?.is_empty() {
            return Err("the checkout is not clean".into());
        }
        let mut sums = Command::new("sh");
        let script = "find . -type f -print0 | xargs -0 -P2 -n 500 sha1sum > /dev/null";
        sums.args(["-c", &format!("cd {} && {script}", made.path)]);
        settle()?;
        let mut all: [Vec<f64>; 4] = Default::default();
        for run in 0..=runs {
            let mut one = [0.0; 4];
            for which in (0..4).map(|turn| (turn + run) % 4) {
                one[which] = match which {
                    0 => look(&self.cx, tree, Depth::Quick).await?,
                    1 => timed(&mut status)?,
                    2 => look(&self.cx, tree, Depth::Rehash).await?,
                    _ => timed(&mut sums)?,
                };
            }
            if run == 0 {
                continue;
            }
            println!(
                "run {run}: verify {:.3} s, git status {:.3} s, rehash {:.3} s, sha1sum {:.3} s",
                one[0], one[1], one[2], one[3]
            );
            all.iter_mut().zip(one).for_each(|(all, one)| all.push(one));
        }
        let [quick, status, rehash, sums] = all;
        report.ratio("verify_vs_git_status", &quick, &status);
        report.ratio("rehash_vs_sha1sum", &rehash, &sums);
        Ok(())
    }

    /// A work tree with the same files, clean, and packed as a clone is.
    fn checkout(&self, build: &Utf8Path) -> Result<Utf8PathBuf> {
        let checkout = self.work.join("checkout");
        timed(Command::new("cp").args(["-r", "--no-preserve=mode", build.as_str(), checkout.as_str()]))?;
        // A .gitignore of a plugin is about its authors' files, not about what was built.
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "--all", "--force"],
            &["-c", "user.name=b", "-c", "user.email=b@example", "commit", "--quiet", "-m", "as built"],
            &["repack", "-adq"],
        ] {
            git(&checkout, arguments)?;
        }
        Ok(checkout)
    }

    /// Puts what was made out of the way; it is removed when all is over. For a minute ext4 gives no inode again that was just freed, and
    /// looks past each of them for every new one: after the removal of a Moodle making a directory takes half a millisecond.
    fn set_aside(&self, made: &Utf8Path) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let aside = self.work.join("aside");
        std::fs::create_dir_all(&aside)?;
        let number = aside.read_dir()?.count();
        // Who may not write to a directory may not move it either: that changes its `..`.
        std::fs::set_permissions(made, std::fs::Permissions::from_mode(0o755))?;
        Ok(std::fs::rename(made, aside.join(number.to_string()))?)
    }

    async fn ours(&self) -> Result<(f64, Assembled)> {
        build(&self.cx, &self.locked).await
    }

    fn copy(&self) -> Result<f64> {
        let (build, target) = (self.cx.paths.build(&self.locked.tree), self.work.join("copy"));
        timed(Command::new("cp").args(["-al", build.as_str(), target.as_str()]))
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
        self.set_aside(&target)?;
        for (clone, _, _) in clones {
            git(clone, &["worktree", "prune"])?;
        }
        Ok(took)
    }

    /// Repositories of our own to make worktrees from, with where their commit belongs; submodules after what has them.
    fn clones(&self) -> Result<Vec<(Utf8PathBuf, String, String)>> {
        let moodle = &self.locked.moodle;
        let mut parts = vec![(Utf8PathBuf::from(&moodle.source), moodle.commit.clone(), String::new())];
        for plugin in self.locked.plugins.values() {
            let place = Utf8PathBuf::from(plugin.source.place());
            parts.push((place, plugin.source.object().to_owned(), plugin.path.clone()));
            for (path, submodule) in &plugin.submodules {
                let name = submodule.source.rsplit('/').take(2).collect::<Vec<_>>();
                let name = format!("{}/{}", name[1], name[0].trim_end_matches(".git"));
                let place = mirror(&self.cx.paths.git_cache(), &name);
                parts.push((place, submodule.commit.clone(), format!("{}/{path}", plugin.path)));
            }
        }
        let mut clones = Vec::new();
        for (number, (source, commit, path)) in parts.into_iter().enumerate() {
            let to = self.work.join(format!("clone{number}.git"));
            clone(&source, &to)?;
            clones.push((to, commit, path));
        }
        Ok(clones)
    }
}

/// One assembly.
async fn build(cx: &Context, locked: &LockedCodebase) -> Result<(f64, Assembled)> {
    let step = Subject::new("build", &"bench".parse()?).step("assemble");
    let begun = Instant::now();
    let made = assemble(cx, &step, &Recipe::try_from(locked)?).await?;
    Ok((begun.elapsed().as_secs_f64(), made))
}

async fn resolved(cx: &Context, codebase: &Codebase) -> Result<LockedCodebase> {
    let origins = Origins { base: "/".into(), catalogue: String::new() };
    let resolver = Resolver::new(Git::find(cx).await?, &origins, [codebase]);
    Ok(resolve(&resolver, &"bench".parse()?, codebase).await?.locked)
}

async fn look(cx: &Context, tree: provost_codebase::object::ObjectId, depth: Depth) -> Result<f64> {
    let begun = Instant::now();
    let verified = verify(cx, tree, depth).await?;
    let took = begun.elapsed().as_secs_f64();
    if verified.depth != depth || !verified.damaged.is_empty() {
        return Err(format!("{verified:?}").into());
    }
    Ok(took)
}

/// The plugins that fit this Moodle and whose repositories have everything that a build needs.
async fn declare(cx: &Context, cache: &Utf8Path, moodle: &Utf8Path) -> Result<Codebase> {
    let head = git(moodle, &["rev-parse", "HEAD"])?;
    let plugins = BTreeMap::new();
    let alone = Codebase { moodle: head.parse()?, git: moodle.to_string(), plugins, patches: Vec::new() };
    let mut codebase = alone.clone();
    for (component, name) in PLUGINS {
        let repository = mirror(cache, name);
        if !repository.is_dir() {
            println!("without {component}: its repository is not in the cache");
            continue;
        }
        if codebase.plugins.len() == MOST {
            println!("without {component}: there are {MOST} already");
            continue;
        }
        let mut one = alone.clone();
        let source = PluginSource::Git { url: repository.to_string(), at: GitAt::Default };
        one.plugins.insert(component.parse()?, source.clone());
        match resolved(cx, &one).await {
            Err(error) => println!("without {component}: {}", chain(&*error)),
            Ok(locked) => match lacking(cx, &locked)? {
                0 => drop(codebase.plugins.insert(component.parse()?, source)),
                some => println!("without {component}: its repository lacks {some} objects"),
            },
        }
    }
    Ok(codebase)
}

/// How many objects are not there of the plugins' commits and their submodules'.
fn lacking(cx: &Context, locked: &LockedCodebase) -> Result<usize> {
    let count = |repository: &str, commit: &str| {
        let list = ["rev-list", "--objects", "--no-walk", "--missing=print", commit];
        git(repository, &list).map(|list| list.lines().filter(|line| line.starts_with('?')).count())
    };
    let mut lacking = 0;
    for plugin in locked.plugins.values() {
        lacking += count(plugin.source.place(), plugin.source.object())?;
        for submodule in plugin.submodules.values() {
            let source = provost_codebase::git::Source::parse(&submodule.source)?;
            lacking += count(source.repository(&cx.paths.git_cache()).as_str(), &submodule.commit)?;
        }
    }
    Ok(lacking)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lets the disk finish what was done untimed.
fn settle() -> Result<()> {
    timed(&mut Command::new("sync")).map(drop)
}

/// Bytes of the blocks that some directories take together: what is linked several times counts once.
fn blocks(directories: &[&Utf8Path]) -> Result<f64> {
    let shown = output(Command::new("du").args(["-scB1"]).args(directories))?;
    let total = shown.lines().last().and_then(|line| line.split_whitespace().next());
    Ok(total.ok_or("du said nothing")?.parse()?)
}
