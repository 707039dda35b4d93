//! Names that must exist: codebase, database server and template of a site, codebase and server of a template.

use crate::diagnostic::{Diagnostic, Sink};
use crate::model::Redis;
use crate::read::{At, Draft, SiteDraft};
use crate::suggest::nearest;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let codebases: Vec<&str> = draft.codebases.iter().map(|(name, _)| name.value.as_str()).collect();
    let templates: Vec<&str> = draft.templates.iter().map(|(name, _)| name.value.as_str()).collect();
    let servers = draft.server_names();
    for (_, template) in &draft.templates {
        one("template", &template.site, "codebase", template.site.codebase.as_ref(), &codebases, sink);
        one("template", &template.site, "database", template.site.database.as_ref(), &servers, sink);
    }
    redis(draft, sink);
    for (_, site) in &draft.sites {
        if let Some(template) = &site.template {
            one("site", site, "template", Some(template), &templates, sink);
        }
        // What a site does not say its template says, and that one was looked at.
        if site.template.is_none() || site.codebase.is_some() {
            one("site", site, "codebase", site.codebase.as_ref(), &codebases, sink);
        }
        if site.template.is_none() || site.database.is_some() {
            one("site", site, "database", site.database.as_ref(), &servers, sink);
        }
    }
}

/// A site may use none, and must say which of several.
fn redis(draft: &Draft, sink: &Sink) {
    for (name, _) in draft.redis.iter().filter(|(name, _)| name.value.as_str() == Redis::NONE) {
        let fault = Diagnostic::error(name.span.clone(), "a redis cannot be called `none`");
        sink.push(fault.hint("that is what a site says that uses none"));
    }
    let known: Vec<&str> = draft.redis.iter().map(|(name, _)| name.value.as_str()).collect();
    let templates = draft.templates.iter().map(|(_, template)| &template.site);
    for site in templates.filter(|site| site.redis.is_some()) {
        given_redis("template", site, &known, sink);
    }
    for (_, site) in &draft.sites {
        let inherits = || draft.template_of(site).is_some_and(|template| template.site.redis.is_some());
        if site.redis.is_some() || (known.len() > 1 && !inherits()) {
            given_redis("site", site, &known, sink);
        }
    }
}

fn given_redis(what: &str, site: &SiteDraft, known: &[&str], sink: &Sink) {
    if site.redis.as_ref().is_none_or(|given| given.value != Redis::NONE) {
        one(what, site, "redis", site.redis.as_ref(), known, sink);
    }
}

fn one(what: &str, site: &SiteDraft, key: &str, given: Option<&At<String>>, known: &[&str], sink: &Sink) {
    let list = || known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match given {
        Some(name) if known.contains(&name.value.as_str()) => {}
        Some(name) => {
            let fault = Diagnostic::error(name.span.clone(), format!("there is no [{key}.{}]", name.value));
            sink.push(match (nearest(&name.value, known.iter().copied()), known.is_empty()) {
                (Some(meant), _) => fault.hint(format!("did you mean `{meant}`?")),
                (None, false) => fault.hint(format!("there is {}", list())),
                (None, true) => fault.hint(format!("declare it: [{key}.{}]", name.value)),
            });
        }
        None if known.len() == 1 => {}
        None => {
            let fault = Diagnostic::absence(site.header.clone(), format!("this {what} needs `{key}`"));
            sink.push(match known.is_empty() {
                true => fault.hint(format!("the file declares no {key}: add a [{key}.NAME]")),
                false => fault.hint(format!("there is {}", list())),
            });
        }
    }
}
