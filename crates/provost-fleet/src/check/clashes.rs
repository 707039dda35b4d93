//! Things that two sites cannot share: a host, a database, a dataroot; and a tag that is a site's name.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::read::{At, Draft};

pub(super) fn check(draft: &Draft, sink: &Sink) {
    hosts(draft, sink);
    databases(draft, sink);
    dataroots(draft, sink);
    tags(draft, sink);
}

fn hosts(draft: &Draft, sink: &Sink) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (_, site) in &draft.sites {
        let own = site.url.iter().map(|url| (url.value.host(), url.span.clone()));
        let aliases = site.aliases.iter().map(|alias| (alias.value.as_str(), alias.span.clone()));
        for (host, span) in own.chain(aliases) {
            if let Some(before) = first.get(host) {
                let fault = Diagnostic::error(span, format!("two sites cannot share the host `{host}`"));
                sink.push(fault.label("used again").other(before.clone(), "first used here"));
            } else {
                first.insert(host, span);
            }
        }
    }
}

fn databases(draft: &Draft, sink: &Sink) {
    let servers = draft.server_names();
    let mut first: BTreeMap<(&str, String), Span> = BTreeMap::new();
    for (name, site) in &draft.sites {
        let server = site.database.as_ref().map(|server| server.value.as_str()).or(servers.first().copied());
        let database = draft.database_name(&name.value, site);
        let span = site.database_name.as_ref().map_or(site.header.clone(), |given| given.span.clone());
        let key = (server.unwrap_or_default(), database);
        if let Some(before) = first.get(&key) {
            let fault = Diagnostic::error(span, format!("two sites cannot share the database `{}`", key.1));
            let fault = fault.label("used again").other(before.clone(), "first used here");
            sink.push(fault.hint("give one of them another `database_name`"));
        } else {
            first.insert(key, span);
        }
    }
}

fn dataroots(draft: &Draft, sink: &Sink) {
    let given: Vec<_> = draft.sites.iter().filter_map(|(_, site)| site.dataroot.as_ref()).collect();
    for (at, one) in given.iter().enumerate() {
        for before in &given[..at] {
            let message = if one.value == before.value {
                format!("two sites cannot share the dataroot `{}`", one.value)
            } else if inside(&one.value, &before.value) || inside(&before.value, &one.value) {
                "a dataroot cannot lie in another site's dataroot".to_owned()
            } else {
                continue;
            };
            sink.push(
                Diagnostic::error(one.span.clone(), message)
                    .label("used again")
                    .other(before.span.clone(), "first used here"),
            );
        }
    }
}

fn inside(one: &Utf8Path, other: &Utf8Path) -> bool {
    one.starts_with(other)
}

fn tags(draft: &Draft, sink: &Sink) {
    let names: BTreeMap<&str, &Span> =
        draft.sites.iter().map(|(At { value, span }, _)| (value.as_str(), span)).collect();
    for tag in draft.sites.iter().flat_map(|(_, site)| &site.tags) {
        if let Some(site) = names.get(tag.value.as_str()) {
            let fault =
                Diagnostic::error(tag.span.clone(), format!("the tag `{}` is the name of a site", tag.value));
            let fault = fault.other((*site).clone(), "the site");
            sink.push(fault.hint("rename the tag: a selection could not tell them apart"));
        }
    }
}
