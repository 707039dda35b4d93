//! Settings: a value, a table with a value and a policy, a secret, or `{ absent = true }`.

use toml::de::{DeTable, DeValue};

use super::At;
use super::secret;
use super::value::Reader;
use crate::diagnostic::{Diagnostic, Span};
use crate::keys::{SECRET, SETTING};
use crate::setting::{Policy, SettingKey, SettingKeyError, Wish, is_secret as sounds_secret};
use crate::suggest::nearest;

/// One line of a table of settings.
pub(crate) type SettingDraft = (At<SettingKey>, Wish, Policy);

/// Reads all of a table's `settings`.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<SettingDraft> {
    let mut all = Vec::new();
    for (name, (value, span)) in reader.entries("settings") {
        let hidden = sounds_secret(&name.value);
        if hidden {
            mask(reader, value, span.clone());
        }
        let key = key(reader, name);
        let read = setting(reader, value, span.clone());
        if let (Some(key), Some((wish, policy))) = (key, read) {
            let why = (policy == Policy::Forced).then(|| key.value.not_forced()).flatten();
            if let Some(why) = why {
                let message = format!("`{}` cannot be \"forced\": {why}", key.value);
                reader.sink.push(Diagnostic::error(key.span.clone(), message));
            }
            if hidden && matches!(&wish, Wish::Value(text) if !text.is_empty()) {
                in_plain(reader, &key, policy, span);
            }
            all.push((key, wish, policy));
        }
    }
    all
}

/// What may be a secret is never shown, in whatever form it stands there.
fn mask(reader: &Reader<'_>, value: &DeValue<'_>, span: Span) {
    match value {
        DeValue::Table(table) => {
            if let Some(value) =
                table.get("value").filter(|value| !matches!(value.get_ref(), DeValue::Table(_)))
            {
                reader.sink.mask(value.span());
            }
        }
        _ => reader.sink.mask(span),
    }
}

/// A text in the place of a secret: its name says what it may be, and nobody can be sure.
fn in_plain(reader: &Reader<'_>, key: &At<SettingKey>, policy: Policy, span: Span) {
    let name = &key.value;
    let fault = match policy {
        Policy::Forced => Diagnostic::error(
            key.span.clone(),
            format!(
                "`{name}` may be a secret, and cannot be \"forced\": Moodle shows what its configuration file forces"
            ),
        ),
        Policy::Kept | Policy::Seeded => {
            Diagnostic::warning(span, format!("`{name}` may be a secret, and stands here for all to read"))
        }
    };
    reader.sink.push(fault.hint("write { file = \"secrets/…\" }, { env = \"…\" } or { command = [\"…\"] }"));
}

fn key(reader: &Reader<'_>, name: At<String>) -> Option<At<SettingKey>> {
    match name.value.parse::<SettingKey>() {
        Ok(key) => Some(At::new(key, name.span)),
        Err(error) => {
            let fault = Diagnostic::error(name.span, format!("`{}`: {error}", name.value));
            reader.sink.push(match error {
                SettingKeyError::Whole => {
                    fault.hint(format!("write \"core/{}\", with the quotes", name.value))
                }
                _ => fault,
            });
            None
        }
    }
}

fn setting(reader: &Reader<'_>, value: &DeValue<'_>, span: Span) -> Option<(Wish, Policy)> {
    match value {
        DeValue::Table(table) if is_secret(table) => {
            secret::of(table, span, reader.sink).map(|secret| (Wish::Secret(secret.value), Policy::Kept))
        }
        DeValue::Table(table) => in_a_table(reader, table, span),
        value => Some((Wish::Value(text(reader, value, span)?), Policy::Kept)),
    }
}

/// Whether it is a reference to a secret: told by its keys.
fn is_secret(table: &DeTable<'_>) -> bool {
    SECRET.keys.iter().any(|key| table.contains_key(key.name))
}

