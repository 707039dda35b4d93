//! The final copy of a site that is deleted: its database as a dump, its files, and a manifest, kept until a stated time.
//!
//! A copy is made beside its place and renamed there when it is whole and was read back, so that what has a manifest is a copy that
//! can be restored. It belongs to whoever runs Provost, and nobody else can look into it.

pub(crate) mod database;
mod files;
mod kept;
mod restore;

pub(crate) use kept::is_copy_of;
pub use kept::{Kept, is_database_gone, kept, prune, remove_unfinished, settle, unreadable, unsettled};
pub use restore::Restored;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use provost_engine::context::Context;
use provost_engine::files::{directory, write_whole};
use provost_engine::process::Account;
use provost_fleet::model::{Engine, Fleet, Site};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use super::{SiteError, dataroot};
use crate::fleet_state::FleetId;
use crate::secrets::{self, Generated};
use crate::server::Servers;

/// How long a copy is kept where nobody says otherwise: long enough for a month's end, and for holidays.
pub const KEEP: Duration = Duration::from_hours(30 * 24);

/// The file in a copy that holds the password which was drawn for the site's administrator, where there was one.
const ADMIN: &str = "admin-password";
/// The manifest's file in a copy.
const MANIFEST: &str = "manifest.json";
/// The dump's file in a copy.
const DUMP: &str = "database.dump";
/// The directory of the files in a copy.
const FILES: &str = "dataroot";

/// What a copy is of, and how to tell that it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub schema: u32,
    /// The fleet's id.
    pub fleet: String,
    /// The site.
    pub site: Name,
    /// Its URL.
    pub url: String,
    /// Its table of the fleet file, as it was.
    pub declared: String,
    /// Moodle's release.
    pub release: Option<String>,
    /// Tree id of the build it ran on.
    pub tree: Option<String>,
    /// The server that its database was on.
    pub server: Name,
    /// The database's name, and the role's.
    pub database: String,
    /// When the copy was made.
    pub made_at: Timestamp,
    /// Until when it is kept.
    pub keep_until: Timestamp,
    /// When the site was seen to be gone; absent while its deletion is not whole.
    pub gone_at: Option<Timestamp>,
    /// The dump.
    pub dump: Dump,
    /// The files.
    pub files: Files,
}

/// A dump: in PostgreSQL's custom format, for `pg_restore`; of MariaDB as SQL, for `mariadb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// What it is a dump of.
    pub engine: Engine,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Tables in the database, each of them found in the dump.
    pub tables: u64,
}

/// The files of a dataroot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// How many.
    pub count: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
    /// What was left out, for Moodle makes it again.
    pub left_out: Vec<String>,
}

/// Where all copies of a fleet are.
pub fn place(state: &Utf8Path) -> Utf8PathBuf {
    state.join("data/deleted")
}

/// What a copy is made of.
pub struct Copied<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Its id.
    pub fleet_id: &'a FleetId,
    /// Its servers.
    pub servers: &'a Servers,
    /// The site's name.
    pub name: &'a Name,
    /// The site.
    pub site: &'a Site,
    /// Its table of the fleet file.
    pub declared: String,
    /// How long to keep it.
    pub keep: Duration,
}

impl Copied<'_> {
    /// Makes the copy, and reads it back. Returns its directory and its manifest.
    ///
    /// # Errors
    /// When any part of it could not be made, or is not what was copied: then nothing is left of it.
    pub async fn make(&self, cx: &Context) -> Result<(Utf8PathBuf, Manifest), SiteError> {
        let now = cx.now();
        let all = place(&cx.paths.state);
        directory(&all, 0o700, &Account::Own).map_err(SiteError::io("make", &all))?;
        self.remove_left(&all)?;
        // A deletion that was killed right after its copy makes another one, perhaps within the same second.
        let place = all.join(format!("{}-{}", self.name, now.strftime("%Y%m%dT%H%M%S%.3fZ")));
        let aside = all.join(format!(".{}.{}", self.name, uuid::Uuid::new_v4().simple()));
        directory(&aside, 0o700, &Account::Own).map_err(SiteError::io("make", &aside))?;
        let made = self.make_in(cx, &aside, now).await;
        let made = made.and_then(|manifest| {
            std::fs::rename(&aside, &place).map_err(SiteError::io("make", &place))?;
            Ok((place, manifest))
        });
        if made.is_err() {
            // The first error is the one to tell; what stays is removed by the next `apply`.
            drop(super::files::remove_tree(&aside));
        }
        made
    }

    /// What killed runs left of copies of this site: whoever makes one holds the fleet's lease.
    fn remove_left(&self, all: &Utf8Path) -> Result<(), SiteError> {
        let ours = format!(".{}.", self.name);
        for entry in all.read_dir_utf8().map_err(SiteError::io("read", all))?.flatten() {
            if entry.file_name().starts_with(&ours) {
                super::files::remove_tree(entry.path())?;
            }
        }
        Ok(())
    }

    async fn make_in(&self, cx: &Context, aside: &Utf8Path, now: Timestamp) -> Result<Manifest, SiteError> {
        let dump = database::dump(cx, self, &aside.join(DUMP)).await?;
        let files = files::copy(cx, &dataroot(cx, self.name, self.site), &aside.join(FILES)).await?;
        let facts = super::census::take(cx, self.servers, self.name, self.site).await?;
        let keep = jiff::SignedDuration::try_from(self.keep).unwrap_or(jiff::SignedDuration::MAX);
        let manifest = Manifest {
            schema: 1,
            fleet: self.fleet_id.id.clone(),
            site: self.name.clone(),
            url: self.site.url.to_string(),
            declared: self.declared.clone(),
            release: facts.and_then(|census| census.release),
            tree: super::files::build_of(&cx.paths, self.name),
            server: self.site.database.clone(),
            database: self.site.database_name.clone(),
            made_at: now,
            keep_until: now.saturating_add(keep).unwrap_or(Timestamp::MAX),
            gone_at: None,
            dump,
            files,
        };
        if let Some(password) = secrets::read(&cx.paths, &Generated::SiteAdmin(self.name))? {
            let path = aside.join(ADMIN);
            let text = password.expose().as_bytes();
            write_whole(&path, text, 0o600, &Account::Own).map_err(SiteError::io("write", &path))?;
        }
        manifest.write(aside)?;
        Ok(manifest)
    }
}

impl Manifest {
    fn write(&self, copy: &Utf8Path) -> Result<(), SiteError> {
        let path = copy.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_whole(&path, text.as_bytes(), 0o600, &Account::Own).map_err(SiteError::io("write", &path))
    }

    fn read(copy: &Utf8Path) -> std::io::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(copy.join(MANIFEST))?)?)
    }
}
