//! What a site's database and configuration file say of its settings, read straight from the database: no PHP is started.

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::Site;
use provost_fleet::name::Name;

use crate::secrets::{self, Generated};
use crate::server::Servers;
use crate::site::{config, dataroot};
use crate::sql::{Question, QuestionError};

/// Most rows that are taken: a Moodle has some 2,500 settings, and as many categories as its schools like.
const MOST_ROWS: usize = 200_000;

/// All in one question: settings, names of roles, and names of categories below their parents. What stands as the plugin `core` among those of
/// plugins (`cfg.php --component=core` writes it there) is nothing that Moodle ever reads.
const QUESTION: &str = "select 's' as kind, 'core' as a, name as b, value as c from {config}
    union all select 's', plugin, name, value from {config_plugins} where plugin <> 'core'
    union all select 'r', '', concat(id, ''), shortname from {role}
    union all select 'c', concat(parent, ''), concat(id, ''), name from {course_categories}";

/// What was read of one site.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// Plugin (`core` for Moodle's own), name and value of what the database has.
    pub rows: Vec<(String, String, String)>,
    /// The same of what the configuration file says beyond what every site needs to run.
    pub forced: Vec<(String, String, String)>,
    /// Whether the file is written so; `apply` does it.
    pub forced_is_written: bool,
    /// Short names of roles, by number.
    pub roles: BTreeMap<String, String>,
    /// Paths of categories, by number: `Science / Physics`.
    pub categories: BTreeMap<String, String>,
    /// The dataroot.
    pub dataroot: String,
}

/// Reads the settings of a site.
///
/// # Errors
/// When its database does not answer in time, or has more than can be compared.
pub async fn read(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    patience: Duration,
) -> Result<Read, QuestionError> {
    let question =
        Question { text: QUESTION.to_owned(), values: BTreeMap::new(), most_rows: MOST_ROWS, patience };
    let found = question.ask(cx, servers, name, site).await?;
    if found.cut {
        return Err(QuestionError::TooMuch);
    }
    let mut read = Read { dataroot: dataroot(cx, name, site).to_string(), ..Read::default() };
    let mut parents = BTreeMap::new();
    for row in found.rows {
        let Ok([kind, a, b, c]) = <[Option<String>; 4]>::try_from(row) else { continue };
        let (a, b, c) = (a.unwrap_or_default(), b.unwrap_or_default(), c.unwrap_or_default());
        match kind.as_deref() {
            Some("s") => read.rows.push((a, b, c)),
            Some("r") => drop(read.roles.insert(b, c)),
            _ => drop(parents.insert(b, (a, c))),
        }
    }
    read.categories = parents.keys().map(|number| (number.clone(), path(&parents, number))).collect();
    // The password is in the file, and in nothing that is forced.
    if let Some(password) = secrets::read(&cx.paths, &Generated::SiteDatabase(name))?
        && let Ok(file) = config::render(cx, servers, name, site, &password)
    {
        let link = std::fs::read_link(cx.paths.site(name).join("site.php"));
        read.forced_is_written = link.is_ok_and(|link| link == std::path::Path::new(&file.file_name));
        read.forced = file.forced;
    }
    Ok(read)
}

/// The names from the top, of as many levels as there can be.
fn path(parents: &BTreeMap<String, (String, String)>, number: &str) -> String {
    let mut names = Vec::new();
    let mut at = number;
    while let Some((parent, name)) = parents.get(at)
        && names.len() < 100
    {
        names.push(name.as_str());
        at = parent;
    }
    names.reverse();
    names.join(" / ")
}
