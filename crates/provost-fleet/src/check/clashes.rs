//! Names that would mean two things: an address of two sites, a name that two sites had, and a tag that is a site's name.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::name::Name;
use crate::read::{At, Draft};
use crate::url::SiteUrl;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    hosts(draft, sink);
    shared_hosts(draft, sink);
    renamed(draft, sink);
    tags(draft, sink);
}

/// An address that a site has: a whole host, or a path below one that it may share.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Address<'a> {
    host: &'a str,
    below: Option<&'a str>,
}

fn hosts(draft: &Draft, sink: &Sink) {
    let mut first: BTreeMap<&str, Vec<(Address<'_>, &Name, Span)>> = BTreeMap::new();
    let templates = draft.templates.iter().map(|(name, template)| (name, &template.site));
    let sites = draft.sites.iter().map(|(name, site)| (name, site));
    for (name, site) in templates.chain(sites) {
        let own = site
            .url
            .iter()
            .map(|url| (Address { host: url.value.host(), below: url.value.below() }, url.span.clone()));
        let aliases = site
            .aliases
            .iter()
            .map(|alias| (Address { host: alias.value.as_str(), below: None }, alias.span.clone()));
        for (address, span) in own.chain(aliases) {
            let others = first.entry(address.host).or_default();
            let meets = |other: &Address<'_>| {
                other.below == address.below || other.below.is_none() || address.below.is_none()
            };
            if let Some((other, owner, before)) = others.iter().find(|(other, ..)| meets(other)) {
                let host = address.host;
                let same = std::ptr::eq(*owner, &raw const name.value);
                let fault = match (same, other.below, address.below) {
                    (true, ..) => format!("this site has the host `{host}` twice"),
                    (false, Some(one), Some(_)) => {
                        format!("two sites cannot share the address `{host}/{one}`")
                    }
                    (false, None, None) => format!("two sites cannot share the host `{host}`"),
                    (false, ..) => {
                        format!("the host `{host}` is a site's own, and so no other can be below it")
                    }
                };
                let fault = Diagnostic::error(span, fault).label("used again");
                sink.push(fault.other(before.clone(), "first used here"));
            } else {
                others.push((address, &name.value, span));
            }
        }
    }
}

/// Sites below one host: one address of it leads to all of them, and a browser takes them for one.
fn shared_hosts(draft: &Draft, sink: &Sink) {
    for (_, template) in &draft.templates {
        if let Some(url) = template.site.url.as_ref().filter(|url| url.value.below().is_some()) {
            let fault = Diagnostic::error(url.span.clone(), "a template's URL has no path");
            sink.push(fault.hint("give it a host of its own: it is opened for those who make its content"));
        }
    }
    let mut hosts: BTreeMap<&str, Vec<(&Name, &At<SiteUrl>)>> = BTreeMap::new();
    for (name, site) in &draft.sites {
        if let Some(url) = site.url.as_ref().filter(|url| url.value.below().is_some()) {
            hosts.entry(url.value.host()).or_default().push((&name.value, url));
        }
    }
    for (host, sites) in hosts {
        let [(_, first), rest @ ..] = sites.as_slice() else { continue };
        let same = |url: &SiteUrl| {
            (url.is_https(), url.port_or_default()) == (first.value.is_https(), first.value.port_or_default())
        };
        for (_, other) in rest.iter().filter(|(_, url)| !same(&url.value)) {
            let fault = Diagnostic::error(
                other.span.clone(),
                format!("sites below `{host}` have one scheme and one port"),
            );
            sink.push(fault.other(first.span.clone(), "another one here"));
        }
        if let [.., (_, last)] = rest {
            let names: Vec<String> = sites.iter().map(|(name, _)| format!("`{name}`")).collect();
            let fault = Diagnostic::warning(
                last.span.clone(),
                format!(
                    "the sites {} share the host `{host}`: they do not protect each other from scripts",
                    names.join(", ")
                ),
            );
            sink.push(fault.hint(
                "who may put scripts into one of them can act in the others as any visitor; give sites that do not trust each \
                 other hosts of their own",
            ));
        }
    }
}

/// What a site was called: a name that is not another's.
fn renamed(draft: &Draft, sink: &Sink) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, site) in &draft.sites {
        let Some(was) = &site.was else { continue };
        let fault = |what: String| Diagnostic::error(was.span.clone(), what);
        let is = draft.sites.iter().find(|(site, _)| site.value == was.value);
        if was.value == name.value {
            sink.push(fault("a site was not called what it is called".to_owned()).hint("take `was` out"));
        } else if let Some((other, _)) = is {
            let told = fault(format!("there is a site `{}`, so that this one cannot be it", was.value));
            let told = told.other(other.span.clone(), "declared here");
            sink.push(told.hint("once a rename is applied, `was` may go"));
        } else if let Some(before) = first.get(was.value.as_str()) {
            let told = fault(format!("two sites cannot both have been `{}`", was.value));
            sink.push(told.other(before.clone(), "first said here"));
        }
        first.entry(was.value.as_str()).or_insert_with(|| was.span.clone());
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
