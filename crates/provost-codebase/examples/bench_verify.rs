//! Times `verify` against `git status` on a checkout of the same tree, and `verify --rehash` against `sha1sum` under
//! `xargs -P2`, in alternating runs with everything in memory; and what a warm build spends on records. The last line is JSON.
//!
//! Arguments: the Moodle repository, the directory to work in, the number of runs.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::{Depth, Recipe, assemble, verify};
use provost_codebase::git::Git;
use provost_codebase::resolve::{Origins, Resolver, resolve};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::plan::Subject;
use provost_engine::store::Store;
use provost_fleet::model::Codebase;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let moodle = Utf8PathBuf::from(arguments.first().ok_or("which Moodle?")?);
    let work = Utf8PathBuf::from(arguments.get(1).ok_or("which directory?")?);
    let runs: usize = arguments.get(2).map_or(Ok(7), |text| text.parse())?;
    let cx = context(&work)?;
    let head = output(Command::new("git").args(["-C", moodle.as_str(), "rev-parse", "HEAD"]))?;
    let codebase = Codebase {
        moodle: head.parse()?,
        git: moodle.to_string(),
        plugins: std::collections::BTreeMap::new(),
        patches: Vec::new(),
    };
    let origins = Origins { base: "/".into(), catalogue: String::new() };
    let resolver = Resolver::new(Git::find(&cx).await?, &origins, [&codebase]);
    let locked = resolve(&resolver, &"bench".parse()?, &codebase).await?.locked;
    let step = Subject::new("build", &"bench".parse()?).step("assemble");
    let made = assemble(&cx, &step, &Recipe::try_from(&locked)?).await?;
    let checkout = work.join("checkout");
    let mut clone = Command::new("git");
    timed(clone.args(["clone", "--quiet", "--shared", moodle.as_str(), checkout.as_str()]))?;
    // As it is for whoever works there: the index knows all files.
    let mut status = Command::new("git");
    status.args(["-C", checkout.as_str(), "status", "--porcelain"]);
    let mut sums = Command::new("sh");
    let all = "find . -type f -print0 | xargs -0 -P2 -n 500 sha1sum > /dev/null";
    sums.args(["-c", &format!("cd {} && {all}", made.path)]);
    let tree = locked.tree.parse()?;
    let mut all: [Vec<f64>; 4] = Default::default();
    for run in 0..=runs {
        let mut one = [0.0; 4];
        // None always follows the same one, and the first round only fills caches.
        for which in (0..4).map(|turn| (turn + run) % 4) {
            one[which] = match which {
                0 => look(&cx, tree, Depth::Quick).await?,
                1 => timed(&mut status)?,
                2 => look(&cx, tree, Depth::Rehash).await?,
                _ => timed(&mut sums)?,
            };
        }
        println!(
            "run {run}: quick {:.3} s, git status {:.3} s, rehash {:.3} s, sha1sum {:.3} s",
            one[0], one[1], one[2], one[3]
        );
        if run > 0 {
            all.iter_mut().zip(one).for_each(|(all, one)| all.push(one));
        }
    }
    let [quick, status, rehash, sums] = all.map(median);
    let json = serde_json::json!({
        "bench": "verify", "files": made.files, "runs": runs, "cores": cx.machine.cores,
        "figures": {
            "quick_vs_git_status": round(quick / status), "rehash_vs_sha1sum": round(rehash / sums),
            "quick_seconds": round(quick), "rehash_seconds": round(rehash),
        },
    });
    println!("{json}");
    Ok(())
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

fn context(work: &Utf8Path) -> Result<Context> {
    let machine = Machine {
        program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
        cores: std::thread::available_parallelism()?.get(),
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

fn timed(command: &mut Command) -> Result<f64> {
    let begun = Instant::now();
    output(command)?;
    Ok(begun.elapsed().as_secs_f64())
}

fn output(command: &mut Command) -> Result<String> {
    let ended = command.output()?;
    if !ended.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
