//! `[codebase.NAME]` and its plugins.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;
use toml::de::DeValue;

use super::draft::CodebaseDraft;
use super::value::Reader;
use super::{At, fleet};
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
    reader.finish();
    CodebaseDraft { moodle: moodle.map(|moodle| moodle.value), git, plugins }
}

fn plugin(above: &Reader<'_>, value: &DeValue<'_>, span: Span) -> Option<PluginSource> {
    let table = match value {
        DeValue::Table(table) if !table.is_empty() => table,
        DeValue::Table(_) | DeValue::String(_) => {
            let fault = Diagnostic::error(span, "the plugins directory is not supported by this version yet");
            above.sink.push(fault.hint("name its git repository: { git = \"https://…\", tag = \"…\" }"));
            return None;
        }
        _ => {
            above
                .sink
                .push(Diagnostic::error(span, "a plugin is a table such as { git = \"…\", tag = \"…\" }"));
            return None;
        }
    };
    let mut reader = Reader::new(&keys::PLUGIN, table, span.clone(), above.sink);
    let later = keys::PLUGIN.later.iter().any(|key| table.contains_key(*key));
    let git = if later { None } else { reader.required("git") };
    let url = git.and_then(|text| fleet::git(&reader, text));
    let places = [
        reference(&mut reader, "tag").map(|text| (GitAt::Tag(text.value), text.span)),
        reference(&mut reader, "branch").map(|text| (GitAt::Branch(text.value), text.span)),
        reader.text("commit").and_then(|text| commit(&reader, text)),
    ];
    reader.finish();
    let mut places: Vec<(GitAt, Span)> = places.into_iter().flatten().collect();
    if places.len() > 1 {
        above.sink.push(Diagnostic::error(span, "a plugin has at most one of `tag`, `branch` and `commit`"));
    }
    let at = places.pop().map_or(GitAt::Default, |(at, _)| at);
    Some(PluginSource::Git { url: url?, at })
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

fn commit(reader: &Reader<'_>, text: At<String>) -> Option<(GitAt, Span)> {
    let whole =
        text.value.len() == 40 && text.value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if whole {
        return Some((GitAt::Commit(text.value), text.span));
    }
    let fault =
        Diagnostic::error(text.span, "a commit is given by all its 40 hexadecimal digits, in lower case");
    reader.sink.push(fault.hint("`git rev-parse` prints them"));
    None
}
