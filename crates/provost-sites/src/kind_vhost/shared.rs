//! Where the files of hosts are that sites share.
//!
//! ```text
//! @HOST.conf              the host's `server` block
//! @HOST.d/SITE.conf       what a site has in it
//! ```
//!
//! Both lie beside the sites' own files; no site's name begins with `@`.

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_fleet::name::Name;

use super::render::Shared;

/// The file of a host.
pub(super) fn host(cx: &Context, host: &str) -> Utf8PathBuf {
    cx.paths.vhosts().join(format!("@{host}.conf"))
}

/// The directory of what sites have in it.
pub(super) fn parts(cx: &Context, host: &str) -> Utf8PathBuf {
    cx.paths.vhosts().join(format!("@{host}.d"))
}

/// What a site has in it.
pub(super) fn part(cx: &Context, host: &str, site: &Name) -> Utf8PathBuf {
    parts(cx, host).join(format!("{site}.conf"))
}

/// Whether a site is the first by name of those in its host.
pub(super) fn is_first(of: Option<&Shared>, site: &Name) -> bool {
    let parts = of.and_then(|shared| shared.site.path.parent());
    let names = parts.into_iter().flat_map(|parts| parts.read_dir_utf8().into_iter().flatten().flatten());
    let mut names = names.filter_map(|entry| entry.file_name().strip_suffix(".conf")?.parse::<Name>().ok());
    names.all(|name| name >= *site)
}

/// What a site has in hosts, but for the one that it is to be in.
pub(super) fn others(cx: &Context, site: &Name, wanted: Option<&Shared>) -> Vec<Utf8PathBuf> {
    others_in(&hosts(cx), cx, site, wanted)
}

/// As [`others`], in these hosts: listing them means listing the files of all sites.
pub(super) fn others_in(
    hosts: &[String],
    cx: &Context,
    site: &Name,
    wanted: Option<&Shared>,
) -> Vec<Utf8PathBuf> {
    let all = hosts.iter().map(|host| part(cx, host, site));
    all.filter(|path| path.exists() && wanted.is_none_or(|wanted| wanted.site.path != *path)).collect()
}

/// Removes the files of hosts that no site is in any more.
pub(super) fn tidy(cx: &Context) -> std::io::Result<()> {
    for name in hosts(cx) {
        let used = std::fs::read_dir(parts(cx, &name))?
            .flatten()
            .any(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(".conf")));
        if !used {
            super::remove_if_there(&host(cx, &name))?;
            std::fs::remove_dir_all(parts(cx, &name))?;
        }
    }
    Ok(())
}

/// The hosts that have a directory.
pub(super) fn hosts(cx: &Context) -> Vec<String> {
    let entries = std::fs::read_dir(cx.paths.vhosts()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| Some(name.strip_prefix('@')?.strip_suffix(".d")?.to_owned())).collect()
}
