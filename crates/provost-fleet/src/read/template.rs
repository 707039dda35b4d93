//! `[template.NAME]`: what it has in common with a site, and its content.

use super::TemplateDraft;
use super::location;
use super::site::{common, url};
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::model::Template;

pub(super) fn read(mut reader: Reader<'_>) -> TemplateDraft {
    let header = reader.span.clone();
    let url = reader.text("url").and_then(|text| url(&reader, text));
    let courses = reader.texts("courses").into_iter().filter_map(|text| {
        if text.value.ends_with(".mbz") {
            return location::path(reader.sink, "courses", text);
        }
        let fault = Diagnostic::error(text.span, format!("`{}` is not the path of an .mbz file", text.value));
        reader.sink.push(fault.hint("a backup that Moodle made of a course ends in `.mbz`"));
        None
    });
    let courses = courses.collect();
    let spares = reader.integer("spares", 0..=Template::MOST_SPARES);
    let site = common(&mut reader, header);
    reader.finish();
    TemplateDraft { site: super::SiteDraft { url, ..site }, courses, spares }
}
