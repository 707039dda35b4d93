//! Where a repository is: a URL or a directory of this machine, and where its cache lies.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::GitError;

/// The longest URL we take, in bytes. Longer ones are no use to anybody, and the cache's path follows the URL.
const LONGEST_URL: usize = 2000;

/// The longest part of a path in the cache, in bytes: Linux takes 255, and a lock's name is a little longer.
const LONGEST_PART: usize = 200;

/// Schemes that git fetches by itself. `ext::` and other helpers run commands and are refused.
const SCHEMES: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// A git repository to read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Somewhere else: fetched into the cache.
    Url(RemoteUrl),
    /// A directory of this machine, bare or not: used as it is, without a cache.
    Path(Utf8PathBuf),
    /// The cache's repository of imported trees: what came as a zip or as a directory. Its "commits" are tree ids.
    Imported,
}

/// The repository of imported trees in the git cache. No URL's cache lies there: those have at least two parts.
const IMPORTED: &str = "imported.git";

/// A URL that git fetches from. It holds no password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteUrl {
    text: String,
    host: String,
    /// Path in the cache below the host, without `.git`.
    parts: Vec<String>,
}

impl Source {
    /// Reads a source as it stands in the fleet file or the lock.
    ///
    /// # Errors
    /// [`GitError::Source`] when it is neither an absolute path nor a URL git can fetch, or when it has a password in
    /// it: that would end up in the lock, in plans and in the list of processes.
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let wrong = |why: &str| GitError::Source { url: redacted(text), why: why.to_owned() };
        if text.starts_with('-') {
            return Err(wrong("it begins with `-`, so that git would take it for an option"));
        }
        if text.len() > LONGEST_URL || text.chars().any(char::is_control) {
            return Err(wrong("it is too long or has control characters in it"));
        }
        if text.starts_with('/') {
            return Ok(Self::Path(Utf8PathBuf::from(text)));
        }
        let (authority, path) = if let Some((scheme, rest)) = text.split_once("://") {
            if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
                return Err(wrong("its scheme is not one of https, http, ssh, git and file"));
            }
            rest.split_once('/').unwrap_or((rest, ""))
        } else {
            text.split_once(':')
                .filter(|(host, path)| !host.contains('/') && !path.starts_with(':'))
                .ok_or_else(|| wrong("it is neither an absolute path nor a URL"))?
        };
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            return Err(wrong(
                "it has a password in it; let git's credential helper or an SSH key supply that",
            ));
        }
        if host.starts_with('-') {
            return Err(wrong("its host begins with `-`"));
        }
        let host = if host.is_empty() && text.starts_with("file:") { "file" } else { host };
        let parts = cache_parts(path);
        if host.is_empty() || parts.is_empty() {
            return Err(wrong("it names no repository"));
        }
        let host = host.to_ascii_lowercase();
        if parts.iter().chain([&escaped(&host)]).any(|part| part.len() > LONGEST_PART) {
            return Err(wrong("a part of it is too long"));
        }
        Ok(Self::Url(RemoteUrl { text: text.to_owned(), host, parts }))
    }

    /// The repository to read: the cache's for a URL, the directory itself for a path.
    pub fn repository(&self, cache: &Utf8Path) -> Utf8PathBuf {
        match self {
            Self::Url(url) => cache.join(escaped(&url.host)).join(format!("{}.git", url.parts.join("/"))),
            Self::Path(path) => path.clone(),
            Self::Imported => cache.join(IMPORTED),
        }
    }
}

impl RemoteUrl {
    /// The URL as git gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, as messages name it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the repository is on this machine.
    pub fn is_file(&self) -> bool {
        self.text.starts_with("file:")
    }

    /// Arguments for a repository of this machine: there git starts a second git, which would refuse a mirror that belongs
    /// to another user, and is not told of our own configuration.
    pub(super) fn upload_pack(&self) -> &'static [&'static str] {
        if self.is_file() { &["--upload-pack=git -c safe.directory=* upload-pack"] } else { &[] }
    }

    fn short(&self) -> String {
        format!("{}/{}", self.host, self.parts.join("/"))
    }
}

impl fmt::Display for Source {
    /// Short and without user names: `github.com/danmarsden/moodle-mod_attendance`, or the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(&url.short()),
            Self::Path(path) => f.write_str(path.as_str()),
            Self::Imported => f.write_str("imported files"),
        }
    }
}

/// The parts of a repository's path, safe as names of directories. The last one has no `.git`, so that both spellings of
/// one repository share a cache.
fn cache_parts(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.split('/').filter(|part| !part.is_empty()).map(escaped).collect()
}

