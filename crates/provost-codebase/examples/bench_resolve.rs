//! Times the resolution of a codebase with sixty plugins on each of six Moodles, each in a fresh process: cold, with nothing
//! in Provost's own cache, and warm, with everything downloaded and the references read again. Real plugins are taken as
//! far as they fit; the rest are made here, with thirty tags each, half of them declared by the list of the plugins
//! directory. `script/bench.d/resolve` runs it; the last line is JSON.
//!
//! Arguments: the git cache, the directory to work in, the number of runs, the project's commit.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]
#![allow(dead_code, reason = "what benchmarks share is not used by each")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::git::Git;
use provost_codebase::resolve::{Origins, Resolver, resolve};
use provost_fleet::model::{Codebase, GitAt, PluginSource};

mod support;
use support::{PLUGINS, Report, Result, context, find_moodle, git, lend_submodules, load, median, mirror};

/// Plugins of each codebase.
const PLUGIN_COUNT: usize = 60;

/// Tags of a made plugin.
const TAGS: usize = 30;

/// Moodles: `$branch` and `$version`. Two are real, the others are the older real one with another `version.php`.
const MOODLES: [(u32, u32); 6] = [
    (500, 2_025_041_400),
    (404, 2_024_042_200),
    (405, 2_024_100_700),
    (403, 2_023_100_900),
    (402, 2_023_042_400),
    (401, 2_022_112_800),
];

#[tokio::main]
async fn main() -> Result<()> {
    let begun = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).cloned().filter(|text| !text.is_empty());
    let cache = Utf8PathBuf::from(argument(0).ok_or("which git cache?")?);
    let work = Utf8PathBuf::from(argument(1).ok_or("which directory?")?);
    if let Some(names) = argument(5) {
        // One resolution, in a process of its own.
        let (moodle, head) = (argument(3).ok_or("which Moodle?")?, argument(4).ok_or("which commit?")?);
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        run_one(&cache, &work, &argument(2).ok_or("whose?")?, (&moodle, &head), &names).await?;
        println!("{}", begun.elapsed().as_secs_f64() * 1000.0);
        return Ok(());
    }
    let runs: usize = argument(2).map_or(Ok(5), |text| text.parse())?;
    let commit = argument(3).unwrap_or_else(|| "unknown".to_owned());
    make(&work)?;
    let moodles = moodles(&cache, &work)?;
    let mut report = Report {
        bench: "resolve",
        on: format!("{PLUGIN_COUNT} plugins x {} moodles", moodles.len()),
        commit: &commit,
        work: &work,
        runs,
        figures: BTreeMap::new(),
        spread: BTreeMap::new(),
    };
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for (label, repository, head) in &moodles {
        let place = (repository.as_str(), head.as_str());
        let mut names = Vec::new();
        for (component, _) in PLUGINS {
            let one = [component.to_owned()];
            if run_one(&cache, &work, &work.join("probe"), place, &one).await.is_ok() {
                names.push(component.to_owned());
            }
        }
        let real = names.len();
        names.extend((0..PLUGIN_COUNT - real).map(|number| format!("local_made{number}")));
        let (mut colds, mut warms) = (Vec::new(), Vec::new());
        for run in 0..runs {
            let own = work.join(format!("own-{label}-{run}").replace(' ', "-"));
            for times in [&mut colds, &mut warms] {
                let mut child = Command::new(std::env::current_exe()?);
                child.args([cache.as_str(), work.as_str(), own.as_str(), place.0, place.1, &names.join(",")]);
                let shown = support::output(&mut child)?;
                times.push(shown.lines().last().ok_or("no time")?.parse::<f64>()?);
            }
        }
        println!(
            "{label}: {real} real plugins, {} made; cold {:.0} ms, warm {:.0} ms; load average {}",
            PLUGIN_COUNT - real,
            median(&colds),
            median(&warms),
            load()
        );
        cold.push(median(&colds));
        warm.push(median(&warms));
    }
    report.put("cold_ms", median(&cold), &cold);
    report.put("warm_ms", median(&warm), &warm);
    println!("{}", report.json()?);
    Ok(())
}

async fn run_one(
    cache: &Utf8Path,
    work: &Utf8Path,
    own: impl AsRef<Utf8Path>,
    (moodle, head): (&str, &str),
    names: &[String],
) -> Result<()> {
    let cx = context(own.as_ref())?;
    lend_submodules(&cx, cache)?;
    let mut plugins = BTreeMap::new();
    for name in names {
        let real = PLUGINS.iter().find(|(component, _)| component == name);
        let number: Option<usize> = name.strip_prefix("local_made").and_then(|text| text.parse().ok());
        let source = match (real, number) {
            (Some((_, place)), _) => {
                PluginSource::Git { url: mirror(cache, place).into_string(), at: GitAt::Default }
            }
            (None, Some(number)) if number % 2 == 1 => PluginSource::Catalogue { version: None },
            (None, _) => {
                let url = work.join(format!("made/{name}.git")).into_string();
                PluginSource::Git { url, at: GitAt::Default }
            }
        };
        plugins.insert(name.parse()?, source);
    }
    let codebase = Codebase { moodle: head.parse()?, git: moodle.to_owned(), plugins, patches: Vec::new() };
    let origins = Origins { base: work.to_owned(), catalogue: "pluglist.json".to_owned() };
    let resolver = Resolver::new(Git::find(&cx).await?, &origins, [&codebase]);
    let locked = resolve(&resolver, &"bench".parse()?, &codebase).await?.locked;
    if locked.plugins.len() != names.len() {
        return Err(format!("{} plugins of {}", locked.plugins.len(), names.len()).into());
    }
    Ok(())
}

