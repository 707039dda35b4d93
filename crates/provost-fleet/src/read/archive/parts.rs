//! Ends, backup, users, restore and notices.

use toml::de::DeValue;

use super::super::At;
use super::super::location;
use super::super::site::is_email;
use super::super::value::Reader;
use super::texts::choice;
use crate::archive::{
    Backup, Clash, End, Notify, Restore, SshHost, Taken, Unmatched, UserKey, Users, Webhook,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::keys::archive as keys;
use crate::name::Name;
use crate::reference::{absolute, holds_password};

/// A site's name, or a table that says where its files lie besides. The place is that of the name.
pub(super) fn end(reader: &mut Reader<'_>, key: &'static str) -> Option<At<End>> {
    match reader.get(key) {
        None => {
            reader.missing(key);
            None
        }
        Some((DeValue::Table(_), _)) => elsewhere(reader.table(key, &keys::END)?),
        Some(_) => {
            let text = reader.text(key)?;
            let name = reader.parsed::<Name>(text)?;
            Some(At::new(End { site: name.value, host: None }, name.span))
        }
    }
}

fn elsewhere(mut reader: Reader<'_>) -> Option<At<End>> {
    let site = reader.required("site").and_then(|text| reader.parsed::<Name>(text));
    let host = reader.required("host").filter(|text| is_word(&reader, "host", text));
    let user = reader.text("user").filter(|text| is_word(&reader, "user", text));
    let port = reader.integer("port", 1..=65535);
    let directory = reader.text("directory").and_then(|text| absolute(reader.sink, "directory", text));
    reader.finish();
    let site = site?;
    let host = SshHost {
        host: host?.value,
        user: user.map(|user| user.value),
        port: port.and_then(|port| u16::try_from(port.value).ok()),
        directory: directory.map(|directory| directory.value),
    };
    Some(At::new(End { site: site.value, host: Some(host) }, site.span))
}

/// What ssh gets as one argument: a word that begins with `-` it would take for an option.
fn is_word(reader: &Reader<'_>, key: &str, text: &At<String>) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/');
    let fits = !text.value.is_empty() && !text.value.starts_with('-') && !text.value.contains(odd);
    if !fits {
        let message = format!("`{key}` is a word without blanks, `@` and `/`, and does not begin with `-`");
        let fault = Diagnostic::error(text.span.clone(), message);
        reader.sink.push(match text.value.contains('@') {
            true => fault.hint("write the account as `user`"),
            false => fault,
        });
    }
    fits
}

pub(super) fn backup(mut reader: Reader<'_>) -> At<Backup> {
    let span = reader.span.clone();
    let all = Backup::default();
    let mut on = |key: &'static str, default: bool| reader.boolean(key).map_or(default, |on| on.value);
    let backup = Backup {
        users: on("users", all.users),
        anonymize: on("anonymize", all.anonymize),
        role_assignments: on("role_assignments", all.role_assignments),
        logs: on("logs", all.logs),
        grade_histories: on("grade_histories", all.grade_histories),
        completion: on("completion", all.completion),
        blocks: on("blocks", all.blocks),
        filters: on("filters", all.filters),
        comments: on("comments", all.comments),
        badges: on("badges", all.badges),
        calendar: on("calendar", all.calendar),
        groups: on("groups", all.groups),
        competencies: on("competencies", all.competencies),
        content_bank: on("content_bank", all.content_bank),
        xapi_state: on("xapi_state", all.xapi_state),
        legacy_files: on("legacy_files", all.legacy_files),
    };
    if backup.anonymize
        && !backup.users
        && let Some((_, place)) = reader.get("anonymize")
    {
        let fault = Diagnostic::error(place, "a backup without users has nobody to make unrecognisable");
        reader.sink.push(fault.hint("take `anonymize` or `users = false` out"));
    }
    reader.finish();
    At::new(backup, span)
}

/// The place of a backup that does not have everything.
pub(super) fn what_is_left_out(backup: &At<Backup>) -> Option<Span> {
    (backup.value != Backup::default()).then(|| backup.span.clone())
}

pub(super) fn users(mut reader: Reader<'_>) -> Users {
    let users = Users {
        key: choice(&mut reader, "match", &UserKey::ALL).map(|key| key.value).unwrap_or_default(),
        table: reader.text("table").and_then(|text| location::path(reader.sink, "table", text)),
        unmatched: choice(&mut reader, "unmatched", &Unmatched::ALL)
            .map(|unmatched| unmatched.value)
            .unwrap_or_default(),
        taken: choice(&mut reader, "taken", &Taken::ALL).map(|taken| taken.value).unwrap_or_default(),
        admin: choice(&mut reader, "admin", &Taken::ALL).map(|taken| taken.value),
        deleted: reader.boolean("deleted").is_some_and(|deleted| deleted.value),
    };
    reader.finish();
    users
}

pub(super) fn restore(mut reader: Reader<'_>) -> Restore {
    let clash = choice(&mut reader, "clash", &Clash::ALL).map(|clash| clash.value).unwrap_or_default();
    let roles = reader.texts_by_name("roles", "the short name of a role");
    reader.finish();
    Restore { clash, roles: roles.into_iter().map(|(from, to)| (from.value, to.value)).collect() }
}

pub(super) fn notify(mut reader: Reader<'_>) -> Notify {
    let mail = reader.texts("mail").into_iter().filter(|text| {
        let fits = is_email(&text.value);
        if !fits {
            let message = format!("`{}` is not an email address", text.value);
            reader.sink.push(Diagnostic::error(text.span.clone(), message));
        }
        fits
    });
    let mail = mail.map(|text| text.value).collect();
    let webhook = webhook(&mut reader);
    reader.finish();
    Notify { mail, webhook }
}

fn webhook(reader: &mut Reader<'_>) -> Option<Webhook> {
    let Some((DeValue::String(url), span)) = reader.get("webhook") else {
        return reader.secret("webhook").map(|secret| Webhook::Secret(secret.value));
    };
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if holds_password(url) {
        reader.sink.mask(span.clone());
        let message = "`webhook` holds a password or token, which would be shown and kept";
        let fault = Diagnostic::error(span, message);
        reader.sink.push(fault.hint("write { env = \"VARIABLE\" } or { file = \"path\" } for the whole URL"));
        return None;
    }
    if host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && plain {
        return Some(Webhook::Url(url.to_string()));
    }
    let fault = Diagnostic::error(span, "`webhook` is a URL of http or https");
    reader.sink.push(fault.hint("write it like \"https://ops.example.org/hook\""));
    None
}
