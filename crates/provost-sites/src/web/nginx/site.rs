//! The `server` blocks of one site.

use provost_moodle::site_file::X_ACCEL_PREFIX;

use super::super::block::{Block, Word, literal, mixed, text, variables};
use super::super::{FORM_OVERHEAD_MIB, GATEWAY_MARGIN_SECONDS};
use super::main_file::BUILD;
use super::{NginxSite, SiteTls, WebRoot, internal, log};

/// How long a browser may use a static file of the tree without asking, in seconds. What Moodle itself counts
/// revisions of (styles, scripts, theme images) comes through PHP with its own, far longer, time; an hour keeps the rest
/// off the network, and asking again costs no more than a 304.
const STATIC_SECONDS: u32 = 3600;

/// Returns the text of a site's file: its `server` block, and one that redirects its aliases. A site below a host that it shares has
/// no block of its own: [`location_file`] is what it has in the host's.
pub fn site_file(site: &NginxSite<'_>) -> String {
    let mut file = Block::new();
    write_head(&mut file, site, "");
    if site.address.below.is_some() {
        write_aliases(&mut file, site);
        return file.finish();
    }
    file.block("server", &[], |server| {
        write_listen(server, site);
        server.set("server_name", &[literal(site.address.host)]);
        write_common(server, site);
        server.gap();
        write_scheme(server, site);
        write_root(server, site);
        server.gap();
        write_static(server, site);
        server.gap();
        write_php(server, site);
        server.gap();
        write_dataroot(server, site);
    });
    write_aliases(&mut file, site);
    file.finish()
}

/// Returns what a site has in the `server` block of the host that it shares: everything below its path.
pub fn location_file(site: &NginxSite<'_>) -> String {
    let mut file = Block::new();
    write_head(&mut file, site, "");
    write_way_in(&mut file, site);
    let prefix = format!("{}/", site.address.path());
    file.block("location", &[variables("^~"), text(&prefix)], |location| {
        // A link to a directory, and what is below its path is below that: so an `alias`, which ends with a slash as the path does.
        location.set("alias", &[text(format!("{}/", root(site)))]);
        write_logs(location, site);
        write_body(location, site);
        location.gap();
        // In a location of their own: pages would inherit the headers of static files.
        location.block("location", &[text(&prefix)], |files| {
            refuse_internal(files);
            write_static_answer(files, site);
        });
        location.gap();
        write_php(location, site);
    });
    file.gap();
    write_dataroot(&mut file, site);
    file.finish()
}

/// Sends who leaves out the slash at the end of the path.
pub(super) fn write_way_in(file: &mut Block, site: &NginxSite<'_>) {
    let path = site.address.path();
    file.block("location", &[variables("="), text(&path)], |location| {
        location.set("return", &[variables("301"), mixed(format!("{path}/"), "$is_args$args")]);
    });
}

pub(super) fn write_head(file: &mut Block, site: &NginxSite<'_>, state: &str) {
    file.comment(&format!(
        "Site {}{state}. Provost makes this file from the fleet file; changes here are lost.",
        site.name.replace(char::is_control, "?"),
    ));
}

/// The block that sends other hosts to the site, where there are some.
pub(super) fn write_aliases(file: &mut Block, site: &NginxSite<'_>) {
    if site.aliases.is_empty() {
        return;
    }
    file.gap();
    file.block("server", &[], |server| {
        write_listen(server, site);
        let names: Vec<_> = site.aliases.iter().map(literal).collect();
        server.set("server_name", &names);
        write_common(server, site);
        server.set("return", &redirect(site.address.url()));
    });
}

pub(super) fn write_listen(server: &mut Block, site: &NginxSite<'_>) {
    let files = matches!(site.tls, SiteTls::Files { .. });
    for address in site.listen {
        let mut words = vec![variables(&address.to_string())];
        if files {
            words.push(variables("ssl"));
            if !site.nginx.has_http2_directive() {
                words.push(variables("http2"));
            }
        }
        server.set("listen", &words);
    }
    if files && site.nginx.has_http2_directive() {
        server.set("http2", &[variables("on")]);
    }
}

/// What the site and its aliases have in common: certificate, logs, and whose word about the client is believed.
pub(super) fn write_common(server: &mut Block, site: &NginxSite<'_>) {
    write_certificate(server, site);
    write_logs(server, site);
    write_proxies(server, site);
}

pub(super) fn write_certificate(server: &mut Block, site: &NginxSite<'_>) {
    if let SiteTls::Files { certificate, key } = site.tls {
        server.set("ssl_certificate", &[text(certificate)]);
        server.set("ssl_certificate_key", &[text(key)]);
        // Somebody said http:// to this port: not 400, but the way to the site.
        let words = [variables("497"), variables("=301"), mixed(site.address.origin(), "$request_uri")];
        server.set("error_page", &words);
    }
}

pub(super) fn write_logs(server: &mut Block, site: &NginxSite<'_>) {
    server.set("access_log", &[text(site.access_log), variables(log::FORMAT)]);
    // Not `warn`: that adds a line for every upload and every large answer, which nginx keeps in a file meanwhile.
    server.set("error_log", &[literal(site.error_log), variables("error")]);
}

