//! Names that would mean two things: a host of two sites, and a tag that is a site's name.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::name::Name;
use crate::read::{At, Draft};

pub(super) fn check(draft: &Draft, sink: &Sink) {
    hosts(draft, sink);
    tags(draft, sink);
}

fn hosts(draft: &Draft, sink: &Sink) {
    let mut first: BTreeMap<&str, (&Name, Span)> = BTreeMap::new();
    let templates = draft.templates.iter().map(|(name, template)| (name, &template.site));
    let sites = draft.sites.iter().map(|(name, site)| (name, site));
    for (name, site) in templates.chain(sites) {
        let own = site.url.iter().map(|url| (url.value.host(), url.span.clone()));
        let aliases = site.aliases.iter().map(|alias| (alias.value.as_str(), alias.span.clone()));
        for (host, span) in own.chain(aliases) {
            if let Some((owner, before)) = first.get(host) {
                let fault = if std::ptr::eq(*owner, &raw const name.value) {
                    Diagnostic::error(span, format!("this site has the host `{host}` twice"))
                } else {
                    Diagnostic::error(span, format!("two sites cannot share the host `{host}`"))
                };
                sink.push(fault.label("used again").other(before.clone(), "first used here"));
            } else {
                first.insert(host, (&name.value, span));
            }
        }
    }
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
