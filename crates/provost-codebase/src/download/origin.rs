//! Where a file comes from: an HTTP URL, or a path of this machine.

use std::fmt;

use camino::Utf8PathBuf;
use sha2::{Digest as _, Sha256};

use super::DownloadError;
use crate::git::redacted;

/// The longest URL we take, in bytes. Signed ones, to which servers redirect, have over a thousand.
const LONGEST_URL: usize = 4000;

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A server.
    Url(HttpUrl),
    /// A file of this machine, used where it lies.
    Path(Utf8PathBuf),
}

/// An `http` or `https` URL. It holds no user name and no password. Shown without what follows a `?`, which may be a
/// signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    host: String,
    port: Option<u16>,
    secure: bool,
}

impl Origin {
    /// Reads an origin as it stands in the fleet file: an `http`, `https` or `file` URL or an absolute path.
    ///
    /// # Errors
    /// [`DownloadError::Origin`] when it is none of these, or has a password or a token in it.
    pub fn parse(text: &str) -> Result<Self, DownloadError> {
        if text.starts_with('/') && !text.chars().any(char::is_control) {
            return Ok(Self::Path(Utf8PathBuf::from(text)));
        }
        if let Some(rest) = text.strip_prefix("file://") {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            return match decoded(path).filter(|path| path.starts_with('/')) {
                Some(path) => Ok(Self::Path(Utf8PathBuf::from(path))),
                None => Err(wrong(text, "it is no path of this machine")),
            };
        }
        HttpUrl::parse(text).map(Self::Url)
    }
}

impl HttpUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`DownloadError::Origin`].
    pub fn parse(text: &str) -> Result<Self, DownloadError> {
        if text.len() > LONGEST_URL || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                text,
                "it is too long, or has blanks or other characters in it that no URL has",
            ));
        }
        // Who asks for a part of a page gets the whole.
        let text = text.split('#').next().unwrap_or_default();
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong(text, "it is neither an absolute path nor a URL"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong(text, "its scheme is not one of https, http and file")),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(wrong(text, "it has a password or a token in it"));
        }
        let uri: ureq::http::Uri = text.parse().map_err(|_| wrong(text, "it is no URL"))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong(text, "it names no host"))?.to_ascii_lowercase();
        let port = uri.port_u16();
        if port.is_none() && !authority.ends_with(']') && authority.contains(':') && !authority.contains('[')
        {
            return Err(wrong(text, "its port is no number"));
        }
        Ok(Self { text: text.to_owned(), host, port, secure })
    }

    /// Where a redirect leads.
    pub(super) fn join(&self, location: &str) -> Result<Self, DownloadError> {
        let scheme = if self.secure { "https" } else { "http" };
        let start = scheme.len() + 3;
        let path = self.text[start..].find(['/', '?']).map_or(self.text.len(), |at| start + at);
        let file = self.text[path..].find('?').map_or(self.text.len(), |at| path + at);
        let beside = self.text[path..file].rfind('/').map_or(path, |at| path + at);
        let relative = |from: usize| format!("{}{location}", &self.text[..from]);
        let beginning = location.split(['/', '?', '#']).next().unwrap_or_default();
        let joined = if beginning.contains(':') {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            relative(path)
        } else if location.starts_with('?') {
            relative(file)
        } else {
            format!("{}/{location}", &self.text[..beside])
        };
        let url = Self::parse(&joined)?;
        if self.secure && !url.secure {
            return Err(wrong(&joined, "it is not encrypted, and who led there was"));
        }
        Ok(url)
    }

    /// The URL as the server gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, as messages name it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Whether it is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The name of a file that belongs to this URL.
    pub(super) fn digest(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.split('?').next().unwrap_or_default())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Path(path) => f.write_str(path.as_str()),
        }
    }
}

fn wrong(url: &str, why: &str) -> DownloadError {
    let shown = redacted(url);
    let shown = shown.split('?').next().unwrap_or_default().chars().take(200).collect::<String>();
    DownloadError::Origin { url: shown.escape_debug().to_string(), why: why.to_owned() }
}

