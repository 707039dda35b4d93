//! Windows and their exceptions.

use std::str::FromStr;

use super::super::At;
use super::super::value::Reader;
use crate::archive::{Days, Exception, Span, TimesError};
use crate::diagnostic::Diagnostic;

/// `window`, or `windows`; with `days` or exceptions alone the windows are whole days.
pub(super) fn windows(reader: &mut Reader<'_>) -> Vec<Span> {
    let one = reader.text("window");
    let has_many = reader.get("windows").map(|(_, span)| span);
    let many = reader.texts("windows");
    let days = reader.text("days").and_then(|text| reader.parsed::<Days>(text));
    if let (Some(one), Some(many)) = (&one, &has_many) {
        let fault = Diagnostic::error(many.clone(), "a session has `window` or `windows`, not both");
        reader
            .sink
            .push(fault.other(one.span.clone(), "one window here").hint("put all of them into `windows`"));
    }
    let given: Vec<At<String>> = one.into_iter().chain(many).collect();
    let none = given.is_empty();
    let mut spans: Vec<At<Span>> = Vec::new();
    for text in given {
        let has_days = text.value.trim().contains(' ');
        let Some(mut span) = read::<Span>(reader, text) else { continue };
        if let Some(days) = days.as_ref().filter(|_| !has_days) {
            span.value.days = days.value;
        }
        if let Some(before) = spans.iter().find(|before| before.value == span.value) {
            let fault = Diagnostic::error(span.span, "this window stands here twice");
            reader.sink.push(fault.other(before.span.clone(), "first here"));
            continue;
        }
        spans.push(span);
    }
    if none && (days.is_some() || reader.get("exceptions").is_some()) {
        let days = days.map_or(Days::ALL, |days| days.value);
        return vec![Span { days, begins: 0, ends: Span::DAY }];
    }
    spans.into_iter().map(|span| span.value).collect()
}

/// Days on which no window begins.
pub(super) fn exceptions(reader: &mut Reader<'_>) -> Vec<Exception> {
    let texts = reader.texts("exceptions");
    texts.into_iter().filter_map(|text| read(reader, text)).map(|one| one.value).collect()
}

fn read<T: FromStr<Err = TimesError>>(reader: &Reader<'_>, text: At<String>) -> Option<At<T>> {
    match text.value.parse() {
        Ok(value) => Some(At::new(value, text.span)),
        Err(error) => {
            let fault = Diagnostic::error(text.span, error.to_string());
            reader.sink.push(match error {
                TimesError::Clock(_) => fault.hint("a window is \"HH:MM-HH:MM\"; the day ends at 24:00"),
                TimesError::Day(_) => fault.hint("write it like \"mon-fri 22:00-05:30\""),
                TimesError::Backwards(_) => fault.hint("write the earlier day first"),
                TimesError::Window(_) | TimesError::Exception(_) => fault,
            });
            None
        }
    }
}
