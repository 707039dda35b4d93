//! What is done to copies.

use super::super::location;
use super::super::value::Reader;
use super::texts::{choice, sliding, sliding_of};
use crate::archive::{After, Enrolments, Rename, Sliding};
use crate::diagnostic::Diagnostic;
use crate::keys::archive as keys;

/// What names and notices may have in them.
const OF_COURSE: [&str; 4] = ["shortname", "fullname", "idnumber", "category"];

pub(super) fn read(mut reader: Reader<'_>) -> After {
    let tags = reader.texts("tags");
    let tags = tags.into_iter().filter_map(|tag| sliding(&reader, tag, &[])).map(|tag| tag.value).collect();
    let script = reader.text("script").and_then(|text| {
        let named = text.value.ends_with(".php");
        if !named {
            let fault = Diagnostic::error(text.span.clone(), format!("`{}` is not a PHP file", text.value));
            reader.sink.push(fault.hint("name a file that ends in `.php`"));
        }
        location::path(reader.sink, "script", text).filter(|_| named)
    });
    let after = After {
        hide: reader.boolean("hide").is_some_and(|hide| hide.value),
        freeze: reader.boolean("freeze").is_some_and(|freeze| freeze.value),
        enrolments: choice(&mut reader, "enrolments", &Enrolments::ALL)
            .map(|kept| kept.value)
            .unwrap_or_default(),
        rename: reader.table("rename", &keys::RENAME).map(rename).unwrap_or_default(),
        tags,
        notice: sliding_of(&mut reader, "notice", &OF_COURSE),
        script,
    };
    reader.finish();
    after
}

fn rename(mut reader: Reader<'_>) -> Rename {
    let fullname = sliding_of(&mut reader, "fullname", &OF_COURSE);
    let shortname = distinct(&mut reader, "shortname");
    let idnumber = distinct(&mut reader, "idnumber");
    for (key, name) in [("fullname", &fullname), ("shortname", &shortname)] {
        if name.as_ref().is_some_and(|name| name.as_str().trim().is_empty())
            && let Some((_, span)) = reader.get(key)
        {
            reader.sink.push(Diagnostic::error(span, format!("`{key}` cannot be empty")));
        }
    }
    reader.finish();
    Rename { fullname, shortname, idnumber }
}

/// A name that no two courses may share.
fn distinct(reader: &mut Reader<'_>, key: &'static str) -> Option<Sliding> {
    let name = sliding_of(reader, key, &OF_COURSE)?;
    let own = name.names().any(|name| matches!(name, "shortname" | "idnumber"));
    if !own && !name.as_str().trim().is_empty() {
        let (_, span) = reader.get(key)?;
        let fault = Diagnostic::error(span, format!("every copy would have the same `{key}`"));
        reader.sink.push(fault.hint("put `{shortname}` into it"));
        return None;
    }
    Some(name)
}
