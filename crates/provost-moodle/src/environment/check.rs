//! What of an environment is not met.

use std::collections::BTreeSet;
use std::fmt;

use super::{Environment, is_at_least};

/// What a site would run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine<'a> {
    /// Moodle's name for the database server: `postgres`, `mariadb`.
    pub vendor: &'a str,
    /// The release of the database server: `10.11.6`.
    pub database: &'a str,
    /// The version of PHP: `8.2.29`.
    pub php: &'a str,
    /// PHP's extensions, in small letters.
    pub extensions: &'a BTreeSet<String>,
}

/// One thing that Moodle insists on and that is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// It does not run on such a server at all.
    Vendor(String),
    /// The server is too old.
    Database {
        /// Moodle's name for it.
        vendor: String,
        /// The oldest that will do.
        least: String,
        /// What there is.
        is: String,
    },
    /// PHP is too old.
    Php {
        /// The oldest that will do.
        least: String,
        /// What there is.
        is: String,
    },
    /// Extensions of PHP are missing.
    Extensions(Vec<String>),
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor(vendor) => write!(f, "it does not run on {}", title(vendor)),
            Self::Database { vendor, least, is } => {
                write!(f, "it needs {} {least}, and the server is {is}", title(vendor))
            }
            Self::Php { least, is } => write!(f, "it needs PHP {least}, and here is {is}"),
            Self::Extensions(names) => write!(f, "PHP lacks {}", names.join(", ")),
        }
    }
}

/// A server's name as its makers write it.
fn title(vendor: &str) -> &str {
    match vendor {
        "postgres" => "PostgreSQL",
        "mariadb" => "MariaDB",
        other => other,
    }
}

impl Environment {
    /// Returns what Moodle insists on and a machine does not have; nothing where all is well.
    pub fn unmet(&self, machine: &Machine<'_>) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        match self.database(machine.vendor) {
            None => unmet.push(Unmet::Vendor(machine.vendor.to_owned())),
            Some(least) if !is_at_least(machine.database, least) => unmet.push(Unmet::Database {
                vendor: machine.vendor.to_owned(),
                least: least.to_owned(),
                is: machine.database.to_owned(),
            }),
            Some(_) => {}
        }
        if let Some(least) = self.php.as_ref().filter(|least| !is_at_least(machine.php, least)) {
            unmet.push(Unmet::Php { least: least.clone(), is: machine.php.to_owned() });
        }
        let lacks = |name: &&str| !machine.extensions.contains(&name.to_ascii_lowercase());
        let missing: Vec<String> = self.required_extensions().filter(lacks).map(str::to_owned).collect();
        if !missing.is_empty() {
            unmet.push(Unmet::Extensions(missing));
        }
        unmet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Database, Extension, Level};

    fn unmet(vendor: &str, database: &str, php: &str, extensions: &[&str]) -> Vec<String> {
        let environment = Environment {
            php: Some("8.2.0".to_owned()),
            databases: vec![
                Database { vendor: "mariadb".to_owned(), version: "10.11.0".to_owned() },
                Database { vendor: "postgres".to_owned(), version: "14".to_owned() },
            ],
            extensions: vec![
                Extension { name: "intl".to_owned(), level: Level::Required },
                Extension { name: "SimpleXML".to_owned(), level: Level::Required },
                Extension { name: "exif".to_owned(), level: Level::Optional },
            ],
            ..Environment::default()
        };
        let extensions = extensions.iter().map(|name| (*name).to_owned()).collect();
        let machine = Machine { vendor, database, php, extensions: &extensions };
        environment.unmet(&machine).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_met_is_not_told() {
        assert_eq!(unmet("mariadb", "10.11.0", "8.2.0", &["intl", "simplexml"]), [""; 0]);
        assert_eq!(unmet("postgres", "15.18", "8.4.1", &["intl", "simplexml", "exif"]), [""; 0]);
    }

    #[test]
    fn everything_that_is_not_met_is_told_at_once() {
        assert_eq!(
            unmet("mariadb", "10.6.18", "8.1.29", &["exif"]),
            [
                "it needs MariaDB 10.11.0, and the server is 10.6.18",
                "it needs PHP 8.2.0, and here is 8.1.29",
                "PHP lacks intl, SimpleXML",
            ]
        );
        assert_eq!(unmet("oracle", "19", "8.2.0", &["intl", "simplexml"]), ["it does not run on oracle"]);
    }
}
