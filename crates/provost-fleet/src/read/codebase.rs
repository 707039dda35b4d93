//! `[codebase.NAME]` and its plugins.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;
use toml::de::DeValue;

use super::draft::CodebaseDraft;
use super::value::Reader;
use super::{At, fleet, location};
use crate::diagnostic::{Diagnostic, Span};
use crate::keys;
use crate::model::{GitAt, PluginSource};

pub(super) fn read(mut reader: Reader<'_>) -> CodebaseDraft {
    let moodle = reader.required("moodle").and_then(|text| reader.parsed::<MoodleRequest>(text));
    let git = reader.text("git").and_then(|text| fleet::git(&reader, text));
    let mut plugins = BTreeMap::new();
    for (name, (value, span)) in reader.entries("plugins") {
        let component = reader.parsed::<Component>(name);
        let source = plugin(&reader, value, span);
        if let (Some(component), Some(source)) = (component, source) {
            plugins.insert(component.value, source);
        }
    }
    let patches = patches(&mut reader);
    reader.finish();
    CodebaseDraft { moodle: moodle.map(|moodle| moodle.value), git, plugins, patches }
}

/// Patch files, each named once.
fn patches(reader: &mut Reader<'_>) -> Vec<Utf8PathBuf> {
    let mut patches = Vec::new();
    for text in reader.texts("patches") {
        let span = text.span.clone();
        let Some(path) = location::path(reader.sink, "patches", text) else { continue };
        if patches.contains(&path) {
            reader.sink.push(Diagnostic::error(span, format!("the patch `{path}` is named twice")));
        } else {
            patches.push(path);
        }
    }
    patches
}

/// What a plugin may say of where it comes from.
const WAYS: &str = "write { git = \"…\", tag = \"…\" }, { zip = \"…\" }, { path = \"…\" }, { absent = true }, a version, or {}";

fn plugin(above: &Reader<'_>, value: &DeValue<'_>, span: Span) -> Option<PluginSource> {
    let table = match value {
        DeValue::Table(table) => table,
        DeValue::String(version) => return catalogue(above, version, span),
        _ => {
            above.sink.push(Diagnostic::error(span, "a plugin is a table or a version").hint(WAYS));
            return None;
        }
    };
    let mut reader = Reader::new(&keys::PLUGIN, table, span.clone(), above.sink);
    let git = reader.text("git").map(|text| fleet::git(&reader, text));
    let zip = reader.text("zip").map(|text| location::read(above.sink, "zip", text));
    let path = reader.text("path").map(|text| location::path(above.sink, "path", text));
    let absent = reader.boolean("absent");
    let at = places(&mut reader, span.clone());
    let given = ["git", "zip", "path", "absent"].into_iter().filter(|key| table.contains_key(*key)).count();
    let known = table
        .iter()
        .all(|(key, _)| keys::PLUGIN.keys.iter().any(|known| known.name == key.get_ref().as_ref()));
    reader.finish();
    if given > 1 {
        let fault = Diagnostic::error(span, "a plugin has at most one of `git`, `zip`, `path` and `absent`");
        above.sink.push(fault.hint(WAYS));
        return None;
    }
    if git.is_none() && at != GitAt::Default {
        above.sink.push(Diagnostic::error(span, "`tag`, `branch` and `commit` go with `git`").hint(WAYS));
        return None;
    }
    match (git, zip, path, absent) {
        (Some(url), ..) => Some(PluginSource::Git { url: url?, at }),
        (_, Some(location), ..) => Some(PluginSource::Zip { location: location? }),
        (_, _, Some(path), _) => Some(PluginSource::Directory { path: path? }),
        (.., Some(absent)) if absent.value => Some(PluginSource::Absent),
        (.., Some(absent)) => {
            let fault = Diagnostic::error(absent.span, "`absent` can only be `true`");
            above.sink.push(fault.hint("take it out: what comes with Moodle is there by itself"));
            None
        }
        // A key in error is not "nothing was said".
        (None, None, None, None) if given == 0 && known => Some(PluginSource::Catalogue { version: None }),
        _ => None,
    }
}

/// A release of the plugins directory, by its name or number.
fn catalogue(above: &Reader<'_>, version: &str, span: Span) -> Option<PluginSource> {
    if version.trim().is_empty() || version.chars().any(char::is_control) {
        let fault = Diagnostic::error(span, "a plugin's version is a release, a tag or a version number");
        above.sink.push(fault.hint("write {} for the newest one that fits"));
        return None;
    }
    Some(PluginSource::Catalogue { version: Some(version.to_owned()) })
}

/// What is to be taken of a git repository.
fn places(reader: &mut Reader<'_>, span: Span) -> GitAt {
    let places = [
        reference(reader, "tag").map(|text| GitAt::Tag(text.value)),
        reference(reader, "branch").map(|text| GitAt::Branch(text.value)),
        reader.text("commit").and_then(|text| commit(reader, text)),
    ];
    let mut places: Vec<GitAt> = places.into_iter().flatten().collect();
    if places.len() > 1 {
        reader.sink.push(Diagnostic::error(span, "a plugin has at most one of `tag`, `branch` and `commit`"));
    }
    places.pop().unwrap_or(GitAt::Default)
}

/// A tag or branch, by a name that git allows.
fn reference(reader: &mut Reader<'_>, key: &'static str) -> Option<At<String>> {
    let text = reader.text(key)?;
    // git takes a word that begins with `-` for an option; its other rules hold for whole references.
    let allowed =
        !text.value.starts_with('-') && format!("refs/heads/{}", text.value).parse::<MoodleRequest>().is_ok();
    if allowed {
        return Some(text);
    }
    reader.sink.push(Diagnostic::error(text.span, format!("git allows no {key} called `{}`", text.value)));
    None
}

fn commit(reader: &Reader<'_>, text: At<String>) -> Option<GitAt> {
    let whole =
        text.value.len() == 40 && text.value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if whole {
        return Some(GitAt::Commit(text.value));
    }
    let fault =
        Diagnostic::error(text.span, "a commit is given by all its 40 hexadecimal digits, in lower case");
    reader.sink.push(fault.hint("`git rev-parse` prints them"));
    None
}
