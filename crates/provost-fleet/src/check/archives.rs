//! Archive sessions: the sites and the registry they name, and what does not go together.

use crate::archive::{End, Fate, Place, Registry, Transport};
use crate::diagnostic::{Diagnostic, Sink};
use crate::model::{Engine, Fleet};
use crate::name::Name;
use crate::read::{ArchiveDraft, At, Draft};
use crate::suggest::nearest;

/// What a session may name.
pub(crate) struct Known<'a> {
    /// Sites.
    pub(crate) sites: Vec<&'a str>,
    /// Servers, with what they speak.
    pub(crate) servers: Vec<(&'a str, Engine)>,
}

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let engine = |name: &str| {
        let given = draft.databases.iter().find(|(known, _)| known.value.as_str() == name);
        given.map_or(Engine::Postgresql, |(_, server)| server.engine)
    };
    let known = Known {
        sites: draft.sites.iter().map(|(name, _)| name.value.as_str()).collect(),
        servers: draft.server_names().into_iter().map(|name| (name, engine(name))).collect(),
    };
    for (_, archive) in &draft.archives {
        one(archive, &known, sink);
    }
}

/// Checks one session.
pub(crate) fn one(draft: &ArchiveDraft, known: &Known<'_>, sink: &Sink) {
    for end in [&draft.from, &draft.to].into_iter().flatten() {
        site(end, known, sink);
    }
    registry(draft, known, sink);
    within(draft, sink);
    hosts(draft, sink);
    cleaning(draft, sink);
}

fn site(end: &At<End>, known: &Known<'_>, sink: &Sink) {
    let name = end.value.site.as_str();
    if known.sites.contains(&name) {
        return;
    }
    let fault = Diagnostic::error(end.span.clone(), format!("there is no [site.{name}]"));
    sink.push(match nearest(name, known.sites.iter().copied()) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => fault.hint("an archive session goes from one site of this file to another"),
    });
}

fn registry(draft: &ArchiveDraft, known: &Known<'_>, sink: &Sink) {
    let Some(At { value: Registry::Server(name), span }) = &draft.registry else { return };
    let found = known.servers.iter().find(|(server, _)| *server == name.as_str());
    match found {
        Some((_, Engine::Postgresql)) => {}
        Some((_, Engine::Mariadb)) => {
            let fault =
                Diagnostic::error(span.clone(), "a registry is on PostgreSQL: workers share it by its locks");
            sink.push(fault.hint("name a server with `engine = \"postgresql\"`, or write \"sqlite\""));
        }
        None => {
            let fault = Diagnostic::error(span.clone(), format!("there is no [database.{name}]"));
            let names = known.servers.iter().map(|(server, _)| *server);
            sink.push(match nearest(name.as_str(), names.clone()) {
                Some(meant) => fault.hint(format!("did you mean `database.{meant}`?")),
                None => fault.hint(format!("there is {}", listed(names))),
            });
        }
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Source and target are one site: a move, which has no originals that could be cleaned.
fn within(draft: &ArchiveDraft, sink: &Sink) {
    let (Some(from), Some(to)) = (&draft.from, &draft.to) else { return };
    if from.value.site != to.value.site {
        return;
    }
    let site: &Name = &to.value.site;
    let moved = || Diagnostic::error(to.span.clone(), "").other(from.span.clone(), "the same site");
    if draft.place.as_ref().is_none_or(|place| place.value == Place::Same) {
        let message = "courses that stay in their site and in their categories are not archived";
        let span = draft.place.as_ref().map_or_else(|| to.span.clone(), |place| place.span.clone());
        let fault = Diagnostic { message: message.to_owned(), span, ..moved() };
        sink.push(fault.hint("name another site, or a `place`: { under = \"/Archives/{year}\" }"));
        return;
    }
    if let Some(source) = draft.source.as_ref().filter(|source| source.value != Fate::Keep) {
        let message = "a course that is moved within its site leaves no original behind";
        let fault = Diagnostic { message: message.to_owned(), span: source.span.clone(), ..moved() };
        sink.push(fault.hint("take `source` out"));
        return;
    }
    let message = format!(
        "`{site}` is source and target: its courses are moved in it, not copied, and take as much room as before"
    );
    sink.push(Diagnostic::warning(to.span.clone(), message).other(from.span.clone(), "the same site"));
}

/// Hosts are for SSH, and SSH needs one.
fn hosts(draft: &ArchiveDraft, sink: &Sink) {
    let ssh = draft.transport.as_ref().filter(|transport| transport.value == Transport::Ssh);
    let ends = [&draft.from, &draft.to];
    let mut hosts = ends.into_iter().flatten().filter(|end| end.value.host.is_some());
    match (ssh, hosts.next()) {
        (Some(ssh), None) if ends.into_iter().flatten().count() == ends.len() => {
            let fault = Diagnostic::error(ssh.span.clone(), "over SSH, one end at least is on another host");
            sink.push(
                fault.hint("write it like to = { site = \"archives\", host = \"archives.example.org\" }"),
            );
        }
        (None, Some(end)) => {
            let fault = Diagnostic::error(end.span.clone(), "an end on another host is reached by SSH");
            sink.push(fault.hint("write `transport = \"ssh\"`, or take `host` out"));
        }
        _ => {}
    }
}

/// What deletes, and what deleting would lose.
fn cleaning(draft: &ArchiveDraft, sink: &Sink) {
    let deletes = draft.source.as_ref().filter(|source| source.value == Fate::Delete);
    if let (Some(days), None) = (&draft.quarantine, deletes) {
        let fault =
            Diagnostic::error(days.span.clone(), "`quarantine_days` is about originals that are deleted");
        sink.push(fault.hint("write `source = \"delete\"`, or take it out"));
    }
    if let (Some(source), Some(left_out)) = (deletes, &draft.left_out) {
        let message = "what the backup leaves out is lost when the originals are deleted";
        sink.push(Diagnostic::warning(left_out.clone(), message).other(source.span.clone(), "deleted here"));
    }
}

/// What a session that is not in the file may name.
pub(crate) fn of_model(fleet: &Fleet) -> Known<'_> {
    Known {
        sites: fleet.sites.keys().map(Name::as_str).collect(),
        servers: fleet.databases.iter().map(|(name, server)| (name.as_str(), server.engine)).collect(),
    }
}
