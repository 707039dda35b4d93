//! `nginx.conf`.

use super::super::block::{Block, DOLLAR, literal, pattern, text, variables};
use super::{NginxMain, internal, log, mime};

/// Connections of one worker: browsers keep several open, and each request to PHP is one more.
const CONNECTIONS: &str = "4096";

/// Files that one worker may have open: its connections, a file for each, and the two logs of each of 3,000 sites.
const OPEN_FILES: &str = "20000";

/// What the hash table of host names may grow to. nginx's default, 512, is for a few hundred names; this takes 3,000
/// sites with their aliases without a warning.
const NAMES: &str = "32768";

/// Bytes of one place in that table: a name of 253 bytes, the longest there is, and what nginx keeps beside it.
const NAME_BYTES: &str = "512";

/// The variable that names the build a request is answered from: the last directory of the web root, less `public`.
pub(super) const BUILD: &str = "provost_build";

/// Returns the text of `nginx.conf`.
///
/// Start it with [`super::arguments`]. It stays in the foreground; `TERM` ends it at once, `QUIT` after the requests in
/// flight, `HUP` reads all files again. Each site has two logs that stay open, so the starter must raise
/// the soft limit of open files (`RLIMIT_NOFILE`) above three times the number of sites before it starts nginx: the
/// usual 1,024 end at 500 sites ("Too many open files").
///
/// Measured with nginx 1.22 and 3,000 sites with an alias each: 1.3 s to read all files, 314 MiB shared by the master and
/// its workers (5 MiB of each worker's own), 6,012 open files.
pub fn main_file(main: &NginxMain<'_>) -> String {
    let mut file = Block::new();
    file.comment("nginx of this fleet. Provost makes this file from the fleet file; changes here are lost.");
    file.set("daemon", &[variables("off")]);
    if let Some(user) = main.user {
        file.set("user", &[literal(user.user), literal(user.group)]);
    }
    let workers = if main.workers == 0 { "auto".to_owned() } else { main.workers.to_string() };
    file.set("worker_processes", &[variables(&workers)]);
    file.set("worker_rlimit_nofile", &[variables(OPEN_FILES)]);
    file.set("pid", &[literal(main.pid)]);
    file.set("error_log", &[literal(main.error_log), variables("warn")]);
    file.set("pcre_jit", &[variables("on")]);
    file.gap();
    file.block("events", &[], |events| events.set("worker_connections", &[variables(CONNECTIONS)]));
    file.gap();
    file.block("http", &[], |http| write_http(http, main));
    file.finish()
}

fn write_http(http: &mut Block, main: &NginxMain<'_>) {
    http.set("server_tokens", &[variables("off")]);
    http.set("sendfile", &[variables("on")]);
    http.set("tcp_nopush", &[variables("on")]);
    http.set("server_names_hash_max_size", &[variables(NAMES)]);
    http.set("server_names_hash_bucket_size", &[variables(NAME_BYTES)]);
    http.comment(
        "Redirects of nginx's own name no host: behind a proxy it would be the wrong scheme and port.",
    );
    http.set("absolute_redirect", &[variables("off")]);
    for kind in ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"] {
        http.set(&format!("{kind}_temp_path"), &[literal(main.temporary.join(kind))]);
    }
    http.gap();
    mime::write(http);
    http.gap();
    http.comment("nginx has no escape for a dollar sign; this is one.");
    http.block("geo", &[variables(&format!("${DOLLAR}"))], |geo| geo.set("default", &[variables("$")]));
    http.gap();
    write_build_map(http);
    http.gap();
    http.comment("Compressing makes a tag weak, and Moodle compares tags letter by letter.");
    http.block("map", &[variables("$http_if_none_match"), variables("$provost_if_none_match")], |map| {
        map.set("default", &[variables("$http_if_none_match")]);
        map.entry(pattern("^W/(?<provost_strong>\"[^\"]*\")$"), variables("$provost_strong"));
    });
    http.gap();
    internal::write_maps(http);
    http.gap();
    log::write(http);
    http.set("access_log", &[text(main.access_log), variables(log::FORMAT)]);
    http.gap();
    if main.ends_tls {
        http.set("ssl_protocols", &[variables("TLSv1.2"), variables("TLSv1.3")]);
        http.set("ssl_session_cache", &[variables("shared:provost:10m")]);
        http.set("ssl_session_tickets", &[variables("off")]);
        http.gap();
    }
    write_default_server(http, main);
    http.gap();
    http.set("include", &[literal(main.sites.join("*.conf"))]);
}

/// The directory that `sites/NAME/code` leads to is named after the build's content.
fn write_build_map(http: &mut Block) {
    http.comment("The build that answers: the directory of that name, named after its content.");
    http.block("map", &[variables("$realpath_root"), variables(&format!("${BUILD}"))], |map| {
        map.set("default", &[variables("unknown")]);
        map.entry(pattern("/(?<provost_tree>[^/]+?)(?:/public)?$"), variables("$provost_tree"));
    });
}

/// Hosts that are no site get a short answer of nginx's own. Without this server they would get the first site.
fn write_default_server(http: &mut Block, main: &NginxMain<'_>) {
    http.comment("Hosts that are no site: PHP is not asked.");
    http.block("server", &[], |server| {
        for address in main.listen {
            let mut words = vec![variables(&address.to_string())];
            if main.ends_tls {
                words.push(variables("ssl"));
            }
            words.push(variables("default_server"));
            server.set("listen", &words);
        }
        server.set("server_name", &[text("")]);
        if main.ends_tls {
            // There is no certificate that could be right.
            server.set("ssl_reject_handshake", &[variables("on")]);
        }
        server.block("location", &[variables("/")], |location| {
            location.set("default_type", &[variables("text/plain")]);
            location.set("return", &[variables("404"), text("There is no site at this address.\n")]);
        });
    });
}
