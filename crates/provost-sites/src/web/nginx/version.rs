//! Versions of nginx, and what they changed in its syntax.

/// The oldest nginx that reads our files: `ssl_reject_handshake` and `-e` came with 1.19.5.
pub const OLDEST: NginxVersion = NginxVersion { major: 1, minor: 19, patch: 5 };

/// A version of nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NginxVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl NginxVersion {
    /// Finds the version in what `nginx -v` prints (on standard error): `nginx version: nginx/1.22.1`.
    pub fn parse(output: &str) -> Option<Self> {
        let (_, after) = output.split_once("nginx/")?;
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(after.len());
        let mut numbers = after.get(..end)?.split('.').map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok);
        Some(Self { major: next()?, minor: next()?, patch: next().unwrap_or(0) })
    }

    /// Whether `http2` is a directive of its own; before 1.25.1 it was a word of `listen`, which is warned of since.
    pub(super) fn has_http2_directive(self) -> bool {
        self >= Self { major: 1, minor: 25, patch: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::NginxVersion;

    #[test]
    fn versions_are_found_in_what_nginx_prints() {
        let version = |major, minor, patch| Some(NginxVersion { major, minor, patch });
        assert_eq!(NginxVersion::parse("nginx version: nginx/1.22.1\n"), version(1, 22, 1));
        assert_eq!(NginxVersion::parse("nginx version: nginx/1.24.0 (Ubuntu)"), version(1, 24, 0));
        assert_eq!(NginxVersion::parse("nginx version: nginx/1.27"), version(1, 27, 0));
        assert_eq!(NginxVersion::parse("nginx version: openresty"), None);
        assert_eq!(NginxVersion::parse("nginx/99999999999.1.1"), None);
    }
}
