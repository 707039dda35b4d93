//! From the parsed document to drafts: each table by one function, each value with its place, every fault into the sink.

mod archive;
mod codebase;
mod cron;
mod database;
mod draft;
mod fleet;
mod location;
mod profile;
mod redis;
mod secret;
mod setting;
mod settings;
mod site;
mod template;
mod value;
mod web;

pub(crate) use draft::{ArchiveDraft, At, Draft, SiteDraft, TemplateDraft};
pub(crate) use setting::SettingDraft;

use toml::Spanned;
use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, Sink};
use crate::keys;
use value::Reader;

/// Reads a whole document.
pub(crate) fn document(text: &str, sink: &Sink) -> Draft {
    let root = parsed(text, sink);
    let mut root = Reader::new(&keys::ROOT, root.get_ref(), 0..0, sink);
    let fleet = root.table("fleet", &keys::FLEET).map(fleet::read);
    let web = root.table("web", &keys::WEB).map(web::read).unwrap_or_default();
    let cron = root.table("cron", &keys::CRON).map(cron::read).unwrap_or_default();
    let databases = root.named("database", &keys::DATABASE, database::read);
    let redis = root.named("redis", &keys::REDIS, redis::read);
    let codebases = root.named("codebase", &keys::CODEBASE, codebase::read);
    let profiles = root.named("profile", &keys::PROFILE, profile::read);
    let templates = root.named("template", &keys::TEMPLATE, template::read);
    let sites = root.named("site", &keys::SITE, site::read);
    let archives = root.named("archive", &keys::archive::ARCHIVE, archive::read);
    root.finish();
    let fleet = fleet.unwrap_or_default();
    Draft { fleet, web, cron, databases, redis, codebases, profiles, templates, sites, archives }
}

/// Reads the keys of one archive session, without a header.
pub(crate) fn archive_alone(text: &str, sink: &Sink) -> ArchiveDraft {
    let root = parsed(text, sink);
    archive::read(Reader::new(&keys::archive::ARCHIVE, root.get_ref(), 0..0, sink))
}

fn parsed<'t>(text: &'t str, sink: &Sink) -> Spanned<DeTable<'t>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let mut message = error.message().trim().lines();
        let first = message.next().unwrap_or("not TOML").to_owned();
        let fault = Diagnostic::syntax(span, first);
        sink.push(message.fold(fault, Diagnostic::hint));
    }
    root
}
