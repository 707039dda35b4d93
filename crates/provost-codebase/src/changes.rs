//! What moving from one lock to another brings: versions, commits, the log between them, new settings, upgrade steps.

use std::collections::BTreeSet;

use provost_fleet::lock::{LockedCodebase, LockedPlugin, LockedSource};
use provost_moodle::changes::{SecurityLine, new_settings, security_lines, upgrade_steps};
use provost_moodle::version_php::Version;
use serde::Serialize;

use crate::git::{Git, GitError, Source};
use crate::object::ObjectId;

/// Lines of a log that are asked for. More than a person reads; the count says whether there is more.
const MOST_LINES: usize = 200;

/// Files in which authors keep what is new, at the top of their plugin.
const CHANGE_LOGS: [&str; 6] =
    ["CHANGES.md", "CHANGELOG.md", "CHANGES.txt", "changes.txt", "CHANGES", "changelog.md"];

/// One part as a lock has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct At {
    /// `$version` or `$plugin->version`.
    pub version: String,
    /// For people.
    pub release: Option<String>,
    /// Commit or tree.
    pub object: String,
    /// Where it comes from.
    pub source: String,
}

/// What changes of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartChange {
    /// `moodle`, or the component.
    pub part: String,
    /// Before; `None` where it is new.
    pub from: Option<At>,
    /// After; `None` where it goes.
    pub to: Option<At>,
    /// Subjects of the commits between, newest first.
    pub log: Vec<String>,
    /// Whether there are more, or the history that is at hand does not reach back.
    pub more: bool,
    /// Settings that are new: `component/name`.
    pub settings: Vec<String>,
    /// Steps of the database's upgrade that would run, by their version.
    pub upgrade_steps: Vec<String>,
    /// What in the log or in a change log is called security.
    pub security: Vec<String>,
}

/// Compares two locks of one codebase, part by part. Histories are downloaded where they are needed and can be had.
///
/// # Errors
/// When a repository is damaged or the command was cancelled; that a log cannot be had is no error.
pub async fn changes(
    git: &Git,
    from: &LockedCodebase,
    to: &LockedCodebase,
) -> Result<Vec<PartChange>, GitError> {
    let mut all = Vec::new();
    let (before, after) = (of_moodle(from), of_moodle(to));
    if before.object != after.object {
        let sources = (git_at(&before), git_at(&after));
        all.push(part_change(git, "moodle", Some(before), Some(after), sources).await?);
    }
    let components: BTreeSet<_> = from.plugins.keys().chain(to.plugins.keys()).collect();
    for component in components {
        let (before, after) = (from.plugins.get(component), to.plugins.get(component));
        let same = before.zip(after).is_some_and(|(a, b)| a.source.object() == b.source.object());
        if !same {
            let sources = (before.and_then(files_of), after.and_then(files_of));
            let name = component.to_string();
            let (from, to) = (before.map(of_plugin), after.map(of_plugin));
            all.push(part_change(git, &name, from, to, sources).await?);
        }
    }
    Ok(all)
}

fn of_moodle(locked: &LockedCodebase) -> At {
    let moodle = &locked.moodle;
    At {
        version: moodle.version.clone(),
        release: Some(moodle.release.clone()),
        object: moodle.commit.clone(),
        source: moodle.source.clone(),
    }
}

fn of_plugin(plugin: &LockedPlugin) -> At {
    At {
        version: plugin.version.clone(),
        release: plugin.release.clone(),
        object: plugin.source.object().to_owned(),
        source: plugin.source.place().to_owned(),
    }
}

/// Where the files of a part are, and what names them.
type Files = (Source, ObjectId);

fn git_at(at: &At) -> Option<Files> {
    Some((Source::parse(&at.source).ok()?, at.object.parse().ok()?))
}

fn files_of(plugin: &LockedPlugin) -> Option<Files> {
    let object = plugin.source.object().parse().ok()?;
    match &plugin.source {
        LockedSource::Git { source, .. } => Some((Source::parse(source).ok()?, object)),
        LockedSource::Zip { .. } | LockedSource::Directory { .. } => Some((Source::Imported, object)),
    }
}

async fn part_change(
    git: &Git,
    part: &str,
    from: Option<At>,
    to: Option<At>,
    sources: (Option<Files>, Option<Files>),
) -> Result<PartChange, GitError> {
    let version: Option<Version> = from.as_ref().and_then(|from| from.version.parse().ok());
    let mut change = PartChange {
        part: part.to_owned(),
        from,
        to,
        log: Vec::new(),
        more: false,
        settings: Vec::new(),
        upgrade_steps: Vec::new(),
        security: Vec::new(),
    };
    let (Some(before), Some(after)) = sources else { return Ok(change) };
    let mut told = String::new();
    if before.0 == after.0 && before.0 != Source::Imported {
        match git.log(&before.0, before.1, after.1, MOST_LINES).await {
            Ok(log) => {
                change.more = log.more || !log.complete;
                for line in &log.lines {
                    told.push_str(&format!("{}\n{}\n", line.subject, line.body));
                }
                change.log = log.lines.into_iter().map(|line| line.subject).collect();
            }
            Err(error) if error.is_cancelled() => return Err(error),
            Err(_) => change.more = true,
        }
    }
    // Moodle's own files of this kind are many, and only its release notes say which matter.
    if part != "moodle" {
        let (mut old, mut new) = (Texts::open(git, before).await?, Texts::open(git, after).await?);
        told.push_str(&new_lines(&mut old, &mut new).await?);
        if let (Some(version), Some(file)) = (version, new.read("db/upgrade.php").await?) {
            let steps = upgrade_steps(&file, &version).unwrap_or_default();
            change.upgrade_steps = steps.iter().map(ToString::to_string).collect();
        }
        let (was, is) = (old.read("settings.php").await?, new.read("settings.php").await?);
        change.settings = new_settings(&was.unwrap_or_default(), &is.unwrap_or_default()).unwrap_or_default();
    }
    let lines: BTreeSet<String> =
        security_lines(&told).into_iter().map(|SecurityLine { text, .. }| text.trim().to_owned()).collect();
    change.security = lines.into_iter().collect();
    Ok(change)
}

/// Files of one commit or tree.
struct Texts {
    objects: crate::git::Objects,
    object: ObjectId,
}

impl Texts {
    async fn open(git: &Git, (source, object): Files) -> Result<Self, GitError> {
        Ok(Self { objects: git.objects(&source).await?, object })
    }

    async fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        self.objects.file(self.object, path).await
    }
}

/// The lines of the change log that were not there before.
async fn new_lines(old: &mut Texts, new: &mut Texts) -> Result<String, GitError> {
    for name in CHANGE_LOGS {
        let Some(is) = new.read(name).await? else { continue };
        let was = old.read(name).await?.unwrap_or_default();
        let (was, is) = (String::from_utf8_lossy(&was), String::from_utf8_lossy(&is));
        let known: BTreeSet<&str> = was.lines().collect();
        return Ok(is.lines().filter(|line| !known.contains(line)).collect::<Vec<_>>().join("\n"));
    }
    Ok(String::new())
}
