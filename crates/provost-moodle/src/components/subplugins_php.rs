//! `db/subplugins.php`, which is not run.

use std::collections::BTreeMap;

use super::ComponentsError;
use crate::php_source::statements;
use crate::php_source::value::Value;

/// Reads plugin types and their directories out of `$subplugins = array('type' => 'path/from/the/web/root')`. A file that
/// sets none brings none.
pub(super) fn read(source: &[u8]) -> Result<BTreeMap<String, String>, ComponentsError> {
    let assigned = statements::read(source).map_err(ComponentsError::Php)?;
    let Some((value, line)) = assigned.variables.get("subplugins") else {
        return match assigned.anything_since {
            Some(line) => Err(ComponentsError::Dynamic { line }),
            None => Ok(BTreeMap::new()),
        };
    };
    let line = *line;
    match value {
        Value::Array(items) => items.iter().map(|item| pair(item, line)).collect(),
        Value::Dynamic | Value::Constant(_) => Err(ComponentsError::Dynamic { line }),
        other => Err(ComponentsError::NoList { line, met: other.describe() }),
    }
}

fn pair(item: &(Option<Value>, Value), line: u32) -> Result<(String, String), ComponentsError> {
    match item {
        (Some(Value::Text(kind)), Value::Text(directory)) => Ok((kind.clone(), directory.clone())),
        (Some(Value::Text(_)), Value::Dynamic | Value::Constant(_)) => Err(ComponentsError::Dynamic { line }),
        (Some(Value::Text(_)), met) => Err(ComponentsError::NoList { line, met: met.describe() }),
        (_, met) => Err(ComponentsError::NoList { line, met: format!("{} without a name", met.describe()) }),
    }
}
