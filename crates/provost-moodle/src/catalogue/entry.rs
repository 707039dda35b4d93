//! One plugin's versions, out of what the list has for them.

use serde_json::Value;

use super::{CatalogueVersion, Download, MoodleSupport, Vcs};
use crate::request::breaks_ref_rule;
use crate::version_php::Maturity;

/// The longest text that is kept of any field, in bytes. Real addresses have at most some 200.
const LONGEST_TEXT: usize = 2048;

/// Reads the versions of a plugin, newest first, and counts those that are none.
pub(super) fn versions(listed: Option<&Value>, skipped: &mut usize) -> Vec<CatalogueVersion> {
    let entries = listed.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut versions: Vec<CatalogueVersion> = entries.iter().filter_map(version).collect();
    *skipped += entries.len() - versions.len();
    // Stable: of two with one number, the one that the list has first stays first.
    versions.sort_by(|a, b| b.version.cmp(&a.version));
    versions
}

fn version(entry: &Value) -> Option<CatalogueVersion> {
    Some(CatalogueVersion {
        version: field(entry, "version")?.parse().ok()?,
        release: field(entry, "release"),
        maturity: entry.get("maturity").and_then(number).and_then(maturity),
        download: download(entry),
        vcs: vcs(entry),
        moodles: moodles(entry.get("supportedmoodles")),
    })
}

fn download(entry: &Value) -> Option<Download> {
    let url = field(entry, "downloadurl").filter(|url| is_address(url))?;
    let md5 = field(entry, "downloadmd5").map(|md5| md5.to_ascii_lowercase());
    let is_md5 = |md5: &String| md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(Download { url, md5: md5.filter(is_md5) })
}

fn vcs(entry: &Value) -> Option<Vcs> {
    // Older entries leave the system out; a repository of another system has another kind of address.
    let system = field(entry, "vcssystem").unwrap_or_else(|| "git".to_owned());
    let url = field(entry, "vcsrepositoryurl").filter(|url| is_repository(url))?;
    let reference = |key| field(entry, key).filter(|name| breaks_ref_rule(name).is_none());
    let vcs = Vcs { url, tag: reference("vcstag"), branch: reference("vcsbranch") };
    system.eq_ignore_ascii_case("git").then_some(vcs)
}

fn moodles(listed: Option<&Value>) -> Vec<MoodleSupport> {
    let entries = listed.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let version = field(entry, "version").and_then(|version| version.parse().ok());
            Some(MoodleSupport { release: field(entry, "release")?, version })
        })
        .collect()
}

fn maturity(number: u64) -> Option<Maturity> {
    match number {
        50 => Some(Maturity::Alpha),
        100 => Some(Maturity::Beta),
        150 => Some(Maturity::ReleaseCandidate),
        200 => Some(Maturity::Stable),
        _ => None,
    }
}

/// Whether this is an address to fetch from, and nothing that a program could take for an option.
fn is_address(url: &str) -> bool {
    let schemes = ["https://", "http://", "file://"];
    is_one_word(url) && schemes.iter().any(|scheme| url.starts_with(scheme))
}

/// Whether git can be handed this as a repository: never an option, never a helper (`ext::…`) that runs a command.
fn is_repository(url: &str) -> bool {
    let by_ssh = |url: &str| {
        let host = url.split_once(':').and_then(|(host, _)| host.split_once('@')).map(|(_, host)| host);
        host.is_some_and(|host| !host.is_empty() && !host.contains('/')) && !url.contains("::")
    };
    let by_git = url.starts_with("git://") || url.starts_with("ssh://");
    is_address(url) || is_one_word(url) && !url.starts_with('-') && (by_git || by_ssh(url))
}

fn is_one_word(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn field(entry: &Value, key: &str) -> Option<String> {
    entry.get(key).and_then(text)
}

/// A text, or a number as text; nothing where it is empty or of another kind.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= LONGEST_TEXT).then_some(text)
}

/// A whole number, or one as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    text(value)?.parse().ok()
}
