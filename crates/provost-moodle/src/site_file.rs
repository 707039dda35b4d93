//! The small PHP file that holds one site's configuration.
//!
//! It only returns an array, whose keys become those of `$CFG`; `config.php` ([`crate::config_hook`]) includes it. It
//! holds the database's password, so it must be readable for the site's own user alone (0640 or less).
//!
//! The text is the same for the same site, so that a digest of it can name the file.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::php::PhpLiteral;

mod defaults;
#[cfg(test)]
mod tests;

pub use defaults::{LOCAL_REQUEST_DIRECTORY, X_ACCEL_PREFIX};

/// Everything that a site's file says. `Debug` leaves the password and the extra keys out.
#[derive(Clone)]
pub struct SiteFile<'a> {
    /// The site's name in the fleet.
    pub site: &'a str,
    /// `$CFG->wwwroot`: the site's URL, without a slash at the end.
    pub wwwroot: &'a str,
    /// How Moodle reaches its database.
    pub database: SiteDatabase<'a>,
    /// `$CFG->dataroot`: an absolute path.
    pub dataroot: &'a str,
    /// `$CFG->directorypermissions`: the mode of directories that Moodle makes, such as `0o2770`. Moodle's own default
    /// lets everybody on the machine write.
    pub directory_permissions: u16,
    /// `$CFG->filepermissions`: the mode of files, such as `0o660`.
    pub file_permissions: u16,
    /// More keys of `$CFG`. They win over the safe defaults, and cannot name what the other fields say.
    pub extra: BTreeMap<String, PhpLiteral>,
}

/// How Moodle reaches its database.
#[derive(Clone)]
pub struct SiteDatabase<'a> {
    /// `$CFG->dbtype`: `pgsql` or `mariadb`.
    pub kind: &'a str,
    /// A host name or an address; or, when it starts with `/`, a Unix socket: for `pgsql` its directory, for `mariadb`
    /// the socket file itself.
    pub host: &'a str,
    /// The port. For `pgsql` on a Unix socket it is the number at the end of the socket's name.
    pub port: Option<u16>,
    /// The database's name.
    pub name: &'a str,
    /// The role that owns it.
    pub user: &'a str,
    /// The role's password.
    pub password: &'a str,
    /// `$CFG->prefix`: what table names begin with.
    pub prefix: &'a str,
    /// More keys of `$CFG->dboptions`. They win over those that the other fields give.
    pub options: BTreeMap<String, PhpLiteral>,
}

/// Why a site file cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteFileError {
    /// An extra key that has a field of its own.
    #[error("`{0}` is given by the site itself and cannot be set a second time")]
    Taken(String),
    /// An extra key that cannot be a key of `$CFG`.
    #[error("`{0}` cannot be a key of $CFG; use letters, digits and `_`, starting with a letter")]
    Key(String),
}

