//! Texts that point elsewhere: git sources and paths.

use camino::Utf8PathBuf;

use crate::diagnostic::{Diagnostic, Sink};
use crate::read::At;

/// Whether git can fetch from a text: a URL, `user@host:path`, or an absolute path.
///
/// # Errors
/// Says in words what is wrong.
pub(crate) fn git_source(text: &str) -> Result<(), String> {
    let schemes = ["https://", "http://", "ssh://", "git://", "file:///"];
    let scp = || text.split_once(':').is_some_and(|(host, path)| host.contains('@') && !path.is_empty());
    if text.is_empty() {
        return Err("a git source cannot be empty".to_owned());
    }
    // git takes a word that begins with `-` for an option.
    if text.starts_with('-') || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a git source has no blanks and does not begin with `-`".to_owned());
    }
    if holds_password(text) {
        return Err("a git source holds no password or token: it would stand in the lock and in the list of processes".to_owned());
    }
    if text.starts_with('/') || schemes.iter().any(|scheme| text.starts_with(scheme)) || scp() {
        return Ok(());
    }
    Err("a git source is a URL (https://…, ssh://…, user@host:path) or an absolute path".to_owned())
}

/// Parts of the names by which servers call a secret in a URL's query: `private_token`, `X-Amz-Signature`, `api_key`.
const SECRET_PARTS: [&str; 9] =
    ["token", "secret", "passw", "pwd", "signature", "credential", "apikey", "accesskey", "licensekey"];

/// Whole names of that kind, too short to be looked for in others.
const SECRET_NAMES: [&str; 6] = ["key", "sig", "auth", "jwt", "pass", "license"];

/// Whether a URL carries a login that is perhaps secret: anything before `@` over HTTP, a password elsewhere, or what a server
/// calls a token or a key in its query.
pub(crate) fn holds_password(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| scheme.starts_with("http") || user.contains(':'))
        || rest.split_once('?').is_some_and(|(_, query)| query.split(['&', ';', '#']).any(is_secret))
}

/// Whether `NAME=VALUE` of a query gives a secret.
fn is_secret(pair: &str) -> bool {
    let Some((name, value)) = pair.split_once('=') else { return false };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    !value.is_empty()
        && (SECRET_NAMES.contains(&plain.as_str()) || SECRET_PARTS.iter().any(|part| plain.contains(part)))
}

/// An absolute path without `..`.
pub(crate) fn absolute(sink: &Sink, key: &str, text: At<String>) -> Option<At<Utf8PathBuf>> {
    let path = Utf8PathBuf::from(&text.value);
    let climbs = path.components().any(|part| part.as_str() == "..");
    if path.is_absolute() && !climbs && !text.value.chars().any(char::is_control) {
        return Some(At::new(path, text.span));
    }
    sink.push(Diagnostic::error(text.span, format!("`{key}` is an absolute path without `..`")));
    None
}
