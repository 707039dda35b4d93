//! A site's database and role: nobody else's, and none that its server or Provost keeps for itself.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::model::{Engine, Location};
use crate::read::{Draft, SiteDraft};

/// Databases that every server of an engine has, names that it refuses to roles, and the role that owns managed servers.
const fn reserved_by(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgresql => &["postgres", "template0", "template1", "public", "none", "provost"],
        Engine::Mariadb => {
            &["mysql", "information_schema", "performance_schema", "sys", "root", "public", "none", "provost"]
        }
    }
}

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let servers = draft.server_names();
    let mut first: BTreeMap<(String, String), Span> = BTreeMap::new();
    let templates = draft
        .templates
        .iter()
        .map(|(name, template)| (&template.site, None, draft.template_database_name(&name.value, template)));
    let sites = draft.sites.iter().map(|(name, site)| {
        let template = draft.template_of(site).map(|template| &template.site);
        (site, template, draft.database_name(&name.value, site))
    });
    for (site, from, database) in templates.chain(sites) {
        let given = site.database.as_ref().or(from.and_then(|from| from.database.as_ref()));
        let given = given.map(|server| server.value.as_str());
        let server = given.or(servers.first().copied()).unwrap_or_default();
        let span = site.database_name.as_ref().map_or(site.header.clone(), |given| given.span.clone());
        reserved(draft, server, &database, span.clone(), site, sink);
        let key = (place(draft, server), database);
        if let Some(before) = first.get(&key) {
            let fault = Diagnostic::error(span, format!("two sites cannot share the database `{}`", key.1));
            let fault = fault.label("used again").other(before.clone(), "first used here");
            sink.push(fault.hint("give one of them another `database_name`"));
        } else {
            first.insert(key, span);
        }
    }
}

/// Which server it is, whatever it is called: two names may lead to one.
fn place(draft: &Draft, server: &str) -> String {
    let named = draft.databases.iter().find(|(name, _)| name.value.as_str() == server);
    match named.and_then(|(_, server)| Some((server.engine, server.location.as_ref()?))) {
        Some((engine, Location::Existing { host, port, .. })) => {
            format!("{}:{}", host.to_ascii_lowercase(), port.unwrap_or(engine.port()))
        }
        Some((_, Location::Managed)) | None => server.to_owned(),
    }
}

/// The name is a role's too, and a role gets a password of its own: that of an administrator must not be changed.
fn reserved(draft: &Draft, server: &str, database: &str, span: Span, site: &SiteDraft, sink: &Sink) {
    let named = draft.databases.iter().find(|(name, _)| name.value.as_str() == server);
    let administers = named.is_some_and(|(_, server)| match &server.location {
        Some(Location::Existing { admin, .. }) => admin.user == database,
        _ => false,
    });
    let engine = named.map_or(Engine::Postgresql, |(_, server)| server.engine);
    let of_postgresql = engine == Engine::Postgresql && database.starts_with("pg_");
    if administers {
        let fault = Diagnostic::error(span, format!("`{database}` is the role that administers the server"));
        sink.push(fault.hint("a site's database and role have one name: give it another `database_name`"));
    } else if reserved_by(engine).contains(&database) || of_postgresql {
        let fault = Diagnostic::error(span, format!("`{database}` cannot be a site's database and role"));
        sink.push(if site.database_name.is_some() || !of_postgresql {
            fault.hint("the server keeps this name for itself")
        } else {
            fault.hint("the server keeps names that begin with `pg_` for itself: give a `database_name`")
        });
    }
}