/// Writes everything that is not plain as `%XX`. A part never begins with a dot or a dash; one that ends in `.git` would
/// lie inside another repository's cache, so its dot is written `%2E`.
fn escaped(part: &str) -> String {
    let mut plain = String::with_capacity(part.len());
    let git = part.len().checked_sub(4).filter(|_| part.ends_with(".git"));
    for (at, byte) in part.bytes().enumerate() {
        let safe = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'+' => true,
            b'.' => at > 0 && Some(at) != git,
            b'-' => at > 0,
            _ => false,
        };
        if safe {
            plain.push(char::from(byte));
        } else {
            plain.push_str(&format!("%{byte:02X}"));
        }
    }
    plain
}

/// A URL without what stands before its host, for messages. A text that is no URL is returned as it is.
pub fn redacted(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    match url[start..end].rfind('@') {
        // `git@host:path` is everybody's user name and no secret.
        Some(at) if start == 0 && !url[..at].contains(':') => url.to_owned(),
        Some(at) => format!("{}***@{}", &url[..start], &url[start + at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(url: &str) -> String {
        Source::parse(url).unwrap().repository(Utf8Path::new("/cache")).into_string()
    }

    fn error(url: &str) -> String {
        Source::parse(url).unwrap_err().to_string()
    }

    #[test]
    fn a_cache_has_a_readable_place() {
        let place = "/cache/github.com/danmarsden/moodle-mod_attendance.git";
        assert_eq!(Source::parse("https://H.org:8443/a").unwrap().to_string(), "h.org:8443/a");
        for url in [
            "https://github.com/danmarsden/moodle-mod_attendance.git",
            "https://GitHub.com/danmarsden/moodle-mod_attendance/",
            "git@github.com:danmarsden/moodle-mod_attendance.git",
            "ssh://git@github.com/danmarsden/moodle-mod_attendance",
        ] {
            assert_eq!(cache(url), place, "{url}");
        }
        assert_eq!(cache("file:///srv/git/moodle.git"), "/cache/file/srv/git/moodle.git");
        assert_eq!(cache("/srv/git/moodle"), "/srv/git/moodle");
    }

    #[test]
    fn a_cache_stays_in_its_place() {
        assert_eq!(cache("https://h/../../etc/passwd"), "/cache/h/%2E./%2E./etc/passwd.git");
        assert_eq!(cache("https://h/a.git/b.git"), "/cache/h/a%2Egit/b.git");
        assert_eq!(cache("https://h:8443/a b?c=d"), "/cache/h%3A8443/a%20b%3Fc%3Dd.git");
        assert_eq!(cache("https://h/.git/x"), "/cache/h/%2Egit/x.git");
    }

    #[test]
    fn bad_sources_are_refused() {
        insta::assert_snapshot!(error("--upload-pack=touch /tmp/x"), @"cannot use `--upload-pack=touch /tmp/x` as a git repository: it begins with `-`, so that git would take it for an option");
        insta::assert_snapshot!(error("ext::sh -c id"), @"cannot use `ext::sh -c id` as a git repository: it is neither an absolute path nor a URL");
        insta::assert_snapshot!(error("ftp://host/moodle"), @"cannot use `ftp://host/moodle` as a git repository: its scheme is not one of https, http, ssh, git and file");
        insta::assert_snapshot!(error("ssh://-oProxyCommand=id/moodle"), @"cannot use `ssh://-oProxyCommand=id/moodle` as a git repository: its host begins with `-`");
        insta::assert_snapshot!(error("moodle"), @"cannot use `moodle` as a git repository: it is neither an absolute path nor a URL");
        insta::assert_snapshot!(error("https://host"), @"cannot use `https://host` as a git repository: it names no repository");
        insta::assert_snapshot!(error("https://ann:hunter2@host/moodle"), @"cannot use `https://***@host/moodle` as a git repository: it has a password in it; let git's credential helper or an SSH key supply that");
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(redacted("https://token@host/x"), "https://***@host/x");
        assert_eq!(redacted("https://u:p@ss@host/x"), "https://***@host/x");
        assert_eq!(redacted("u:p@host:x"), "***@host:x");
        assert_eq!(redacted("git@host:x"), "git@host:x");
        assert_eq!(redacted("/a/b@c"), "/a/b@c");
    }

    proptest::proptest! {
        #[test]
        fn no_url_escapes_the_cache(url in "(https://|file://|[a-z]{0,5}@)?[a-z.%/:@?\\-]{0,30}") {
            if let Ok(source @ Source::Url(_)) = Source::parse(&url) {
                let place = source.repository(Utf8Path::new("/cache"));
                let below = place.strip_prefix("/cache").unwrap();
                proptest::prop_assert!(below.components().all(|part| !part.as_str().starts_with('.')));
                proptest::prop_assert!(below.components().count() >= 2);
            }
        }
    }
}
