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
    /// The rule that chose it, where the fleet file leaves a choice.
    pub rule: Option<String>,
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
    /// How what was locked was taken back by those who published it: a tag that is on another commit now, or a branch without commits
    /// that it had.
    pub rewritten: Option<String>,
}

impl PartChange {
    fn new(part: &str, from: Option<At>, to: Option<At>) -> Self {
        Self {
            part: part.to_owned(),
            from,
            to,
            log: Vec::new(),
            more: false,
            settings: Vec::new(),
            upgrade_steps: Vec::new(),
            security: Vec::new(),
            rewritten: None,
        }
    }
}

/// All that a lock names, for a codebase that had none.
pub fn beginnings(to: &LockedCodebase) -> Vec<PartChange> {
    let plugins = to.plugins.iter().map(|(component, plugin)| {
        let name = component.to_string();
        PartChange::new(&name, None, Some(of_plugin(plugin)))
    });
    std::iter::once(PartChange::new("moodle", None, Some(of_moodle(to)))).chain(plugins).collect()
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
        let same_name = from.moodle.reference == to.moodle.reference;
        let reference = Some(to.moodle.reference.as_str()).filter(|_| same_name);
        all.push(part_change(git, "moodle", (Some(before), Some(after)), sources, reference).await?);
    }
    let components: BTreeSet<_> = from.plugins.keys().chain(to.plugins.keys()).collect();
    for component in components {
        let (before, after) = (from.plugins.get(component), to.plugins.get(component));
        let same = before.zip(after).is_some_and(|(a, b)| a.source.object() == b.source.object());
        if !same {
            let sources = (before.and_then(files_of), after.and_then(files_of));
            let name = component.to_string();
            let both = (before.map(of_plugin), after.map(of_plugin));
            let reference = before.zip(after).and_then(|(before, after)| same_reference(before, after));
            all.push(part_change(git, &name, both, sources, reference).await?);
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
        rule: Some(moodle.rule.clone()),
    }
}

fn of_plugin(plugin: &LockedPlugin) -> At {
    At {
        version: plugin.version.clone(),
        release: plugin.release.clone(),
        object: plugin.source.object().to_owned(),
        source: plugin.source.place().to_owned(),
        rule: plugin.rule.clone(),
    }
}

/// The branch or tag that both are of.
fn same_reference<'a>(before: &LockedPlugin, after: &'a LockedPlugin) -> Option<&'a str> {
    match (&before.source, &after.source) {
        (LockedSource::Git { reference: was, .. }, LockedSource::Git { reference: is, .. }) if was == is => {
            Some(is)
        }
        _ => None,
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
    (from, to): (Option<At>, Option<At>),
    sources: (Option<Files>, Option<Files>),
    reference: Option<&str>,
) -> Result<PartChange, GitError> {
    let version: Option<Version> = from.as_ref().and_then(|from| from.version.parse().ok());
    let mut change = PartChange::new(part, from, to);
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
                change.rewritten = rewritten(git, &before, after.1, reference, log.complete).await?;
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

/// How a branch or tag of which both commits are was rewritten between them, if it was.
async fn rewritten(
    git: &Git,
    (source, before): &Files,
    after: ObjectId,
    reference: Option<&str>,
    complete: bool,
) -> Result<Option<String>, GitError> {
    let Some(reference) = reference else { return Ok(None) };
    if let Some(tag) = reference.strip_prefix("refs/tags/") {
        return Ok(Some(format!("the tag {tag} was moved to another commit")));
    }
    let Some(branch) = reference.strip_prefix("refs/heads/") else { return Ok(None) };
    // Where a history was cut off, what is missing in it may only not be here.
    if !complete || git.known_log(source, after, *before, 1).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!("the branch {branch} was rewritten: it no longer has the commit that was locked")))
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
