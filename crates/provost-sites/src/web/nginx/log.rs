//! What the access logs say.
//!
//! The fields of the well-known `combined` format, so that every tool reads them, and behind them the seconds nginx and
//! PHP took (`-` when PHP was not asked). Moodle puts keys into URLs: tokens of web services, private file and feed
//! links, session keys. A log is read by more people than may hold those, so they are left out.

use super::super::block::{Block, pattern, text, variables};

/// Keys of a query whose values are secrets, or parts of such keys.
const SECRET_KEYS: &str = "token|key|password|secret|signature|code|state|pass";

/// Scripts whose slash arguments hold a secret.
const SECRET_PATHS: &str = r"tokenpluginfile\.php|rss/file\.php";

/// The format's name.
pub(super) const FORMAT: &str = "provost";

/// Writes the maps and the format into the main file.
pub(super) fn write(http: &mut Block) {
    for (from, to) in [("$request_uri", "$provost_logged_uri"), ("$http_referer", "$provost_logged_referer")]
    {
        http.block("map", &[variables(from), variables(to)], |map| {
            map.set("default", &[variables(from)]);
            map.entry(text(""), variables("-"));
            map.entry(
                pattern(&format!("(?<provost_kept>^.*?/(?:{SECRET_PATHS}))/")),
                variables("$provost_kept/[hidden]"),
            );
            map.entry(
                pattern(&format!(r"(?i)(?<provost_kept>^[^?]*)\?.*?(?:{SECRET_KEYS})[^=&]*=")),
                variables("$provost_kept?[hidden]"),
            );
        });
    }
    http.set(
        "log_format",
        &[
            variables(FORMAT),
            variables("$remote_addr - $remote_user [$time_local] \"$request_method $provost_logged_uri $server_protocol\" "),
            variables("$status $body_bytes_sent \"$provost_logged_referer\" \"$http_user_agent\" "),
            variables("$host $request_time $upstream_response_time"),
        ],
    );
}
