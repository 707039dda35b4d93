//! Which session is meant: one of the fleet file, or one that is declared by flags.

use provost_fleet::name::Name;
use provost_ops::archive::Declared;
use toml::Value;

/// A session of the fleet file, or one that is declared by flags.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["name", "from"]))]
pub(crate) struct Declaration {
    /// The session's name in the fleet file: [archive.NAME].
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The site that the courses leave; without a NAME.
    #[arg(long, value_name = "SITE", requires = "to", conflicts_with = "name")]
    from: Option<String>,
    /// The site that they come to.
    #[arg(long, value_name = "SITE", requires = "from")]
    to: Option<String>,
    /// What the session is called; by default `FROM-TO`. Only one of a name is under way at a time.
    #[arg(long = "as", value_name = "NAME", requires = "from")]
    called: Option<Name>,
    /// Courses of this category and of those below it, such as `/Sessions/{year-1}`; may be given again.
    #[arg(long = "category", value_name = "PATH", requires = "from")]
    categories: Vec<String>,
    /// Courses of this list (CSV with a column `id`, `shortname` or `idnumber`); may be given again.
    #[arg(long = "courses", value_name = "FILE", requires = "from")]
    lists: Vec<String>,
    /// Courses whose short name fits this pattern, such as `2024-*`; may be given again.
    #[arg(long = "shortname", value_name = "PATTERN", requires = "from")]
    shortnames: Vec<String>,
    /// What becomes of the originals: `keep`, `hide` or `delete`.
    #[arg(long, value_name = "FATE", requires = "from")]
    source: Option<String>,
    /// The category that everything comes to lie under; by default as at the source.
    #[arg(long, value_name = "PATH", requires = "from")]
    under: Option<String>,
    /// Any key of [archive.NAME], as TOML: `--set 'workers=4'`, `--set 'after={freeze=true}'`; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair, requires = "from")]
    keys: Vec<(String, Value)>,
    /// The year that `{year}` stands for; by default this one.
    #[arg(long, value_name = "YEAR")]
    year: Option<i16>,
}

/// A key and a value of TOML; what is no TOML is taken as a text.
fn pair(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    let (key, value) = (key.trim(), value.trim());
    let table: Option<toml::Table> = toml::from_str(&format!("value = {value}")).ok();
    let read = table.and_then(|mut table| table.remove("value"));
    Ok((key.to_owned(), read.unwrap_or_else(|| Value::from(value))))
}

impl From<Declaration> for Declared {
    fn from(given: Declaration) -> Self {
        let Declaration { name, year, .. } = given;
        if let Some(name) = name {
            return Self { name: Some(name), year, ..Self::default() };
        }
        let table = |key: &str, value: String| {
            Value::Table([(key.to_owned(), Value::from(value))].into_iter().collect())
        };
        let select: Vec<Value> = given
            .categories
            .into_iter()
            .map(|path| table("category", path))
            .chain(given.lists.into_iter().map(|list| table("courses", list)))
            .chain(given.shortnames.into_iter().map(|pattern| table("shortname", pattern)))
            .collect();
        let texts = [("from", given.from), ("to", given.to), ("source", given.source)];
        let mut keys: Vec<(String, Value)> =
            texts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
        if !select.is_empty() {
            keys.push(("select".to_owned(), Value::Array(select)));
        }
        if let Some(under) = given.under {
            keys.push(("place".to_owned(), table("under", under)));
        }
        keys.extend(given.keys);
        Self { name: None, called: given.called, keys, year }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_toml_or_a_text() {
        assert_eq!(pair("workers=4"), Ok(("workers".to_owned(), Value::from(4))));
        assert_eq!(pair("source=hide"), Ok(("source".to_owned(), Value::from("hide"))));
        assert!(matches!(pair("after={freeze=true}"), Ok((_, Value::Table(_)))));
        assert!(pair("workers").is_err());
    }
}