fn in_a_table(reader: &Reader<'_>, table: &DeTable<'_>, span: Span) -> Option<(Wish, Policy)> {
    let mut own = Reader::new(&SETTING, table, span.clone(), reader.sink);
    let value = own.get("value");
    let absent = own.boolean("absent");
    let policy = own.text("policy").map(|text| policy(reader, text));
    let known =
        table.iter().all(|(key, _)| SETTING.keys.iter().any(|known| known.name == key.get_ref().as_ref()));
    own.finish();
    let wish = match (value, absent) {
        (Some((DeValue::Table(inner), at)), None) if is_secret(inner) => {
            secret::of(inner, at, reader.sink).map(|secret| Wish::Secret(secret.value))
        }
        (Some((value, at)), None) => text(reader, value, at).map(Wish::Value),
        (None, Some(absent)) if absent.value => Some(Wish::Absent),
        (None, Some(absent)) => {
            let fault = Diagnostic::error(absent.span, "`absent` can only be `true`");
            reader.sink.push(fault.hint("take it out, or give it a `value`"));
            None
        }
        (Some(_), Some(absent)) => {
            reader
                .sink
                .push(Diagnostic::error(absent.span, "a setting has a `value` or is `absent`, not both"));
            None
        }
        (None, None) => {
            if known && !table.contains_key("absent") {
                let fault = Diagnostic::error(span.clone(), "a setting needs a `value`");
                reader.sink.push(fault.hint("write { value = …, policy = \"kept\" }, or { absent = true }"));
            }
            None
        }
    };
    let policy = policy.unwrap_or(Some(Policy::Kept));
    if let (Some(Policy::Forced), Some(refused)) = (policy, wish.as_ref().and_then(not_forced)) {
        reader.sink.push(Diagnostic::error(span, refused).hint("use the policy \"kept\""));
        return None;
    }
    if let (Some(Policy::Seeded), Some(Wish::Absent)) = (policy, &wish) {
        reader.sink.push(
            Diagnostic::error(span, "what is absent cannot be \"seeded\"").hint("use the policy \"kept\""),
        );
        return None;
    }
    wish.zip(policy)
}

/// Why it cannot be in the configuration file.
fn not_forced(wish: &Wish) -> Option<&'static str> {
    match wish {
        Wish::Value(_) => None,
        Wish::Secret(_) => {
            Some("a secret cannot be \"forced\": Moodle shows what its configuration file forces")
        }
        Wish::Absent => Some("what is absent cannot be \"forced\""),
    }
}

fn policy(reader: &Reader<'_>, text: At<String>) -> Option<Policy> {
    let found = Policy::ALL.into_iter().find(|policy| policy.word() == text.value);
    if found.is_none() {
        let fault = Diagnostic::error(text.span, format!("there is no policy `{}`", text.value));
        let words = || Policy::ALL.iter().map(|policy| policy.word());
        reader.sink.push(match nearest(&text.value, words()) {
            Some(meant) => fault.hint(format!("did you mean \"{meant}\"?")),
            None => fault.hint("there are \"kept\", \"forced\" and \"seeded\""),
        });
    }
    found
}

/// A value as Moodle stores it.
fn text(reader: &Reader<'_>, value: &DeValue<'_>, span: Span) -> Option<String> {
    let quote = |what: &str| {
        let fault = Diagnostic::error(
            span.clone(),
            format!(
                "a setting's value is a text, a whole number, `true`, `false` or a list of texts, and not {what}"
            ),
        );
        reader.sink.push(fault.hint("quote it, as Moodle shall store it"));
        None
    };
    match value {
        DeValue::String(text) if text.contains('\0') => {
            reader.sink.push(Diagnostic::error(span, "no setting has a NUL in its value"));
            None
        }
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(yes) => Some(if *yes { "1" } else { "0" }.to_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Some(number.to_string()),
            Err(_) => quote("a number of this size"),
        },
        DeValue::Array(array) => {
            let each = array.iter().map(|one| match one.get_ref() {
                DeValue::String(text) if !text.contains([',', '\0']) => Some(text.to_string()),
                _ => {
                    let fault = Diagnostic::error(one.span(), "a list of a setting has texts without commas");
                    reader
                        .sink
                        .push(fault.hint("Moodle joins them by commas; write one text to have it otherwise"));
                    None
                }
            });
            let each: Vec<Option<String>> = each.collect();
            each.into_iter().collect::<Option<Vec<String>>>().map(|all| all.join(","))
        }
        DeValue::Float(_) => quote("a number with a point"),
        DeValue::Datetime(_) => quote("a date"),
        DeValue::Table(_) => quote("a table"),
    }
}
