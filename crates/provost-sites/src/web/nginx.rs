//! The files of the fleet's own nginx.
//!
//! [`main_file`] is written once, [`site_file`] once per site; both are needed for either to mean anything: the main file
//! holds the maps that decide what is internal, so that 3,000 sites do not each compile the same regular expressions.

mod closed;
mod host;
mod internal;
mod log;
mod main_file;
mod mime;
mod site;
mod start;
#[cfg(test)]
mod tests;
mod version;

use std::net::SocketAddr;

use camino::Utf8Path;

pub use closed::{ClosedPage, closed_file, closed_location_file};
pub use host::host_file;
pub use main_file::main_file;
pub use site::{location_file, site_file};
pub use start::arguments;
pub use version::{NginxVersion, OLDEST};

/// The user that nginx's workers run as, when root starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerUser<'a> {
    /// User name. nginx takes over all groups that the system lists for it, which is how it may read a site's files
    /// when it has been made a member of that site's group.
    pub user: &'a str,
    /// Its main group.
    pub group: &'a str,
}

/// What the fleet's `nginx.conf` says.
#[derive(Debug, Clone, Copy)]
pub struct NginxMain<'a> {
    /// The user of the workers. `None` unless root starts nginx: nginx only warns otherwise.
    pub user: Option<WorkerUser<'a>>,
    /// How many worker processes; 0 means one per processor.
    pub workers: u32,
    /// The file nginx writes its process id to.
    pub pid: &'a Utf8Path,
    /// An existing directory, for nginx alone, that holds uploads while they arrive and answers that clients are slow to
    /// take. Both are as large as uploads and downloads are, so it should not be in memory (`/run` is).
    pub temporary: &'a Utf8Path,
    /// Errors that belong to no site.
    pub error_log: &'a Utf8Path,
    /// Requests for hosts that are no site.
    pub access_log: &'a Utf8Path,
    /// The directory of the sites' files: all `*.conf` in it are included. It may be empty. The path holds no `*`, `?` or `[`.
    pub sites: &'a Utf8Path,
    /// The addresses to listen on: the same for all sites.
    pub listen: &'a [SocketAddr],
    /// Whether nginx itself speaks TLS on them.
    pub ends_tls: bool,
}

/// Who ends TLS for a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteTls<'a> {
    /// Nobody: the site's URL is `http://`.
    Off,
    /// A proxy in front, which reaches nginx over plain HTTP; the site's URL is `https://`. A request of which the proxy
    /// says `X-Forwarded-Proto: http` is redirected to `https://`; a proxy that says nothing is believed to speak TLS.
    Upstream,
    /// nginx, with these PEM files.
    Files {
        /// Certificate chain.
        certificate: &'a Utf8Path,
        /// Private key; nginx reads it as the user that starts it.
        key: &'a Utf8Path,
    },
}

/// A site's canonical URL, in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteAddress<'a> {
    /// Whether it is `https://`.
    pub https: bool,
    /// Host name in lower case, without a port. An IPv6 address keeps its brackets.
    pub host: &'a str,
    /// The port, where the URL names one.
    pub port: Option<u16>,
    /// The one segment of its path, without slashes, where the site shares the host with others.
    pub below: Option<&'a str>,
}

/// Where Moodle's code keeps what browsers may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebRoot {
    /// The code's own directory: Moodle up to 5.0.
    Code,
    /// Its `public` directory: Moodle 5.1 and later.
    Public,
}

/// What one site's file says.
#[derive(Debug, Clone, Copy)]
pub struct NginxSite<'a> {
    /// The site's name; only a comment.
    pub name: &'a str,
    /// Its canonical URL.
    pub address: SiteAddress<'a>,
    /// Other host names, which are redirected to it. In a stable order.
    pub aliases: &'a [&'a str],
    /// As in [`NginxMain::listen`].
    pub listen: &'a [SocketAddr],
    /// Who ends TLS.
    pub tls: SiteTls<'a>,
    /// The version of nginx, for what changed in its syntax.
    pub nginx: NginxVersion,
    /// Addresses and networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: &'a [&'a str],
    /// The symbolic link to the site's build, never the build: so a switch to another build is one rename, and nginx
    /// need not be told.
    pub code: &'a Utf8Path,
    /// Where in the build the web root is.
    pub web_root: WebRoot,
    /// Whether the web root has an `r.php`: Moodle's router, from 4.5 on, gets what is no file. Where this is true,
    /// `$CFG->routerconfigured = true` may be said to Moodle.
    pub router: bool,
    /// The site's dataroot, whose files Moodle has nginx send.
    pub dataroot: &'a Utf8Path,
    /// The Unix socket of the site's pool.
    pub socket: &'a Utf8Path,
    /// The site's access log.
    pub access_log: &'a Utf8Path,
    /// The site's error log.
    pub error_log: &'a Utf8Path,
    /// The largest upload, in MiB.
    pub upload_mib: u32,
    /// How long PHP may work on one request, in seconds: as in [`crate::web::fpm::FpmPool::request_seconds`].
    pub request_seconds: u32,
}

impl SiteAddress<'_> {
    /// The port, said or not.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// What a browser puts into `Host`: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) if port != (if self.https { 443 } else { 80 }) => format!("{}:{port}", self.host),
            _ => self.host.to_owned(),
        }
    }

    /// Scheme, host and port: the URL without its path.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }

    /// `/school`, or nothing.
    pub fn path(&self) -> String {
        self.below.map(|below| format!("/{below}")).unwrap_or_default()
    }

    /// The URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.path())
    }
}