/// The Moodles: what they are, their repository, their commit.
fn moodles(cache: &Utf8Path, work: &Utf8Path) -> Result<Vec<(String, Utf8PathBuf, String)>> {
    let real = |branch| find_moodle(cache, Some(branch)).ok_or_else(|| format!("no Moodle {branch}"));
    let mut all = Vec::new();
    for (branch, version) in MOODLES {
        if let Ok(repository) = real(branch) {
            let head = git(&repository, &["rev-parse", "HEAD"])?;
            all.push((format!("{branch} real"), repository, head));
            continue;
        }
        let base = real(404)?;
        let scratch = work.join(format!("moodle{branch}.git"));
        support::clone(&base, &scratch)?;
        let text = git(&base, &["show", "HEAD:version.php"])?;
        let lines = text.lines().map(|line| match line {
            line if line.starts_with("$version") => format!("$version = {version}.00;"),
            line if line.starts_with("$branch") => format!("$branch = '{branch}';"),
            line => line.to_owned(),
        });
        let changed: Vec<String> = lines.collect();
        let stream = format!(
            "commit refs/heads/made\ncommitter b <b@example> 0 +0000\ndata 0\n\nfrom {}\nM 644 inline version.php\n{}\n",
            git(&base, &["rev-parse", "HEAD"])?,
            data(&changed.join("\n")),
        );
        import(&scratch, &stream)?;
        let head = git(&scratch, &["rev-parse", "refs/heads/made"])?;
        all.push((format!("{branch} made"), scratch, head));
    }
    Ok(all)
}

/// Made plugins: tag by tag, what they support moves on; every third needs the one before it. And the list that names them,
/// among two thousand others.
fn make(work: &Utf8Path) -> Result<()> {
    let mut moodles = MOODLES;
    moodles.sort_unstable();
    let mut listed = Vec::new();
    for number in 0..PLUGIN_COUNT {
        let repository = work.join(format!("made/local_made{number}.git"));
        support::output(Command::new("git").args([
            "init",
            "--quiet",
            "--bare",
            "-b",
            "main",
            repository.as_str(),
        ]))?;
        let (mut stream, mut versions) = (String::new(), Vec::new());
        for tag in 0..TAGS {
            let at = tag * moodles.len() / TAGS;
            let (first, requires) = moodles[at];
            let last = moodles[(at + 1).min(moodles.len() - 1)];
            let version = 2_020_000_000 + u32::try_from(tag)? * 100;
            let needs = match number % 3 {
                2 => format!("$plugin->dependencies = ['local_made{}' => ANY_VERSION];\n", number - 1),
                _ => String::new(),
            };
            let file = format!(
                "<?php\ndefined('MOODLE_INTERNAL') || die();\n$plugin->component = 'local_made{number}';\n\
                 $plugin->version = {version};\n$plugin->release = 'v1.{tag}';\n$plugin->requires = {requires};\n\
                 $plugin->supported = [{first}, {}];\n$plugin->maturity = MATURITY_STABLE;\n{needs}",
                last.0
            );
            write!(
                stream,
                "commit refs/heads/main\ncommitter b <b@example> {tag} +0000\ndata 0\n\nM 644 inline version.php\n{}\n\
                 reset refs/tags/v1.{tag}\nfrom refs/heads/main\n\n",
                data(&file)
            )?;
            let release = |(branch, version): (u32, u32)| serde_json::json!({"version": version, "release": format!("{}.{}", branch / 100, branch % 100)});
            versions.push(serde_json::json!({
                "id": tag, "version": version.to_string(), "release": format!("v1.{tag}"), "maturity": 200,
                "downloadurl": null, "downloadmd5": null, "vcssystem": "git", "vcssystemother": null,
                "vcsrepositoryurl": format!("file://{repository}"), "vcsbranch": "main", "vcstag": format!("v1.{tag}"),
                "timecreated": 1_740_000_000, "supportedmoodles": [release(moodles[at]), release(last)],
            }));
        }
        import(&repository, &stream)?;
        listed.push((format!("local_made{number}"), versions));
    }
    let other = listed.first().map(|(_, versions)| versions[..10].to_vec()).unwrap_or_default();
    listed.extend((0..2000).map(|number| (format!("local_other{number}"), other.clone())));
    let plugins = listed.into_iter().enumerate().map(|(id, (component, versions))| {
        serde_json::json!({"id": id, "name": component, "component": component, "source": null, "doc": null,
            "timelastreleased": 1_740_000_000, "versions": versions})
    });
    let list = serde_json::json!({"timestamp": 1_767_225_600, "plugins": plugins.collect::<Vec<_>>()});
    std::fs::write(work.join("pluglist.json"), list.to_string())?;
    Ok(())
}

fn data(text: &str) -> String {
    format!("data {}\n{text}\n", text.len())
}

fn import(repository: &Utf8Path, stream: &str) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["-C", repository.as_str(), "fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut child = git.spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(stream.as_bytes())?;
    if child.wait()?.success() { Ok(()) } else { Err(format!("cannot make {repository}").into()) }
}