/// Reads `%20` and its kin.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Origin::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn origins_are_read() {
        let url = |text: &str| match Origin::parse(text).unwrap() {
            Origin::Url(url) => url,
            Origin::Path(path) => panic!("{path}"),
        };
        let read = url("https://Example.org:8443/a/b.zip?token=1#top");
        assert_eq!(read.as_str(), "https://Example.org:8443/a/b.zip?token=1");
        assert_eq!(read.to_string(), "https://Example.org:8443/a/b.zip");
        assert_eq!((read.host(), read.port(), read.is_secure()), ("example.org", 8443, true));
        assert_eq!(url("http://[::1]/x").port(), 80);
        let path = |text: &str| Origin::parse(text).unwrap().to_string();
        assert_eq!(path("/srv/x.zip"), "/srv/x.zip");
        assert_eq!(path("file:///srv/a%20b.zip"), "/srv/a b.zip");
        assert_eq!(path("file://localhost/srv/x.zip"), "/srv/x.zip");
    }

    #[test]
    fn bad_origins_are_refused() {
        insta::assert_snapshot!(error("ftp://host/x.zip"), @"cannot download from `ftp://host/x.zip`: its scheme is not one of https, http and file");
        insta::assert_snapshot!(error("x.zip"), @"cannot download from `x.zip`: it is neither an absolute path nor a URL");
        insta::assert_snapshot!(error("https://ann:hunter2@host/x.zip"), @"cannot download from `https://***@host/x.zip`: it has a password or a token in it");
        insta::assert_snapshot!(error("https://t0ken@host/x.zip?y"), @"cannot download from `https://***@host/x.zip`: it has a password or a token in it");
        insta::assert_snapshot!(error("https:///x.zip"), @"cannot download from `https:///x.zip`: it is no URL");
        insta::assert_snapshot!(error("http://host:port/x.zip"), @"cannot download from `http://host:port/x.zip`: its port is no number");
        insta::assert_snapshot!(error("http://host/a b"), @"cannot download from `http://host/a b`: it is too long, or has blanks or other characters in it that no URL has");
        insta::assert_snapshot!(error("http://host/a\r\nX: y"), @r#"cannot download from `http://host/a\r\nX: y`: it is too long, or has blanks or other characters in it that no URL has"#);
        insta::assert_snapshot!(error("file://host/x.zip"), @"cannot download from `file://host/x.zip`: it is no path of this machine");
    }

    #[test]
    fn redirects_are_followed_in_all_their_forms() {
        let to = |from: &str, location: &str| match HttpUrl::parse(from).unwrap().join(location) {
            Ok(url) => url.as_str().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(to("http://h/a/b?c", "https://i/d"), "https://i/d");
        assert_eq!(to("https://h/a/b?c", "//i/d"), "https://i/d");
        assert_eq!(to("http://h:81/a/b?c/d", "/e?f"), "http://h:81/e?f");
        assert_eq!(to("http://h/a/b?c/d", "e"), "http://h/a/e");
        assert_eq!(to("http://h", "e"), "http://h/e");
        assert_eq!(to("http://h?x", "/e"), "http://h/e");
        assert_eq!(to("http://h/a?b", "?c"), "http://h/a?c");
        insta::assert_snapshot!(to("https://h/a", "http://h/a?token"), @"cannot download from `http://h/a`: it is not encrypted, and who led there was");
        insta::assert_snapshot!(to("http://h/a", "file:///etc/passwd"), @"cannot download from `file:///etc/passwd`: its scheme is not one of https, http and file");
        insta::assert_snapshot!(to("http://h/a", "http://u:p@h/"), @"cannot download from `http://***@h/`: it has a password or a token in it");
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(https?://|file://|/)?.{0,40}", location in ".{0,40}") {
            if let Ok(Origin::Url(url)) = Origin::parse(&text) {
                proptest::prop_assert!(!url.host().is_empty());
                drop(url.join(&location));
            }
        }

        #[test]
        fn urls_that_look_like_urls_are_read_or_refused(url in "https?://[a-z.:@\\[\\]/?#%0-9]{0,30}", location in "[a-z.:@/?#%0-9]{0,20}") {
            if let Ok(url) = HttpUrl::parse(&url) {
                proptest::prop_assert!(!url.as_str().contains('@') || url.as_str().find('@') > url.as_str().find(['/', '?']));
                drop(url.join(&location));
            }
        }
    }
}
