//! Assigned values into typed fields.

use std::collections::BTreeMap;

use super::{Dependency, Maturity, Version, VersionFileError};
use crate::component::Component;
use crate::php_source::statements::Assigned;
use crate::php_source::value::Value;

/// The fields of one file, and how to name them to a person.
pub(super) struct Fields {
    values: BTreeMap<String, (Value, u32)>,
    anything_since: Option<u32>,
    prefix: &'static str,
}

type Read<T> = Result<Option<T>, VersionFileError>;

impl Fields {
    /// The plain variables of Moodle's own file.
    pub(super) fn of_core(assigned: Assigned) -> Self {
        Self { values: assigned.variables, anything_since: assigned.anything_since, prefix: "$" }
    }

    /// The fields of `$plugin`.
    pub(super) fn of_plugin(assigned: Assigned) -> Self {
        Self { values: assigned.plugin, anything_since: assigned.anything_since, prefix: "$plugin->" }
    }

    /// Makes the absence of a field an error.
    pub(super) fn required<T>(&self, value: Option<T>, field: &str) -> Result<T, VersionFileError> {
        value.ok_or_else(|| VersionFileError::Missing { field: self.name(field) })
    }

    /// A version number; some plugins write it as a string.
    pub(super) fn version(&self, field: &str) -> Read<Version> {
        self.read(field, "a version number", |value| match value {
            Value::Number(text) | Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// A text; some plugins write a number instead.
    pub(super) fn text(&self, field: &str) -> Read<String> {
        self.read(field, "a string", |value| match value {
            Value::Number(text) | Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    pub(super) fn maturity(&self) -> Read<Maturity> {
        self.read("maturity", "one of MATURITY_ALPHA, _BETA, _RC and _STABLE", |value| match value {
            Value::Constant(name) if name == "MATURITY_ALPHA" => Some(Maturity::Alpha),
            Value::Constant(name) if name == "MATURITY_BETA" => Some(Maturity::Beta),
            Value::Constant(name) if name == "MATURITY_RC" => Some(Maturity::ReleaseCandidate),
            Value::Constant(name) if name == "MATURITY_STABLE" => Some(Maturity::Stable),
            Value::Number(text) if text == "50" => Some(Maturity::Alpha),
            Value::Number(text) if text == "100" => Some(Maturity::Beta),
            Value::Number(text) if text == "150" => Some(Maturity::ReleaseCandidate),
            Value::Number(text) if text == "200" => Some(Maturity::Stable),
            _ => None,
        })
    }

    pub(super) fn component(&self) -> Read<Component> {
        self.read("component", "a plugin's full name, as in 'mod_attendance'", |value| match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// One branch number, such as 404.
    pub(super) fn branch(&self, field: &str) -> Read<u32> {
        self.read(field, "a branch number, as in 404", branch)
    }

    pub(super) fn supported(&self) -> Read<(u32, u32)> {
        self.read("supported", "two branch numbers, as in [404, 500]", |value| match value {
            Value::Array(items) => match items.as_slice() {
                [(None, first), (None, last)] => branch(first).zip(branch(last)),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn dependencies(&self) -> Result<BTreeMap<Component, Dependency>, VersionFileError> {
        let expected = "an array of plugins and versions, as in ['mod_forum' => 2024042200]";
        let read = self.read("dependencies", expected, |value| match value {
            Value::Array(items) => items.iter().map(dependency).collect(),
            _ => None,
        })?;
        Ok(read.unwrap_or_default())
    }

    /// The value of a field as `convert` sees it; `null` is as good as not set.
    fn read<T>(
        &self,
        field: &str,
        expected: &'static str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Read<T> {
        let Some((value, line)) = self.values.get(field) else {
            return match self.anything_since {
                Some(line) => Err(VersionFileError::Dynamic { field: self.name(field), line }),
                None => Ok(None),
            };
        };
        if *value == Value::Null {
            return Ok(None);
        }
        if let Some(read) = convert(value) {
            return Ok(Some(read));
        }
        let (field, line) = (self.name(field), *line);
        if is_dynamic(value) {
            return Err(VersionFileError::Dynamic { field, line });
        }
        Err(VersionFileError::Wrong { field, line, expected, met: value.describe() })
    }

    fn name(&self, field: &str) -> String {
        format!("{}{field}", self.prefix)
    }
}

/// Whether PHP would have to say what is in this value: an expression, or a constant that this reader does not know.
fn is_dynamic(value: &Value) -> bool {
    match value {
        Value::Dynamic | Value::Constant(_) => true,
        Value::Array(items) => {
            items.iter().any(|(key, value)| key.as_ref().is_some_and(is_dynamic) || is_dynamic(value))
        }
        Value::Number(_) | Value::Text(_) | Value::Null => false,
    }
}

fn branch(value: &Value) -> Option<u32> {
    match value {
        Value::Number(text) | Value::Text(text) => text.parse().ok().filter(|&branch| branch > 0),
        _ => None,
    }
}

fn dependency(item: &(Option<Value>, Value)) -> Option<(Component, Dependency)> {
    let (Some(Value::Text(component)), version) = item else { return None };
    let dependency = match version {
        Value::Constant(name) if name == "ANY_VERSION" => Dependency::Any,
        Value::Text(text) if text == "any" => Dependency::Any,
        Value::Number(text) | Value::Text(text) => Dependency::AtLeast(text.parse().ok()?),
        _ => return None,
    };
    Some((component.parse().ok()?, dependency))
}
