//! A site's URL: Moodle's wwwroot.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::Serialize;

/// The longest host name, in bytes (RFC 1035).
const LONGEST_HOST: usize = 253;

/// The longest path, in bytes: it becomes part of a file's name and of a cookie's.
const LONGEST_PATH: usize = 40;

/// A site's URL: scheme, host, where it is not the scheme's own a port, and where the site is below the host a path of one segment.
/// Written without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct SiteUrl {
    https: bool,
    host: String,
    port: Option<u16>,
    /// Without slashes; empty where the host is the site's own.
    path: String,
}

/// Why a text cannot be a site's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Neither `http://` nor `https://`.
    #[error("a site's URL begins with `https://` or `http://`")]
    Scheme,
    /// A user name or password in it.
    #[error("a site's URL has no user name or password")]
    UserInfo,
    /// A `?` or `#`.
    #[error("a site's URL has no `?` and no `#`")]
    Query,
    /// A path that cannot be a site's.
    #[error("`{0}` cannot be a site's path: one segment of at most 40 lower-case letters, digits, `-`, `_`")]
    Path(String),
    /// No host or an odd one.
    #[error("`{0}` cannot be a host name")]
    Host(String),
    /// An IPv6 address.
    #[error("this version does not support IPv6 addresses yet")]
    Ipv6,
    /// Capital letters: browsers send the host in lower case. Holds the URL as it should be.
    #[error("write the host in lower case")]
    Capitals(String),
    /// Not a port.
    #[error("`{0}` cannot be a port")]
    Port(String),
}

impl SiteUrl {
    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is `https`.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The port that is written, if one is.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port, written or not.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// The one segment of its path, without slashes, where the site is below its host: `school`.
    pub fn below(&self) -> Option<&str> {
        Some(self.path.as_str()).filter(|path| !path.is_empty())
    }

    /// Its path as texts go on with it: `/school`, or nothing.
    pub fn path(&self) -> String {
        self.below().map(|path| format!("/{path}")).unwrap_or_default()
    }
}

impl FromStr for SiteUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            (None, None) => return Err(UrlError::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if authority.starts_with('[') {
            return Err(UrlError::Ipv6);
        }
        let (host, port) = match authority.split_once(':') {
            None => (authority, None),
            Some((host, port)) => (host, Some(port)),
        };
        if host.chars().any(|c| c.is_ascii_uppercase()) {
            let plain = host.trim_end_matches('.').to_ascii_lowercase();
            return Err(UrlError::Capitals(text.to_ascii_lowercase().replacen(
                &host.to_ascii_lowercase(),
                &plain,
                1,
            )));
        }
        if !is_host(host) {
            return Err(UrlError::Host(host.to_owned()));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && !is_path(path) {
            return Err(UrlError::Path(format!("/{path}")));
        }
        let port = port.map(|port| match port.parse::<u16>() {
            Ok(number) if number > 0 && !port.starts_with('+') => Ok(number),
            _ => Err(UrlError::Port(port.to_owned())),
        });
        let own = if https { 443 } else { 80 };
        // `https://x:443` and `https://x` are one; Moodle compares texts.
        let port = port.transpose()?.filter(|port| *port != own);
        Ok(Self { https, host: host.to_owned(), port, path: path.to_owned() })
    }
}

/// Whether a text is a host name in lower case (RFC 1123) or an IPv4 address.
pub(crate) fn is_host(host: &str) -> bool {
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numeric {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= LONGEST_HOST && host.split('.').all(is_label)
}

fn is_path(path: &str) -> bool {
    path.len() <= LONGEST_PATH
        && path.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && path.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl From<SiteUrl> for String {
    fn from(url: SiteUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        for (given, written) in [
            ("https://hugo.example.org", "https://hugo.example.org"),
            ("https://hugo.example.org/", "https://hugo.example.org"),
            ("https://hugo.example.org:443", "https://hugo.example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://a:443", "http://a:443"),
            ("https://a/school", "https://a/school"),
            ("https://a:8443/school-2/", "https://a:8443/school-2"),
        ] {
            assert_eq!(given.parse::<SiteUrl>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn odd_urls_are_refused() {
        for (given, message) in [
            ("hugo.example.org", "a site's URL begins with `https://` or `http://`"),
            ("ftp://a", "a site's URL begins with `https://` or `http://`"),
            ("https://", "`` cannot be a host name"),
            ("https://u:p@a", "a site's URL has no user name or password"),
            ("https://a?b", "a site's URL has no `?` and no `#`"),
            (
                "https://a/b/c",
                "`/b/c` cannot be a site's path: one segment of at most 40 lower-case letters, digits, `-`, `_`",
            ),
            (
                "https://a/index.php",
                "`/index.php` cannot be a site's path: one segment of at most 40 lower-case letters, digits, `-`, `_`",
            ),
            ("https://Hugo", "write the host in lower case"),
            ("https://a..b", "`a..b` cannot be a host name"),
            ("https://-a", "`-a` cannot be a host name"),
            ("https://1.2.3", "`1.2.3` cannot be a host name"),
            ("https://a:0", "`0` cannot be a port"),
            ("https://a:99999", "`99999` cannot be a port"),
            ("http://[::1]:8080", "this version does not support IPv6 addresses yet"),
            ("http://a:", "`` cannot be a port"),
            ("https://é", "`é` cannot be a host name"),
        ] {
            assert_eq!(given.parse::<SiteUrl>().unwrap_err().to_string(), message, "{given}");
        }
    }
}
