//! The JSON Schema of the fleet file, for editors. What it cannot say (names that must exist, things two sites cannot share)
//! `provost check` says.

use serde_json::{Map, Value, json};

use crate::keys::{self, Kind, Table};

/// The schema (draft 2020-12). `docs/fleet.schema.json` is this value.
pub fn json_schema() -> Value {
    let mut schema = table(&keys::ROOT);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A fleet of Moodle sites");
    schema["$defs"] = json!({ "secret": secret() });
    schema
}

fn table(table: &Table) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in table.keys {
        let mut property = kind(key.kind);
        property["description"] = json!(key.doc);
        properties.insert(key.name.to_owned(), property);
        if key.default.is_none() {
            required.push(key.name);
        }
    }
    json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn kind(kind: Kind) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Texts => texts,
        Kind::TextOrTexts => json!({ "anyOf": [{ "type": "string" }, texts] }),
        Kind::Size => {
            json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^[0-9]+[MmGg]$" }] })
        }
        Kind::Duration => duration(),
        Kind::Durations => json!({ "type": "object", "additionalProperties": duration() }),
        Kind::Secret => json!({ "$ref": "#/$defs/secret" }),
        Kind::Table(below) => table(below),
        Kind::Tables(below) => json!({ "type": "object", "additionalProperties": table(below) }),
        Kind::TextsOrTables(below) => {
            let one = json!({ "anyOf": [{ "type": "string" }, table(below)] });
            json!({ "type": "object", "additionalProperties": one })
        }
        Kind::TextOrTable(below) => json!({ "anyOf": [{ "type": "string" }, table(below)] }),
        Kind::TableList(below) => json!({ "type": "array", "items": table(below) }),
        Kind::TextsByName => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::Settings => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [setting(), table(&keys::SETTING)] },
        }),
        Kind::Setting => setting(),
        Kind::TextOrSecret => json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }] }),
    }
}

/// The value of a setting of Moodle.
fn setting() -> Value {
    json!({ "anyOf": [
        { "type": ["string", "integer", "boolean"] },
        { "type": "array", "items": { "type": "string" } },
        { "$ref": "#/$defs/secret" },
    ] })
}

fn duration() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" })
}

fn secret() -> Value {
    let one = |key: &keys::Key| {
        json!({
            "type": "object",
            "properties": { key.name: kind(key.kind) },
            "required": [key.name],
            "additionalProperties": false,
        })
    };
    let each: Vec<Value> = keys::SECRET.keys.iter().map(one).collect();
    json!({ "description": keys::SECRET.doc, "oneOf": each })
}
