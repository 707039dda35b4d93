//! One site: its files, its installation, what can be seen of it, and its end.

pub(crate) mod caches;
pub mod census;
pub mod config;
pub mod copy;
pub mod facts;
pub mod files;
pub mod install;
pub mod maintenance;
pub mod moving;
pub mod remove;
pub(crate) mod requirements;
pub(crate) mod sessions;
pub mod traces;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::model::Site;
use provost_fleet::name::Name;

use crate::accounts::AccountError;
use crate::agent::AgentError;
use crate::secrets::SecretError;
use crate::server::ServerError;
use crate::server::redis::RedisError;

/// Why something could not be done to a site.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file or directory failed.
    #[error("cannot {verb} `{path}`")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Its configuration cannot be written.
    #[error("cannot write the site's configuration")]
    Config(#[from] provost_moodle::site_file::SiteFileError),
    /// Its database server could not be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Its sessions and caches could not be had.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// What it has of its Redis was not made.
    #[error("`{site}` has nothing in the redis `{redis}` yet")]
    NoKeyspace {
        /// The site.
        site: Name,
        /// The redis.
        redis: Name,
    },
    /// Its template's database could not be copied.
    #[error(transparent)]
    Copy(#[from] crate::database::mariadb::copy::CopyError),
    /// Its database answered with an error.
    #[error("the site's database failed")]
    Sql(#[from] sqlx::Error),
    /// A secret could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Its account could not be had.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// PHP is missing.
    #[error("PHP is not installed")]
    NoPhp,
    /// PHP does not say what it is.
    #[error("cannot ask PHP for its version and extensions")]
    Php(#[source] provost_engine::process::ProcessError),
    /// What a build asks of the machine cannot be read.
    #[error("cannot understand `{path}`")]
    Environment {
        /// Its path.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: provost_moodle::environment::EnvironmentError,
    },
    /// The machine or the database server is not what Moodle insists on.
    #[error("Moodle {release} cannot run here: {unmet}")]
    Requirements {
        /// The release.
        release: String,
        /// All that is not met.
        unmet: String,
    },
    /// PHP cannot reach Redis.
    #[error("{0}")]
    NoPhpRedis(String),
    /// The build has no script that installs.
    #[error("there is no admin/cli/install_database.php in `{0}`")]
    NoInstaller(Utf8PathBuf),
    /// A program failed.
    #[error("Moodle's installation failed")]
    Install(#[source] provost_engine::process::ProcessError),
    /// Core's installer lost its session on the database server, and did not notice.
    #[error("Moodle's installer lost its connection to the database server `{server}`; it last said:\n{log}")]
    InstallLost {
        /// The server.
        server: provost_fleet::name::Name,
        /// The last lines it printed.
        log: String,
    },
    /// Core's installer did not come to its end.
    #[error("Moodle's installer was ended after {} minutes; it last said:\n{log}", longest.as_secs() / 60)]
    InstallEndless {
        /// How long it was let run.
        longest: std::time::Duration,
        /// The last lines it printed.
        log: String,
    },
    /// A program that dumps or restores is missing.
    #[error("`{0}` is not installed")]
    NoTool(&'static str),
    /// The database could not be dumped, or the dump could not be read back.
    #[error("the database could not be copied")]
    Dump(#[source] provost_engine::process::ProcessError),
    /// A course could not be restored.
    #[error("core's script could not restore the course `{course}`")]
    Restore {
        /// The course's file.
        course: Utf8PathBuf,
        /// Why not.
        #[source]
        source: provost_engine::process::ProcessError,
    },
    /// Nothing can be cloned from a template as it is.
    #[error("nothing can be cloned from the template `{template}`: {why}")]
    Template {
        /// The template.
        template: Name,
        /// Why not.
        why: String,
        /// What can be done about it.
        hint: Option<String>,
    },
    /// A dataroot cannot be moved.
    #[error("cannot move the dataroot `{from}` to `{to}`")]
    Dataroot {
        /// Where it is.
        from: Utf8PathBuf,
        /// Where it would be.
        to: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// What was done is not what is seen.
    #[error("{0}")]
    ReadBack(String),
}

impl SiteError {
    pub(crate) fn io(
        verb: &'static str,
        path: impl Into<Utf8PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { verb, path, source }
    }

    /// The whole chain on one line.
    pub fn chain(&self) -> String {
        full_chain(self)
    }
}

/// The file in a dataroot that has Moodle answer every page with it: core's own mark of maintenance.
pub const MAINTENANCE_PAGE: &str = "climaintenance.html";

/// The dataroot of a declared site.
pub fn dataroot(cx: &Context, name: &Name, site: &Site) -> Utf8PathBuf {
    site.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(name))
}