pub(super) fn write_proxies(server: &mut Block, site: &NginxSite<'_>) {
    if !site.trusted_proxies.is_empty() {
        for proxy in site.trusted_proxies {
            server.set("set_real_ip_from", &[literal(proxy)]);
        }
        server.set("real_ip_header", &[variables("X-Forwarded-For")]);
        server.set("real_ip_recursive", &[variables("on")]);
    }
}

/// Sends to the site's own scheme whoever came to the proxy in front by another.
pub(super) fn write_scheme(server: &mut Block, site: &NginxSite<'_>) {
    if site.tls == SiteTls::Upstream && site.address.https {
        server.condition("$http_x_forwarded_proto = http", |condition| {
            condition.set("return", &redirect(site.address.origin()));
        });
    }
}

fn redirect(to: String) -> [Word; 2] {
    [variables("301"), mixed(to, "$request_uri")]
}

fn root(site: &NginxSite<'_>) -> camino::Utf8PathBuf {
    match site.web_root {
        WebRoot::Code => site.code.to_owned(),
        WebRoot::Public => site.code.join("public"),
    }
}

fn write_root(server: &mut Block, site: &NginxSite<'_>) {
    server.set("root", &[text(root(site))]);
    write_body(server, site);
    refuse_internal(server);
}

/// What may be asked for, and how much may be sent.
fn write_body(server: &mut Block, site: &NginxSite<'_>) {
    server.set("index", &[variables("index.php"), variables("index.html")]);
    let body = site.upload_mib.saturating_add(FORM_OVERHEAD_MIB);
    server.set("client_max_body_size", &[variables(&format!("{body}m"))]);
}

fn refuse_internal(block: &mut Block) {
    block.condition(&format!("${}", internal::INTERNAL), |condition| {
        condition.set("return", &[variables("404")]);
    });
}

/// Static files of the tree, and what is no file at all.
///
/// Every file of a build has the same time, so nginx's own `Last-Modified` and `ETag` (time and size) would be the same
/// for a file before and after an upgrade, as long as it kept its size: browsers would keep the old one. The build's name
/// is the tag instead. It is taken before the file is opened, so when a switch of builds comes in between, new content
/// goes out under the old tag, and is fetched once more; never the other way round.
fn write_static(server: &mut Block, site: &NginxSite<'_>) {
    server.block("location", &[variables("/")], |location| write_static_answer(location, site));
}

fn write_static_answer(location: &mut Block, site: &NginxSite<'_>) {
    let tag = format!("W/\"${BUILD}\"");
    location.set("set", &[variables("$provost_tag"), variables(&tag)]);
    location.condition("$http_if_none_match = $provost_tag", |unchanged| {
        unchanged.set("return", &[variables("304")]);
    });
    location.set("etag", &[variables("off")]);
    location.set("if_modified_since", &[variables("off")]);
    location.set("add_header", &[variables("Last-Modified"), text("")]);
    location.set("add_header", &[variables("ETag"), variables("$provost_tag")]);
    let cache = format!("public, max-age={STATIC_SECONDS}");
    location.set("add_header", &[variables("Cache-Control"), variables(&cache)]);
    location.set("add_header", &[variables("X-Content-Type-Options"), variables("nosniff")]);
    let last = if site.router { format!("{}/r.php", site.address.path()) } else { "=404".to_owned() };
    location.set("try_files", &[variables("$uri"), variables("$uri/"), variables(&last)]);
}

/// Pages.
///
/// `try_files` refuses scripts that are not there before PHP hears of them. It also sets nginx's own split of the path
/// back to nothing, so the two parts are kept in variables of ours: the location's own groups.
fn write_php(server: &mut Block, site: &NginxSite<'_>) {
    let path = site.address.path();
    let pattern =
        format!("^{path}(?<provost_php>{})(?<provost_path_info>/(?s:.*))?\\z", internal::SCRIPT_PATTERN);
    server.block("location", &[variables("~"), literal(pattern)], |location| {
        if site.address.below.is_some() {
            refuse_internal(location);
        }
        // Below a host with the path: nginx takes it off, once, where there is an `alias`.
        location.set("try_files", &[mixed(&path, "$provost_php"), variables("=404")]);
        location.set("fastcgi_pass", &[text(format!("unix:{}", site.socket))]);
        let wait = site.request_seconds.saturating_add(GATEWAY_MARGIN_SECONDS);
        location.set("fastcgi_read_timeout", &[variables(&format!("{wait}s"))]);
        location.comment(
            "Moodle's headers can be long (content policies, many cookies): one buffer takes them all.",
        );
        location.set("fastcgi_buffer_size", &[variables("32k")]);
        location.set("fastcgi_buffers", &[variables("16"), variables("32k")]);
        location.set("fastcgi_hide_header", &[variables("X-Powered-By")]);
        write_script_params(location, &path);
        write_address_params(location, site);
        param(
            location,
            "HTTP_IF_NONE_MATCH",
            &[variables("$provost_if_none_match"), variables("if_not_empty")],
        );
        write_withheld_params(location);
    });
}

