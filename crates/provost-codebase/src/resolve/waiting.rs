//! Which updates wait, by what is known here: nobody is asked, nothing is downloaded.

use provost_fleet::lock::{LockedCodebase, LockedPlugin, LockedSource};
use provost_fleet::model::{Codebase, GitAt, PluginSource};
use provost_moodle::branch_choice::{is_prerelease, newest_first, supports};
use provost_moodle::changes::security_lines;
use provost_moodle::refs::Refs;
use provost_moodle::request::MoodleRequest;
use provost_moodle::version_php::PluginVersion;
use serde::Serialize;

use crate::git::{FRESH, Git, GitError, Source, in_words};
use crate::object::ObjectId;

/// Lines of a log that are looked through for words of security.
const MOST_LINES: usize = 500;

/// An update that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// `Moodle`, or the component.
    pub part: String,
    /// What it would move to: a tag, or the branch whose tip has moved.
    pub to: String,
    /// Lines of the log that speak of security, where the log is at hand.
    pub security: Vec<String>,
}

/// Compares a lock with the references of its sources as they were known last.
///
/// # Errors
/// When a repository cannot be read.
pub async fn waiting(
    git: &Git,
    codebase: &Codebase,
    locked: &LockedCodebase,
) -> Result<Vec<Waiting>, GitError> {
    let mut found = Vec::new();
    if let Some(newer) = moodle(git, codebase, locked).await? {
        found.push(told(git, "Moodle", newer).await?);
    }
    for (component, source) in &codebase.plugins {
        let Some(plugin) = locked.plugins.get(component) else { continue };
        if let Some(newer) = self::plugin(git, source, plugin, locked).await? {
            found.push(told(git, &component.to_string(), newer).await?);
        }
    }
    Ok(found)
}

/// How old what [`waiting`] goes by is, in words, where that is more than a day: that of the server that was asked longest ago.
pub fn known_since(git: &Git, codebase: &Codebase) -> Option<String> {
    let plugins = codebase.plugins.values().filter_map(|source| match source {
        PluginSource::Git { url, at } if !matches!(at, GitAt::Commit(_)) => Some(url),
        _ => None,
    });
    let moodle = Some(&codebase.git).filter(|_| !matches!(codebase.moodle, MoodleRequest::Commit(_)));
    let sources = plugins.chain(moodle).filter_map(|url| Source::parse(url).ok());
    let oldest = sources.filter_map(|source| git.age_of_refs(&source)).max()?;
    (oldest > FRESH.as_secs()).then(|| in_words(oldest))
}

/// A newer commit of what is locked.
struct Newer {
    source: Source,
    from: ObjectId,
    commit: ObjectId,
    reference: String,
}

async fn moodle(git: &Git, codebase: &Codebase, locked: &LockedCodebase) -> Result<Option<Newer>, GitError> {
    if matches!(codebase.moodle, MoodleRequest::Commit(_)) {
        return Ok(None);
    }
    let Ok(source) = Source::parse(&codebase.git) else { return Ok(None) };
    let Some(refs) = git.known_refs(&source).await? else { return Ok(None) };
    let Ok(choice) = codebase.moodle.choose(&refs) else { return Ok(None) };
    Ok(newer(source, &locked.moodle.commit, &choice.commit, &choice.reference))
}

async fn plugin(
    git: &Git,
    declared: &PluginSource,
    plugin: &LockedPlugin,
    locked: &LockedCodebase,
) -> Result<Option<Newer>, GitError> {
    let LockedSource::Git { source, reference, commit } = &plugin.source else { return Ok(None) };
    if matches!(
        declared,
        PluginSource::Git { at: GitAt::Commit(_), .. } | PluginSource::Catalogue { version: Some(_) }
    ) {
        return Ok(None);
    }
    let Ok(source) = Source::parse(source) else { return Ok(None) };
    let Some(refs) = git.known_refs(&source).await? else { return Ok(None) };
    if let Some(branch) = reference.strip_prefix("refs/heads/") {
        let tip = refs.branches.get(branch).cloned().unwrap_or_default();
        return Ok(newer(source, commit, &tip, reference));
    }
    let Some(tag) = reference.strip_prefix("refs/tags/") else { return Ok(None) };
    if matches!(declared, PluginSource::Git { at: GitAt::Tag(_), .. }) {
        // A tag that is named stays; one that was moved is told.
        let now = refs.tags.get(tag).cloned().unwrap_or_default();
        return Ok(newer(source, commit, &now, reference));
    }
    let branch = locked.moodle.branch.parse().unwrap_or(0);
    let newest = newest_supported(git, &source, &refs, tag, branch).await?;
    Ok(newest.and_then(|(tag, id)| newer(source, commit, &id, &format!("refs/tags/{tag}"))))
}

/// The newest tag before the locked one whose authors support the Moodle, as far as it is here.
async fn newest_supported(
    git: &Git,
    source: &Source,
    refs: &Refs,
    locked: &str,
    branch: u32,
) -> Result<Option<(String, String)>, GitError> {
    for tag in newest_first(refs.tags.keys()).into_iter().take_while(|tag| *tag != locked) {
        let Some(id) = refs.tags.get(tag).filter(|_| !is_prerelease(tag)) else { continue };
        let Ok(commit) = id.parse::<ObjectId>() else { continue };
        let file = git.objects(source).await?.file(commit, "version.php").await?;
        let version = file.and_then(|file| PluginVersion::read(&file).ok());
        if version.is_some_and(|version| supports(&version, branch)) {
            return Ok(Some((tag.to_owned(), id.clone())));
        }
    }
    Ok(None)
}

fn newer(source: Source, from: &str, to: &str, reference: &str) -> Option<Newer> {
    let (from, commit) = (from.parse().ok()?, to.parse().ok()?);
    let reference = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").to_owned();
    (from != commit).then_some(Newer { source, from, commit, reference })
}

async fn told(git: &Git, part: &str, newer: Newer) -> Result<Waiting, GitError> {
    let log = git.known_log(&newer.source, newer.from, newer.commit, MOST_LINES).await?;
    let text: String =
        log.iter().flat_map(|line| [line.subject.as_str(), "\n", line.body.as_str(), "\n"]).collect();
    let security = security_lines(&text).into_iter().map(|line| line.text.trim().to_owned()).collect();
    Ok(Waiting { part: part.to_owned(), to: newer.reference, security })
}
