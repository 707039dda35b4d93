//! The `server` block of a host that sites share, each below a path of its own.

use camino::Utf8Path;

use super::super::block::{Block, literal, text, variables};
use super::NginxSite;
use super::site::{write_certificate, write_listen, write_proxies, write_scheme};

/// Returns the text of the file, which is the same whichever of its sites it is made for. `sites` is the directory of what they have in it
/// ([`super::location_file`]): a site comes and goes without a word to the others.
pub fn host_file(site: &NginxSite<'_>, sites: &Utf8Path) -> String {
    let mut file = Block::new();
    file.comment(
        "A host that sites share. Provost makes this file from the fleet file; changes here are lost.",
    );
    file.block("server", &[], |server| {
        write_listen(server, site);
        server.set("server_name", &[literal(site.address.host)]);
        write_certificate(server, site);
        write_proxies(server, site);
        write_scheme(server, site);
        server.block("location", &[variables("/")], |location| {
            location.set("default_type", &[variables("text/plain")]);
            location.set("return", &[variables("404"), text("There is no site at this address.\n")]);
        });
        server.set("include", &[literal(sites.join("*.conf"))]);
    });
    file.finish()
}