impl SiteFile<'_> {
    /// Returns the file's text.
    pub fn render(&self) -> Result<String, SiteFileError> {
        let own = self.own();
        for key in self.extra.keys() {
            if own.iter().any(|(taken, _)| key == taken) {
                return Err(SiteFileError::Taken(key.clone()));
            }
            if !is_key(key) {
                return Err(SiteFileError::Key(key.clone()));
            }
        }
        let mut text = format!(
            "<?php\n// Site {}. Provost makes this file from the fleet file; changes here are lost.\nreturn [\n",
            // The name comes from elsewhere, and a comment is no place for surprises.
            self.site.replace(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')), "?"),
        );
        for (key, value) in &own {
            push(&mut text, key, value);
        }
        for (key, value, reason) in defaults::defaults(self.dataroot, self.below()) {
            if !self.extra.contains_key(key) {
                push_comment(&mut text, reason);
                push(&mut text, key, &value);
            }
        }
        for (key, value) in &self.extra {
            push(&mut text, key, value);
        }
        text.push_str("];\n");
        Ok(text)
    }

    /// What the file says beyond what every site needs to run, as Moodle's settings have values: plugin (`core` for Moodle's own), name
    /// and value, without lists and maps, which no setting is.
    pub fn forced(&self) -> Vec<(String, String, String)> {
        let defaults = defaults::defaults(self.dataroot, self.below()).into_iter();
        let defaults = defaults.filter(|(key, ..)| !self.extra.contains_key(*key));
        let defaults = defaults.map(|(key, value, _)| (key.to_owned(), value));
        let all = defaults.chain(self.extra.iter().map(|(key, value)| (key.clone(), value.clone())));
        all.flat_map(|(key, value)| match value {
            PhpLiteral::Map(plugins) if key == FORCED_PLUGIN_SETTINGS => plugins
                .into_iter()
                .flat_map(|(plugin, settings)| of_plugin(&plugin, settings))
                .collect::<Vec<_>>(),
            value => value.as_setting().map(|value| ("core".to_owned(), key, value)).into_iter().collect(),
        })
        .collect::<Vec<_>>()
    }

    /// The path that the site is below, without slashes.
    fn below(&self) -> Option<&str> {
        let (_, rest) = self.wwwroot.split_once("://")?;
        rest.split_once('/').map(|(_, path)| path)
    }

    /// The keys that the fields give, in the order they are written in.
    fn own(&self) -> Vec<(&'static str, PhpLiteral)> {
        let database = &self.database;
        let host = if database.is_socket() { "localhost" } else { database.host };
        vec![
            ("dbtype", database.kind.into()),
            ("dblibrary", "native".into()),
            ("dbhost", host.into()),
            ("dbname", database.name.into()),
            ("dbuser", database.user.into()),
            ("dbpass", database.password.into()),
            ("prefix", database.prefix.into()),
            ("dboptions", database.dboptions()),
            ("wwwroot", self.wwwroot.into()),
            ("dataroot", self.dataroot.into()),
            ("directorypermissions", PhpLiteral::Mode(self.directory_permissions)),
            ("filepermissions", PhpLiteral::Mode(self.file_permissions)),
        ]
    }
}

impl SiteDatabase<'_> {
    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// `$CFG->dboptions`. Moodle uses `dbsocket` only when the host is `localhost`.
    fn dboptions(&self) -> PhpLiteral {
        let mut options = BTreeMap::from([
            ("dbpersist".to_owned(), false.into()),
            ("dbport".to_owned(), self.port.map_or_else(|| "".into(), |port| i64::from(port).into())),
            ("dbsocket".to_owned(), if self.is_socket() { self.host.into() } else { false.into() }),
        ]);
        if self.kind == "mariadb" {
            options.insert("dbcollation".to_owned(), "utf8mb4_unicode_ci".into());
        }
        options.extend(self.options.clone());
        PhpLiteral::Map(options.into_iter().collect())
    }
}

/// The key of `$CFG` that forces settings of plugins: a map of maps.
pub const FORCED_PLUGIN_SETTINGS: &str = "forced_plugin_settings";

fn of_plugin(plugin: &str, settings: PhpLiteral) -> Vec<(String, String, String)> {
    let PhpLiteral::Map(settings) = settings else { return Vec::new() };
    let one = |(name, value): (String, PhpLiteral)| Some((plugin.to_owned(), name, value.as_setting()?));
    settings.into_iter().filter_map(one).collect()
}

/// Whether PHP and Moodle can use this as the name of a property of `$CFG`.
fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Adds one item of the array, its value indented as it should be.
fn push(text: &mut String, key: &str, value: &PhpLiteral) {
    // A string never spans lines (see `PhpLiteral`), so only the structure is indented.
    let value = value.to_string().replace('\n', "\n    ");
    text.push_str("    ");
    text.push_str(&PhpLiteral::from(key).to_string());
    text.push_str(" => ");
    text.push_str(&value);
    text.push_str(",\n");
}

fn push_comment(text: &mut String, reason: &str) {
    for line in reason.lines() {
        text.push_str("    // ");
        text.push_str(line.trim());
        text.push('\n');
    }
}

impl fmt::Debug for SiteFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteFile")
            .field("site", &self.site)
            .field("wwwroot", &self.wwwroot)
            .field("database", &self.database)
            .field("dataroot", &self.dataroot)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SiteDatabase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = String::new();
        write!(place, "{}://{}@{}/{}", self.kind, self.user, self.host, self.name)?;
        f.write_str(&place)
    }
}
