//! `select` and `exclude`.

use std::time::Duration;

use jiff::civil::Date;

use super::super::location;
use super::super::value::{Reader, duration_of};
use super::texts::{path_of_categories, sliding, sliding_of};
use crate::archive::{Age, Filters, Root, Selection, Sliding};
use crate::diagnostic::Diagnostic;
use crate::keys::archive as keys;

/// The tables of a key; `None` where there is no list.
pub(super) fn read(above: &mut Reader<'_>, key: &'static str) -> Option<Vec<Selection>> {
    Some(above.tables(key, &keys::SELECTION)?.into_iter().filter_map(one).collect())
}

fn one(mut reader: Reader<'_>) -> Option<Selection> {
    let span = reader.span.clone();
    let empty = reader.is_empty();
    let root = root(&mut reader);
    let filters = filters(&mut reader);
    let sink = reader.sink;
    reader.finish();
    if empty {
        let fault = Diagnostic::error(span, "a selection says which courses it takes");
        sink.push(fault.hint("write { category = \"/\" } for all courses of the site"));
        return None;
    }
    Some(Selection { root: root?, filters })
}

fn root(reader: &mut Reader<'_>) -> Option<Root> {
    let category = reader.text("category");
    let below = reader.boolean("below");
    let courses = reader.text("courses");
    if let (Some(below), None) = (&below, &category) {
        let fault = Diagnostic::error(below.span.clone(), "`below` is about a `category`");
        reader.sink.push(fault.hint("take it out, or name a category"));
    }
    match (category, courses) {
        (Some(category), Some(courses)) => {
            let fault = Diagnostic::error(courses.span, "a selection has `category` or `courses`, not both");
            let fault = fault.other(category.span, "the category");
            reader.sink.push(fault.hint("write two tables; or use the list in `exclude`"));
            None
        }
        (Some(category), None) => {
            let below = below.is_none_or(|below| below.value);
            path_of_categories(reader, category, &[]).map(|path| Root::Category { path, below })
        }
        (None, Some(courses)) => location::path(reader.sink, "courses", courses).map(Root::List),
        // What was no text was told.
        (None, None) => {
            let wrong = reader.get("category").is_some() || reader.get("courses").is_some();
            (!wrong).then_some(Root::Site)
        }
    }
}

/// A terabyte: no course has more.
const MOST_MIB: u32 = 1024 * 1024;

fn filters(reader: &mut Reader<'_>) -> Filters {
    let tags = reader.texts("tags");
    let tags = tags.into_iter().filter_map(|tag| sliding(reader, tag, &[])).map(|tag| tag.value).collect();
    let mut filters = Filters {
        shortname: sliding_of(reader, "shortname", &[]),
        fullname: sliding_of(reader, "fullname", &[]),
        idnumber: sliding_of(reader, "idnumber", &[]),
        started_before: age(reader, "started_before"),
        ended_before: age(reader, "ended_before"),
        unused_since: age(reader, "unused_since"),
        tags,
        visible: reader.boolean("visible").map(|visible| visible.value),
        format: reader.text("format").map(|format| format.value),
        enrolments_ended: reader.boolean("enrolments_ended").map(|ended| ended.value),
        ..Filters::default()
    };
    for (field, value) in reader.texts_by_name("customfields", "the pattern of a custom field's value") {
        let pattern = sliding(reader, value, &[]);
        filters.customfields.extend(pattern.map(|pattern| (field.value, pattern.value)));
    }
    let least = reader.size("at_least", 0..=MOST_MIB);
    let most = reader.size("at_most", 0..=MOST_MIB);
    if let (Some(least), Some(most)) = (&least, &most)
        && least.value > most.value
    {
        let fault = Diagnostic::error(most.span.clone(), "`at_most` is less than `at_least`");
        reader.sink.push(fault.other(least.span.clone(), "at least this"));
    }
    filters.at_least_mib = least.map(|size| size.value);
    filters.at_most_mib = most.map(|size| size.value);
    filters
}

/// A day (`2024-08-31`, `{year-1}-08-31`) or an age (`365d`).
fn age(reader: &mut Reader<'_>, key: &'static str) -> Option<Age> {
    let text = reader.text(key)?;
    if let Some(seconds) = duration_of(&text.value) {
        return Some(Age::Ago(Duration::from_secs(u64::from(seconds))));
    }
    let date = sliding(reader, text, &[])?;
    if is_date(&date.value) {
        return Some(Age::Date(date.value));
    }
    let fault = Diagnostic::error(date.span, format!("`{key}` is a day or an age"));
    reader.sink.push(fault.hint("write it like \"2024-08-31\", \"{year-1}-08-31\" or \"365d\""));
    None
}

/// Whether a text is a date, of a common year as well as of a leap year: it must be one whenever a session starts.
fn is_date(text: &Sliding) -> bool {
    let dated = |year: i16| -> bool {
        let filled = text.filled(year, |_| None).unwrap_or_default();
        filled.len() == 10 && filled.parse::<Date>().is_ok()
    };
    if text.slides() { (2023..=2026).all(dated) } else { dated(2024) }
}
