//! `[archive.NAME]`.

mod after;
mod parts;
mod selection;
mod texts;
mod times;

use jiff::tz::TimeZoneDatabase;
use toml::de::DeValue;

use super::At;
use super::draft::ArchiveDraft;
use super::value::Reader;
use crate::archive::{Accept, Archive, Backup, End, Fate, Overrun, Place, Registry, Transport};
use crate::diagnostic::Diagnostic;
use crate::keys::archive as keys;
use crate::name::Name;
use texts::{choice, path_of_categories};

pub(super) fn read(mut reader: Reader<'_>) -> ArchiveDraft {
    let from = parts::end(&mut reader, "from");
    let to = parts::end(&mut reader, "to");
    let select = selected(&mut reader);
    let exclude = selection::read(&mut reader, "exclude").unwrap_or_default();
    let place = place(&mut reader);
    let backup = reader.table("backup", &keys::BACKUP).map(parts::backup);
    let users = reader.table("users", &keys::USERS).map(parts::users);
    let restore = reader.table("restore", &keys::RESTORE).map(parts::restore);
    let after = reader.table("after", &keys::AFTER).map(after::read);
    let source = choice(&mut reader, "source", &Fate::ALL);
    let quarantine = reader.integer("quarantine_days", 0..=MOST_QUARANTINE);
    let windows = times::windows(&mut reader);
    let exceptions = times::exceptions(&mut reader);
    let timezone = timezone(&mut reader);
    let overrun = choice(&mut reader, "overrun", &Overrun::ALL);
    let workers = reader.integer("workers", 1..=Archive::MOST_WORKERS);
    let transport = transport(&mut reader);
    let registry = registry(&mut reader);
    let accept = reader.texts("accept").into_iter().filter_map(|text| accept(&reader, &text)).collect();
    let notify = reader.table("notify", &keys::NOTIFY).map(parts::notify).unwrap_or_default();
    let draft = ArchiveDraft {
        place,
        source,
        quarantine,
        transport,
        registry,
        left_out: backup.as_ref().and_then(parts::what_is_left_out),
        from,
        to,
        archive: None,
    };
    reader.finish();
    let archive = draft.ends().zip(select).map(|((from, to), select)| Archive {
        from,
        to,
        select,
        exclude,
        place: draft.place.as_ref().map_or(Place::Same, |place| place.value.clone()),
        backup: backup.map_or_else(Backup::default, |backup| backup.value),
        users: users.unwrap_or_default(),
        restore: restore.unwrap_or_default(),
        after: after.unwrap_or_default(),
        source: draft.source.as_ref().map(|source| source.value).unwrap_or_default(),
        quarantine_days: draft.quarantine.as_ref().map_or(Archive::QUARANTINE, |days| days.value),
        windows,
        timezone: timezone.unwrap_or_else(|| Archive::TIMEZONE.to_owned()),
        exceptions,
        overrun: overrun.map(|overrun| overrun.value).unwrap_or_default(),
        workers: workers.map_or(Archive::WORKERS, |workers| workers.value),
        transport: draft.transport.as_ref().map(|transport| transport.value).unwrap_or_default(),
        registry: draft.registry.as_ref().map(|registry| registry.value.clone()).unwrap_or_default(),
        accept,
        notify,
    });
    ArchiveDraft { archive, ..draft }
}

/// Ten years: longer is not a quarantine, and `source = "hide"` says so.
const MOST_QUARANTINE: u32 = 3660;

/// What a session takes; one that takes nothing is a slip of the pen.
fn selected(reader: &mut Reader<'_>) -> Option<Vec<crate::archive::Selection>> {
    let Some((value, span)) = reader.get("select") else {
        reader.missing("select");
        return None;
    };
    let selections = selection::read(reader, "select")?;
    if matches!(value, DeValue::Array(list) if list.is_empty()) {
        let fault = Diagnostic::error(span, "`select` takes no course");
        reader.sink.push(fault.hint("write it like select = [{ category = \"/Sessions/{year-1}\" }]"));
    }
    Some(selections)
}

/// How a place is written.
const HOW: &str = "write \"same\", { under = \"/Archives\" } or { rewrite = \"/Archives/{year}/{path}\" }";

fn place(reader: &mut Reader<'_>) -> Option<At<Place>> {
    let (value, span) = reader.get("place")?;
    if let DeValue::String(text) = value {
        if text.as_ref() == "same" {
            return Some(At::new(Place::Same, span));
        }
        let fault = Diagnostic::error(span, format!("`{text}` is not a place"));
        reader.sink.push(fault.hint(HOW));
        return None;
    }
    let mut place = reader.table("place", &keys::PLACE)?;
    let under = place.text("under");
    let rewrite = place.text("rewrite");
    let found = match (under, rewrite) {
        (Some(under), None) => path_of_categories(&place, under, &[]).map(Place::Under),
        (None, Some(rule)) => {
            path_of_categories(&place, rule, &["path", "below", "category"]).map(Place::Rewrite)
        }
        // What was no text was told.
        _ if place.get("under").is_some() != place.get("rewrite").is_some() => None,
        _ => {
            let fault = Diagnostic::error(span.clone(), "a place has exactly one of `under` and `rewrite`");
            place.sink.push(fault.hint(HOW));
            None
        }
    };
    place.finish();
    found.map(|place| At::new(place, span))
}

fn timezone(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text("timezone")?;
    let zones = TimeZoneDatabase::bundled();
    if zones.get(&text.value).is_ok() {
        return Some(text.value);
    }
    let fault = Diagnostic::error(text.span, format!("`{}` is not a time zone", text.value));
    let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    reader.sink.push(match crate::suggest::nearest(&text.value, names.iter().map(String::as_str)) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => fault.hint("write it like \"Europe/Paris\""),
    });
    None
}

fn transport(reader: &mut Reader<'_>) -> Option<At<Transport>> {
    if let Some((DeValue::String(text), span)) = reader.get("transport")
        && text.eq_ignore_ascii_case("mnet")
    {
        let message = "courses are not moved over MNet: Moodle has deprecated it";
        reader.sink.push(Diagnostic::error(span, message).hint("write \"shared\", \"ssh\" or \"full\""));
        return None;
    }
    choice(reader, "transport", &Transport::ALL)
}

fn registry(reader: &mut Reader<'_>) -> Option<At<Registry>> {
    let text = reader.text("registry")?;
    if text.value == "sqlite" {
        return Some(At::new(Registry::Sqlite, text.span));
    }
    if let Some(name) = text.value.strip_prefix("database.").and_then(|name| name.parse::<Name>().ok()) {
        return Some(At::new(Registry::Server(name), text.span));
    }
    let fault = Diagnostic::error(text.span, format!("`{}` is not a registry", text.value));
    reader.sink.push(fault.hint("write \"sqlite\", or \"database.NAME\" for a PostgreSQL of this file"));
    None
}

fn accept(reader: &Reader<'_>, text: &At<String>) -> Option<Accept> {
    let found = Accept::of(&text.value);
    if found.is_none() {
        let message = format!("`{}` is not the name of a problem or a difference", text.value);
        let fault = Diagnostic::error(text.span.clone(), message);
        reader.sink.push(fault.hint("write it as `provost archive plan` does: \"plugin:mod_x\""));
    }
    found
}

impl ArchiveDraft {
    /// Both ends, where both were given.
    fn ends(&self) -> Option<(End, End)> {
        let value = |end: &Option<At<End>>| end.as_ref().map(|end| end.value.clone());
        value(&self.from).zip(value(&self.to))
    }
}
