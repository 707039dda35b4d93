//! Templates: names that fit, and clones that ask for nothing that their template has not.

use crate::diagnostic::{Diagnostic, Sink};
use crate::model::Template;
use crate::name::LONGEST;
use crate::read::{At, Draft, SiteDraft};

pub(super) fn check(draft: &Draft, sink: &Sink) {
    names(draft, sink);
    for (_, site) in &draft.sites {
        clones(draft, site, sink);
    }
}

fn names(draft: &Draft, sink: &Sink) {
    for (At { value: name, span }, _) in &draft.templates {
        let Ok(as_site) = Template::site_name(name) else {
            let longest = LONGEST - Template::PREFIX.len();
            let message = format!("a template's name has at most {longest} characters");
            sink.push(Diagnostic::error(span.clone(), message));
            continue;
        };
        if let Some((site, _)) = draft.sites.iter().find(|(site, _)| site.value == as_site) {
            let message =
                format!("a site cannot be called `{as_site}`: the template `{name}` goes by that name");
            let fault = Diagnostic::error(site.span.clone(), message);
            sink.push(fault.other(span.clone(), "the template").hint("rename one of them"));
        }
    }
}

/// A key that a clone cannot have another value of than its template, and why.
type Shared = (&'static str, fn(&SiteDraft) -> Option<&At<String>>, &'static str);

const SHARED: [Shared; 4] = [
    ("codebase", |site| site.codebase.as_ref(), "a clone runs on its template's codebase"),
    ("database", |site| site.database.as_ref(), "a clone lives on its template's server"),
    ("prefix", |site| site.prefix.as_ref(), "a clone has its template's tables"),
    ("language", |site| site.language.as_ref(), "a clone has its template's language"),
];

fn clones(draft: &Draft, site: &SiteDraft, sink: &Sink) {
    let Some(template) = draft.template_of(site) else { return };
    for (key, get, why) in SHARED {
        let Some(given) = get(site) else { continue };
        let default = match key {
            "codebase" => draft.codebases.first().map(|(name, _)| name.value.to_string()),
            "database" => draft.server_names().first().map(|name| (*name).to_owned()),
            "prefix" => Some("mdl_".to_owned()),
            _ => Some("en".to_owned()),
        };
        let theirs = get(&template.site).map(|text| text.value.clone()).or(default);
        if theirs.as_ref() != Some(&given.value) {
            let fault =
                Diagnostic::error(given.span.clone(), format!("{why}: `{}`", theirs.unwrap_or_default()));
            let fault = fault.other(template.site.header.clone(), "the template");
            sink.push(fault.hint(match key {
                "codebase" | "database" => format!(
                    "take `{key}` out, or name another template; `provost site move` frees a site that is there from its template"
                ),
                _ => format!("take `{key}` out, or name another template"),
            }));
        }
    }
}
