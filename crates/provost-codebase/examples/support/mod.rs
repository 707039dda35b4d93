//! What the benchmarks of codebases share: a context in a directory of their own, real plugins, medians.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::store::Store;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Real plugins, by where their repository lies in a git cache. One has submodules.
pub(crate) const PLUGINS: [(&str, &str); 26] = [
    ("mod_attendance", "danmarsden/moodle-mod_attendance"),
    ("mod_customcert", "mdjnelson/moodle-mod_customcert"),
    ("tool_lifecycle", "learnweb/moodle-tool_lifecycle"),
    ("mod_hvp", "h5p/h5p-moodle-plugin"),
    ("block_xp", "FMCorz/moodle-block_xp"),
    ("mod_vpl", "jcrodriguez-dis/moodle-mod_vpl"),
    ("mod_questionnaire", "PoetOS/moodle-mod_questionnaire"),
    ("mod_choicegroup", "ndunand/moodle-mod_choicegroup"),
    ("mod_subcourse", "mudrd8mz/moodle-mod_subcourse"),
    ("qtype_pmatch", "moodleou/moodle-qtype_pmatch"),
    ("mod_oublog", "moodleou/moodle-mod_oublog"),
    ("format_topcoll", "gjb2048/moodle-format_topcoll"),
    ("block_completion_progress", "deraadt/moodle-block_completion_progress"),
    ("block_configurable_reports", "jleyva/moodle-block_configurablereports"),
    ("tool_objectfs", "catalyst/moodle-tool_objectfs"),
    ("tool_excimer", "catalyst/moodle-tool_excimer"),
    ("local_aws", "catalyst/moodle-local_aws"),
    ("auth_saml2", "catalyst/moodle-auth_saml2"),
    ("qtype_stack", "maths/moodle-qtype_stack"),
    ("local_vmoodle", "vfremaux/moodle-local_vmoodle"),
    ("mod_ratingallocate", "learnweb/moodle-mod_ratingallocate"),
    ("theme_moove", "willianmano/moodle-theme_moove"),
    ("theme_boost_union", "moodle-an-hochschulen/moodle-theme_boost_union"),
    ("qtype_gapfill", "marcusgreen/moodle-qtype_gapfill"),
    ("qtype_coderunner", "trampgeek/moodle-qtype_coderunner"),
    ("tool_opencast", "Opencast-Moodle/moodle-tool_opencast"),
];

/// Submodules of those, which name their repository by a URL.
const SUBMODULES: [&str; 3] = ["h5p/h5p-php-library", "h5p/h5p-editor-php-library", "h5p/h5p-php-report"];

/// Where a repository of GitHub lies in a git cache.
pub(crate) fn mirror(cache: &Utf8Path, name: &str) -> Utf8PathBuf {
    cache.join(format!("github.com/{name}.git"))
}

/// A context of its own, which reads no configuration.
pub(crate) fn context(work: &Utf8Path) -> Result<Context> {
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
        paths: Arc::new(paths(work)),
        store: Arc::new(Store::in_memory()?),
        cancel: Default::default(),
        reporter: Arc::new(Silent),
        limits: Limits::for_machine(&machine),
        machine: Arc::new(machine),
    };
    Ok(cx)
}

/// Everything below one directory.
pub(crate) fn paths(work: &Utf8Path) -> Paths {
    Paths {
        state: work.join("state"),
        run: work.join("run"),
        cache: work.join("cache"),
        store: work.join("state/store"),
    }
}

/// Puts repositories that submodules name by URL into a cache of our own, which borrows their objects: nothing is
/// written to the user's, and nobody is asked over a network.
pub(crate) fn lend_submodules(cx: &Context, cache: &Utf8Path) -> Result<()> {
    for name in SUBMODULES {
        let (from, to) = (mirror(cache, name), mirror(&cx.paths.git_cache(), name));
        if from.is_dir() && !to.is_dir() {
            clone(&from, &to)?;
        }
    }
    Ok(())
}

/// A bare clone that borrows its objects.
pub(crate) fn clone(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    let mut git = Command::new("git");
    timed(git.args(["clone", "--quiet", "--bare", "--shared", from.as_str(), to.as_str()])).map(drop)
}

/// The repository of a Moodle with this `$branch` in a cache, or the newest.
pub(crate) fn find_moodle(cache: &Utf8Path, wanted: Option<u32>) -> Option<Utf8PathBuf> {
    let mut find = Command::new("find");
    let found = output(find.args([cache.as_str(), "-maxdepth", "4", "-name", "*.git", "-type", "d"])).ok()?;
    let branch = |repository: &str| {
        let show = |file: &str| git(repository, &["show", &format!("HEAD:{file}")]);
        show("lib/components.json").ok()?;
        let version = show("version.php").ok()?;
        version.lines().find(|line| line.starts_with("$branch"))?.split('\'').nth(1)?.parse::<u32>().ok()
    };
    let all = found.lines().filter_map(|one| Some((branch(one)?, Utf8PathBuf::from(one))));
    all.filter(|(branch, _)| wanted.is_none_or(|wanted| wanted == *branch)).max().map(|(_, one)| one)
}

pub(crate) fn git(repository: impl AsRef<str>, arguments: &[&str]) -> Result<String> {
    output(Command::new("git").args(["-C", repository.as_ref()]).args(arguments))
}

pub(crate) fn timed(command: &mut Command) -> Result<f64> {
    let begun = Instant::now();
    output(command)?;
    Ok(begun.elapsed().as_secs_f64())
}

pub(crate) fn output(command: &mut Command) -> Result<String> {
    let ended = command.output()?;
    if !ended.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

/// The machine's load, for who reads the figures later.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

pub(crate) fn filesystem(place: &Utf8Path) -> Result<String> {
    let shown = output(Command::new("df").args(["--output=fstype", place.as_str()]))?;
    Ok(shown.lines().last().unwrap_or_default().to_owned())
}

/// The last line: figures are medians over the runs, or ratios of medians; the spread is that of the single runs.
pub(crate) struct Report<'a> {
    pub(crate) bench: &'a str,
    pub(crate) on: String,
    pub(crate) commit: &'a str,
    pub(crate) work: &'a Utf8Path,
    pub(crate) runs: usize,
    pub(crate) figures: BTreeMap<&'static str, f64>,
    pub(crate) spread: BTreeMap<&'static str, [f64; 2]>,
}

impl Report<'_> {
    pub(crate) fn ratio(&mut self, name: &'static str, ours: &[f64], theirs: &[f64]) {
        let each: Vec<f64> = ours.iter().zip(theirs).map(|(our, their)| our / their).collect();
        self.put(name, median(ours) / median(theirs), &each);
    }

    pub(crate) fn put(&mut self, name: &'static str, figure: f64, each: &[f64]) {
        self.figures.insert(name, round(figure));
        let each = sorted(each);
        self.spread
            .insert(name, [each.first(), each.last()].map(|one| round(one.copied().unwrap_or(figure))));
    }

    pub(crate) fn json(&self) -> Result<String> {
        let json = serde_json::json!({
            "bench": self.bench,
            "on": self.on,
            "commit": self.commit,
            "cores": std::thread::available_parallelism()?.get(),
            "filesystem": filesystem(self.work)?,
            "runs": self.runs,
            "load": load(),
            "figures": self.figures,
            "spread": self.spread,
        });
        Ok(json.to_string())
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

pub(crate) fn median(values: &[f64]) -> f64 {
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
