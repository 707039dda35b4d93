//! Typed getters over a table, that know where everything stands and which keys there are.

use std::collections::BTreeSet;
use std::str::FromStr;

use toml::de::{DeTable, DeValue};

use super::draft::At;
use crate::diagnostic::{Diagnostic, Sink, Span, sounds_secret};
use crate::keys::Table;
use crate::name::Name;
use crate::secret::SecretRef;
use crate::suggest::nearest;

/// One table being read.
pub(super) struct Reader<'a> {
    pub(super) definition: &'static Table,
    table: &'a DeTable<'a>,
    pub(super) span: Span,
    pub(super) sink: &'a Sink,
    asked: BTreeSet<&'static str>,
}

type Value<'a> = (&'a DeValue<'a>, Span);

impl<'a> Reader<'a> {
    pub(super) fn new(
        definition: &'static Table,
        table: &'a DeTable<'a>,
        span: Span,
        sink: &'a Sink,
    ) -> Self {
        Self { definition, table, span, sink, asked: BTreeSet::new() }
    }

    /// The raw value of a key that the definition has.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.insert(key);
        self.table.get(key).map(|value| (value.get_ref(), value.span()))
    }

    /// Where a key stands, for faults of its absence too.
    fn wrong(&self, span: Span, key: &str, wanted: &str, value: &DeValue<'_>) {
        let found = type_of(value);
        self.sink
            .push(Diagnostic::error(span, format!("`{key}` is {wanted}")).label(format!("this is {found}")));
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let (value, span) = self.get(key)?;
        match value {
            DeValue::String(text) => Some(At::new(text.to_string(), span)),
            other => {
                self.wrong(span, key, "a text", other);
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<At<String>> {
        if !self.table.contains_key(key) {
            self.asked.insert(key);
            self.missing(key);
            return None;
        }
        self.text(key)
    }

    /// Says that a key is missing.
    pub(super) fn missing(&self, key: &str) {
        let what = self.definition.what;
        self.sink.push(
            Diagnostic::absence(self.span.clone(), format!("{what} needs `{key}`"))
                .label(format!("`{key}` is missing")),
        );
    }

    /// A text that is read into a type.
    pub(super) fn parsed<T: FromStr>(&self, text: At<String>) -> Option<At<T>>
    where
        T::Err: std::fmt::Display,
    {
        match text.value.parse() {
            Ok(value) => Some(At::new(value, text.span)),
            Err(error) => {
                self.sink.push(Diagnostic::error(text.span, error.to_string()));
                None
            }
        }
    }

    /// Yes or no.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<At<bool>> {
        let (value, span) = self.get(key)?;
        match value {
            DeValue::Boolean(yes) => Some(At::new(*yes, span)),
            other => {
                self.wrong(span, key, "`true` or `false`", other);
                None
            }
        }
    }

    /// A whole number within a range.
    pub(super) fn integer(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<At<u32>> {
        let (value, span) = self.get(key)?;
        let DeValue::Integer(number) = value else {
            self.wrong(span, key, "a whole number", value);
            return None;
        };
        self.within(key, number_of(number), range, span)
    }

    /// An amount of memory or disk, in MiB: `256`, `"256M"` or `"1G"`.
    pub(super) fn size(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<At<u32>> {
        let (value, span) = self.get(key)?;
        let mebibytes = match value {
            // A number that fits nowhere is told as out of range below.
            DeValue::Integer(number) => Some(number_of(number).unwrap_or(u32::MAX)),
            DeValue::String(text) => size_of(text),
            other => {
                self.wrong(span, key, "a size, such as \"256M\"", other);
                return None;
            }
        };
        if mebibytes.is_none() {
            self.sink.push(Diagnostic::error(span, format!("`{key}` is a size, such as \"256M\" or \"1G\"")));
            return None;
        }
        self.within(key, mebibytes, range, span)
    }

    /// A time within a range of seconds: `"90s"`, `"10m"`, `"2h"`, `"1d"`.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<std::time::Duration> {
        let (value, span) = self.get(key)?;
        let DeValue::String(text) = value else {
            self.wrong(span, key, "a time, such as \"10m\"", value);
            return None;
        };
        let Some(seconds) = duration_of(text) else {
            let message = format!("`{key}` is a time, such as \"90s\", \"10m\", \"2h\" or \"1d\"");
            self.sink.push(Diagnostic::error(span, message));
            return None;
        };
        if range.contains(&seconds) {
            return Some(std::time::Duration::from_secs(u64::from(seconds)));
        }
        let message = format!("`{key}` lies between {} s and {} s", range.start(), range.end());
        self.sink.push(Diagnostic::error(span, message));
        None
    }

    fn within(
        &self,
        key: &str,
        number: Option<u32>,
        range: std::ops::RangeInclusive<u32>,
        span: Span,
    ) -> Option<At<u32>> {
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(At::new(number, span));
        }
        let message = format!("`{key}` lies between {} and {}", range.start(), range.end());
        self.sink.push(Diagnostic::error(span, message));
        None
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<At<String>> {
        let Some((value, span)) = self.get(key) else { return Vec::new() };
        let DeValue::Array(array) = value else {
            self.wrong(span, key, "a list of texts", value);
            return Vec::new();
        };
        let each = array.iter().filter_map(|one| match one.get_ref() {
            DeValue::String(text) => Some(At::new(text.to_string(), one.span())),
            other => {
                self.wrong(one.span(), key, "a list of texts", other);
                None
            }
        });
        each.collect()
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &'static str, definition: &'static Table) -> Option<Reader<'a>> {
        let sink = self.sink;
        if definition.header == "[fleet]" && !self.table.contains_key(key) {
            sink.push(Diagnostic::absence(0..0, "the fleet file needs `[fleet]` with a `name`"));
        }
        let header = self.header_of(key);
        let (value, span) = self.get(key)?;
        match value {
            DeValue::Table(table) => Some(Reader::new(definition, table, header.unwrap_or(span), sink)),
            other => {
                if definition.holds_secrets() {
                    self.sink.mask(span.clone());
                }
                self.wrong(span, key, "a table", other);
                None
            }
        }
    }

    /// Where the key itself stands.
    fn header_of(&self, key: &str) -> Option<Span> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// Tables below this one by name, each read by a function.
    pub(super) fn named<T>(
        &mut self,
        key: &'static str,
        definition: &'static Table,
        read: impl Fn(Reader<'a>) -> T,
    ) -> Vec<(At<Name>, T)> {
        let Some((value, span)) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value else {
            self.wrong(span, key, &format!("tables by name, {}", definition.header), value);
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in table {
            let span = name.span();
            let parsed = self.parsed::<Name>(At::new(name.get_ref().to_string(), span.clone()));
            let DeValue::Table(inner) = value.get_ref() else {
                if sounds_secret(name.get_ref()) {
                    self.sink.mask(value.span());
                }
                self.wrong(
                    value.span(),
                    name.get_ref(),
                    &format!("a table, {}", definition.header),
                    value.get_ref(),
                );
                continue;
            };
            let read = read(Reader::new(definition, inner, span, self.sink));
            // A site whose name is wrong is still compared with the others: its faults come at once with all others.
            let parsed = parsed.or_else(|| {
                let stand_in = format!("unnamed-{}", name.span().start).parse().ok()?;
                (definition.header == "[site.NAME]").then(|| At::new(stand_in, name.span()))
            });
            all.extend(parsed.map(|name| (name, read)));
        }
        // The parser sorts by name; "first" and "again" are meant in the order of the file.
        all.sort_by_key(|(name, _): &(At<Name>, T)| name.span.start);
        all
    }

    /// All entries of a table whose keys are not known beforehand.
    pub(super) fn entries(&mut self, key: &'static str) -> Vec<(At<String>, Value<'a>)> {
        let Some((value, span)) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value else {
            self.wrong(span, key, "a table", value);
            return Vec::new();
        };
        table
            .iter()
            .map(|(key, value)| {
                (At::new(key.get_ref().to_string(), key.span()), (value.get_ref(), value.span()))
            })
            .collect()
    }

    /// A list of tables; `None` where there is no list.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
        definition: &'static Table,
    ) -> Option<Vec<Reader<'a>>> {
        let (value, span) = self.get(key)?;
        let DeValue::Array(array) = value else {
            self.wrong(span, key, "a list of tables", value);
            return None;
        };
        let sink = self.sink;
        let each = array.iter().filter_map(|one| match one.get_ref() {
            DeValue::Table(table) => Some(Reader::new(definition, table, one.span(), sink)),
            other => {
                self.wrong(one.span(), key, "a list of tables", other);
                None
            }
        });
        Some(each.collect())
    }

    /// Texts by a name that is not known beforehand; `what` says what one is.
    pub(super) fn texts_by_name(&mut self, key: &'static str, what: &str) -> Vec<(At<String>, At<String>)> {
        let entries = self.entries(key).into_iter();
        let each = entries.filter_map(|(name, (value, span))| match value {
            DeValue::String(text) => Some((name, At::new(text.to_string(), span))),
            other => {
                self.wrong(span, &name.value, what, other);
                None
            }
        });
        each.collect()
    }

    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// A reference to a secret. A text in its place is never shown.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<At<SecretRef>> {
        super::secret::read(self, key)
    }

    /// Says which keys nobody asked for.
    pub(super) fn finish(self) {
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(name) {
                if self.definition.holds_secrets() || sounds_secret(name) {
                    mask(self.sink, value.get_ref(), value.span());
                }
                self.unknown(name, key.span());
            }
        }
    }

    fn unknown(&self, name: &str, span: Span) {
        let Table { what, later, keys, .. } = self.definition;
        if later.contains(&name) {
            let fault = Diagnostic::error(span, format!("`{name}` is not supported by this version yet"));
            self.sink.push(fault.hint("take it out; a later version of Provost will know it"));
            return;
        }
        let fault =
            Diagnostic::error(span, format!("unknown key `{name}`")).label(format!("not a key of {what}"));
        let known = keys.iter().map(|key| key.name);
        self.sink.push(match nearest(name, known.clone()) {
            Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
            None => fault.hint(format!(
                "{what} has {}",
                known.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            )),
        });
    }
}

/// Keeps a value out of what is shown. A table written with dotted keys has the place of its key, so its values are taken.
fn mask(sink: &Sink, value: &DeValue<'_>, span: Span) {
    match value {
        DeValue::Table(table) => {
            for (_, below) in table {
                mask(sink, below.get_ref(), below.span());
            }
        }
        _ => sink.mask(span),
    }
}

fn number_of(number: &toml::de::DeInteger<'_>) -> Option<u32> {
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

fn size_of(text: &str) -> Option<u32> {
    let (digits, factor) = match text.strip_suffix(['M', 'm']) {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix(['G', 'g'])?, 1024),
    };
    digits.parse::<u32>().ok()?.checked_mul(factor)
}

/// Seconds of a time; `None` for what is no time.
pub(super) fn duration_of(text: &str) -> Option<u32> {
    let unit = text.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u32>().ok().filter(|_| plain)?.checked_mul(factor)
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