/// Headers of the client that PHP is not told of: it would believe them.
///
/// Who the client is, nginx has decided already, from the proxies it trusts (`REMOTE_ADDR`). Moodle has a setting of its
/// own, `getremoteaddrconf`, that believes these headers whoever sent them; a site that came from another host may have
/// it on, and then anybody could choose their address, for the block lists and the limits by network.
fn write_withheld_params(location: &mut Block) {
    location.comment("A client's `Proxy` header would look like the environment's HTTP_PROXY.");
    param(location, "HTTP_PROXY", &[text(""), variables("if_not_empty")]);
    location.comment("Who the client is, nginx has decided: REMOTE_ADDR.");
    for name in ["HTTP_X_FORWARDED_FOR", "HTTP_CLIENT_IP"] {
        param(location, name, &[text(""), variables("if_not_empty")]);
    }
}

fn param(location: &mut Block, name: &str, words: &[Word]) {
    let mut all = vec![variables(name)];
    all.extend_from_slice(words);
    location.set("fastcgi_param", &all);
}

/// The script and the request. The build is resolved once per request, for both the root and the script: a request never
/// mixes two builds, not even while the link is replaced.
fn write_script_params(location: &mut Block, path: &str) {
    param(location, "DOCUMENT_ROOT", &[variables("$realpath_root")]);
    param(location, "SCRIPT_FILENAME", &[variables("$realpath_root$provost_php")]);
    for name in ["SCRIPT_NAME", "DOCUMENT_URI"] {
        param(location, name, &[mixed(path, "$provost_php")]);
    }
    for (name, value) in [
        ("REQUEST_URI", "$request_uri"),
        ("QUERY_STRING", "$query_string"),
        ("REQUEST_METHOD", "$request_method"),
        ("CONTENT_TYPE", "$content_type"),
        ("CONTENT_LENGTH", "$content_length"),
        ("SERVER_PROTOCOL", "$server_protocol"),
        ("SERVER_ADDR", "$server_addr"),
        ("REMOTE_ADDR", "$remote_addr"),
        ("REMOTE_PORT", "$remote_port"),
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        // Moodle looks for this word to know how to read the path.
        ("SERVER_SOFTWARE", "nginx"),
        ("REDIRECT_STATUS", "200"),
    ] {
        param(location, name, &[variables(value)]);
    }
    param(location, "PATH_INFO", &[variables("$provost_path_info"), variables("if_not_empty")]);
}

/// The site's address, from its URL and never from the request.
///
/// Moodle compares host, port and scheme of the request with its wwwroot and redirects to the wwwroot when they differ
/// (`initialise_fullme()` and `setup_get_remote_url()` in `lib/setuplib.php`, which read `HTTP_HOST`, `SERVER_PORT`,
/// `HTTPS` and `SCRIPT_NAME`). Behind a proxy the request that arrives here has another scheme and port, and perhaps
/// another host, than the browser's: Moodle would redirect the browser to where it already is, for ever. This `server`
/// only ever answers for this one URL, so saying so is the truth. `$CFG->sslproxy` and `$CFG->reverseproxy` are not
/// needed, and must not be set: with the second, Moodle refuses a request whose host is its own.
fn write_address_params(location: &mut Block, site: &NginxSite<'_>) {
    let address = &site.address;
    param(location, "HTTP_HOST", &[text(address.authority())]);
    param(location, "SERVER_NAME", &[text(address.host)]);
    param(location, "SERVER_PORT", &[variables(&address.port_or_default().to_string())]);
    param(location, "REQUEST_SCHEME", &[variables(address.scheme())]);
    if address.https {
        param(location, "HTTPS", &[variables("on")]);
    }
}

/// Files that Moodle has checked the right to, and has nginx send (`X-Accel-Redirect`).
///
/// nginx may read every site's files, a site's PHP only its own: without `disable_symlinks`, a page of one site could put
/// a link to another site's file into its dataroot and have nginx send it.
///
/// The tag is Moodle's, the SHA-1 of the content; nginx would put time and size in its place. Asking again with it is
/// answered by Moodle, which checks the right again.
fn write_dataroot(server: &mut Block, site: &NginxSite<'_>) {
    let dataroot = site.dataroot.as_str().trim_end_matches('/');
    let prefix = format!("{}{X_ACCEL_PREFIX}", site.address.path());
    server.block("location", &[variables("^~"), text(prefix)], |location| {
        location.set("internal", &[]);
        location.set("alias", &[text(format!("{dataroot}/"))]);
        location.set("etag", &[variables("off")]);
        location.set("if_modified_since", &[variables("off")]);
        location.set("add_header", &[variables("ETag"), variables("$upstream_http_etag")]);
        location.set("disable_symlinks", &[variables("if_not_owner"), text(format!("from={dataroot}"))]);
    });
}
