//! Templates: names that fit, and clones that ask for nothing that their template has not.

use crate::diagnostic::{Diagnostic, Sink};
use crate::model::{Engine, Template};
use crate::name::{LONGEST, Name};
use crate::read::{At, Draft, SiteDraft, TemplateDraft};

pub(super) fn check(draft: &Draft, sink: &Sink) {
    names(draft, sink);
    for (name, template) in &draft.templates {
        spares(draft, &name.value, template, sink);
    }
    for (_, site) in &draft.sites {
        clones(draft, site, sink);
    }
}

/// The longest name of a database and role on PostgreSQL; it cuts off what is longer.
const LONGEST_DATABASE: usize = 63;

/// A spare is taken by renaming its database.
fn spares(draft: &Draft, name: &Name, template: &TemplateDraft, sink: &Sink) {
    let Some(spares) = template.spares.as_ref().filter(|spares| spares.value > 0) else { return };
    let names = draft.server_names();
    let server = template.site.database.as_ref().map(|given| given.value.as_str()).or(names.first().copied());
    let server = draft.databases.iter().find(|(name, _)| Some(name.value.as_str()) == server);
    if server.is_some_and(|(_, server)| server.engine == Engine::Mariadb) {
        let message = "spares can only be kept on PostgreSQL: MariaDB cannot rename a database".to_owned();
        let fault = Diagnostic::error(spares.span.clone(), message);
        sink.push(fault.hint("take `spares` out: sites are cloned when they are created"));
    }
    let database = format!("{}_spare{}", draft.template_database_name(name, template), Template::MOST_SPARES);
    if database.len() > LONGEST_DATABASE {
        let message =
            format!("the database of a spare, `{database}`, has more than {LONGEST_DATABASE} characters");
        let fault = Diagnostic::error(spares.span.clone(), message);
        sink.push(fault.hint("give the template a shorter `database_name`"));
    }
}

fn names(draft: &Draft, sink: &Sink) {
    for (At { value: name, span }, template) in &draft.templates {
        for (site, _) in &draft.sites {
            let number = site.value.as_str().strip_prefix(Template::SPARE_PREFIX);
            let number =
                number.and_then(|rest| rest.strip_prefix(name.as_str())?.strip_prefix('-')?.parse().ok());
            if number.is_some_and(|number: u32| number <= Template::MOST_SPARES) && template.spares.is_some()
            {
                let message = format!(
                    "a site cannot be called `{}`: a spare of the template `{name}` goes by that name",
                    site.value
                );
                let fault = Diagnostic::error(site.span.clone(), message);
                sink.push(fault.other(span.clone(), "the template").hint("rename one of them"));
            }
        }
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
