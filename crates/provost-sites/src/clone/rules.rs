//! What makes a Moodle itself, and what becomes of it in a clone: read from a data file per Moodle version.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The data files, by Moodle's branch, oldest first. A branch without one has the newest that is not newer than it.
const FILES: [(u32, &str); 2] =
    [(404, include_str!("identity/404.toml")), (500, include_str!("identity/500.toml"))];

/// What becomes of a part of the template's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A new value of the clone's own, where the template has one.
    Regenerate,
    /// Nothing of it is left.
    Drop,
    /// It stays.
    Keep,
    /// A new random moment.
    Redraw,
}

/// How a value of the clone's own is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Make {
    /// As core makes a site identifier.
    Identifier,
    /// Random hexadecimal digits.
    Random,
    /// A random UUID.
    Uuid,
    /// A private key; made by PHP, as core makes it.
    Rsa,
    /// The name of a private key; made by PHP.
    Kid,
    /// The address that nobody reads.
    Noreply,
    /// The administrator's address.
    Administrator,
}

impl Make {
    /// Whether the value says what the site is called or where it is: a spare has another one than the site that takes it.
    pub fn names_the_site(self) -> bool {
        matches!(self, Self::Identifier | Self::Noreply | Self::Administrator)
    }
}

/// A row of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// `core`, or a plugin.
    #[serde(rename = "in")]
    pub place: String,
    /// Its name; `*` for all.
    pub name: String,
    /// What becomes of it.
    pub rule: Rule,
    /// How a new one is made.
    pub make: Option<Make>,
    /// Its length, where that is free.
    #[serde(default = "usual_length")]
    pub length: u32,
    /// Why.
    pub why: String,
}

/// A column, in all rows that have a value in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The table, without prefix.
    pub table: String,
    /// The column.
    pub name: String,
    /// What becomes of it.
    pub rule: Rule,
    /// How a new one is made.
    pub make: Option<Make>,
    /// Its length, where that is free.
    #[serde(default = "usual_length")]
    pub length: u32,
    /// Why.
    pub why: String,
}

/// Tables with all their rows, or users' preferences of a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// What becomes of them: [`Rule::Drop`] or [`Rule::Keep`].
    pub rule: Rule,
    /// Why.
    pub why: String,
    /// Their names; those of tables without prefix.
    pub names: Vec<String>,
}

/// The moments of scheduled tasks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// [`Rule::Redraw`] or [`Rule::Keep`].
    pub rule: Rule,
    /// Why.
    pub why: String,
}

/// All rules for one Moodle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    extends: Option<String>,
    /// Rows of the configuration.
    #[serde(default, rename = "value")]
    pub values: Vec<Value>,
    /// Columns.
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
    /// Tables.
    #[serde(default)]
    pub tables: Vec<Tables>,
    /// Users' preferences, by their names.
    #[serde(default)]
    pub preferences: Vec<Tables>,
    /// Scheduled tasks.
    #[serde(default)]
    pub tasks: Vec<Tasks>,
}

fn usual_length() -> u32 {
    32
}

impl Rules {
    /// The rules for a Moodle of a branch, such as 404 or 500.
    pub fn for_branch(branch: u32) -> Self {
        let files = parsed();
        let newest = files.range(..=branch).next_back().or_else(|| files.first_key_value());
        newest.map(|(_, rules)| rules.clone()).unwrap_or_default()
    }

    /// The tables of which no row is left.
    pub fn emptied(&self) -> impl Iterator<Item = &str> {
        let dropped = self.tables.iter().filter(|tables| tables.rule == Rule::Drop);
        dropped.flat_map(|tables| tables.names.iter().map(String::as_str))
    }

    /// The preferences of which no user has one left.
    pub fn forgotten(&self) -> impl Iterator<Item = &str> {
        let dropped = self.preferences.iter().filter(|some| some.rule == Rule::Drop);
        dropped.flat_map(|some| some.names.iter().map(String::as_str))
    }

    /// The keys that PHP makes: of each its plugin, the name of the key and the name of its name.
    pub fn keys(&self) -> Vec<(&str, &str, Option<&str>)> {
        let made = |make| self.values.iter().filter(move |value| value.make == Some(make));
        made(Make::Rsa)
            .map(|key| {
                let kid = made(Make::Kid).find(|kid| kid.place == key.place);
                (key.place.as_str(), key.name.as_str(), kid.map(|kid| kid.name.as_str()))
            })
            .collect()
    }
}

/// All files, each with what it extends in it. They are part of this program, and a test reads them all.
fn parsed() -> BTreeMap<u32, Rules> {
    let mut all: BTreeMap<u32, Rules> = BTreeMap::new();
    for (branch, text) in FILES {
        let own: Rules = toml::from_str(text).unwrap_or_default();
        let base = own.extends.as_deref().and_then(|base| all.get(&base.parse().ok()?)).cloned();
        let mut rules = base.unwrap_or_default();
        rules.values.extend(own.values);
        rules.columns.extend(own.columns);
        rules.tables.extend(own.tables);
        rules.preferences.extend(own.preferences);
        rules.tasks.extend(own.tasks);
        all.insert(branch, rules);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_whole_and_says_how_new_values_are_made() {
        for (branch, text) in FILES {
            let own: Rules = toml::from_str(text).unwrap();
            assert!(own.extends.is_none_or(|base| base.parse::<u32>().unwrap() < branch));
            let made = |rule, make: Option<Make>| (rule == Rule::Regenerate) == make.is_some();
            for value in &own.values {
                assert!(made(value.rule, value.make), "{} {}", value.place, value.name);
            }
            for column in &own.columns {
                assert!(made(column.rule, column.make), "{} {}", column.table, column.name);
            }
        }
    }

    #[test]
    fn nothing_has_two_rules() {
        for branch in [404, 500] {
            let rules = Rules::for_branch(branch);
            let values = rules.values.iter().map(|value| format!("{}/{}", value.place, value.name));
            let columns = rules.columns.iter().map(|column| format!("{}.{}", column.table, column.name));
            let tables = rules.tables.iter().flat_map(|tables| tables.names.clone());
            let preferences = rules.preferences.iter().flat_map(|some| some.names.clone());
            let mut all: Vec<String> = values.chain(columns).chain(tables).chain(preferences).collect();
            all.sort();
            let mut once = all.clone();
            once.dedup();
            assert_eq!(all, once);
        }
    }

    #[test]
    fn a_branch_has_the_newest_file_that_is_not_newer() {
        assert_eq!(Rules::for_branch(404), Rules::for_branch(405));
        assert_eq!(Rules::for_branch(500), Rules::for_branch(502));
        assert_eq!(Rules::for_branch(311), Rules::for_branch(404));
        assert!(Rules::for_branch(500).emptied().any(|table| table == "ai_action_register"));
        assert!(Rules::for_branch(500).emptied().any(|table| table == "sessions"));
        assert!(Rules::for_branch(404).emptied().all(|table| table != "ai_policy_register"));
    }

    #[test]
    fn keys_know_the_names_of_their_names() {
        assert_eq!(
            Rules::for_branch(500).keys(),
            [("mod_lti", "privatekey", Some("kid")), ("enrol_lti", "lti_13_privatekey", Some("lti_13_kid"))]
        );
    }
}
