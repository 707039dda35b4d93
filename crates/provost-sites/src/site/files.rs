//! A site's made files: the PHP file, the links that lead to it, the link to its build, and its dataroot.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_moodle::config_hook::host_link_name;
use provost_moodle::site_file::LOCAL_REQUEST_DIRECTORY;

use super::SiteError;
use super::config::Rendered;
use crate::accounts::User;
use crate::mark::{self, Mark, Stage};

/// Writes the PHP file and points the command line's link at it. The web does not see it yet.
pub fn write_config(cx: &Context, name: &Name, rendered: &Rendered, user: &User) -> Result<(), SiteError> {
    let directory = cx.paths.site(name);
    files::directory(&directory, 0o755, &Account::Own).map_err(SiteError::io("make", &directory))?;
    let path = directory.join(&rendered.file_name);
    // For the site's own user alone: nginx is in the site's group and has no business with the password.
    files::write_whole(&path, rendered.text.expose().as_bytes(), 0o400, &user.account)
        .map_err(SiteError::io("write", &path))?;
    let link = directory.join("site.php");
    files::link_whole(&link, &rendered.file_name).map_err(SiteError::io("write", &link))
}

/// Points the web's link at the site's PHP file, and removes its older files and other host names.
pub fn open_to_web(cx: &Context, name: &Name, site: &Site, rendered: &Rendered) -> Result<(), SiteError> {
    let hosts = cx.paths.hosts();
    files::directory(&hosts, 0o755, &Account::Own).map_err(SiteError::io("make", &hosts))?;
    let link = hosts.join(link_name(site));
    files::link_whole(&link, &host_target(name, &rendered.file_name))
        .map_err(SiteError::io("write", &link))?;
    remove_old_configs(cx, name, &rendered.file_name)?;
    remove_host_links(cx, name, Some(&link_name(site)))
}

/// The name of the link that leads to a site from its address.
pub fn link_name(site: &Site) -> String {
    host_link_name(site.url.host(), site.url.below())
}

/// What a host's link holds.
pub fn host_target(name: &Name, file_name: &str) -> String {
    format!("../sites/{name}/{file_name}")
}

fn remove_old_configs(cx: &Context, name: &Name, keep: &str) -> Result<(), SiteError> {
    let directory = cx.paths.site(name);
    for entry in read_directory(&directory)? {
        if entry.starts_with("site-") && entry != keep {
            remove_file(&directory.join(entry))?;
        }
    }
    Ok(())
}

/// Removes the links of all addresses that lead to a site, but for one.
pub fn remove_host_links(cx: &Context, name: &Name, keep: Option<&str>) -> Result<(), SiteError> {
    let hosts = cx.paths.hosts();
    let ours = format!("../sites/{name}/");
    for host in read_directory(&hosts)? {
        let link = hosts.join(&host);
        let target = std::fs::read_link(&link).unwrap_or_default();
        if Some(host.as_str()) != keep && target.to_str().is_some_and(|target| target.starts_with(&ours)) {
            remove_file(&link)?;
        }
    }
    Ok(())
}

fn read_directory(path: &Utf8Path) -> Result<Vec<String>, SiteError> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(SiteError::io("read", path))?,
    };
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

fn remove_file(path: &Utf8Path) -> Result<(), SiteError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SiteError::Io { verb: "remove", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Points a site at a build. Only for installing and repairing: moving a site that has data is an upgrade.
pub fn point_to_build(cx: &Context, name: &Name, tree: &str) -> Result<(), SiteError> {
    let directory = cx.paths.site(name);
    files::directory(&directory, 0o755, &Account::Own).map_err(SiteError::io("make", &directory))?;
    let link = cx.paths.code(name);
    files::link_whole(&link, &format!("../../builds/{tree}")).map_err(SiteError::io("write", &link))
}

/// The tree id of the build that a site points at.
pub fn build_of(paths: &Paths, name: &Name) -> Option<String> {
    let target = std::fs::read_link(paths.code(name)).ok()?;
    Some(target.file_name()?.to_str()?.to_owned())
}

/// The directory, inside the dataroot, for uploads that arrive: on the same filesystem, so that an upload becomes a file by a rename,
/// and not below `temp`, which Moodle empties.
pub const PHP_TEMPORARY: &str = "phptmp";

/// Makes an empty dataroot with our mark in it. One that is there is emptied: the caller has seen that it is ours and that its
/// installation never ended.
pub fn fresh_dataroot(path: &Utf8Path, mark: &Mark, user: &User) -> Result<(), SiteError> {
    // Looked at once more, at the last moment: two sites of one plan may have come to one directory on ways that nobody saw.
    if let Dataroot::Marked(found) = look_at_dataroot(path)?
        && (found.fleet != mark.fleet || found.site != mark.site)
    {
        let whose = format!("`{path}` belongs to site `{}`", found.site);
        return Err(SiteError::ReadBack(format!("{whose}; nothing was done to it")));
    }
    empty_but_for_mark(path)?;
    if let Some(above) = path.parent() {
        fs_err::create_dir_all(above).map_err(SiteError::io("make", above))?;
    }
    files::directory(path, 0o2770, &user.account).map_err(SiteError::io("make", path))?;
    write_mark(path, mark, user)?;
    let temporary = path.join(PHP_TEMPORARY);
    files::directory(&temporary, 0o700, &user.account).map_err(SiteError::io("make", &temporary))?;
    // Moodle takes every file to lie in it while it does not exist, and hands none to nginx.
    let local = path.join(LOCAL_REQUEST_DIRECTORY);
    files::directory(&local, 0o2770, &user.account).map_err(SiteError::io("make", &local))
}

/// Writes the dataroot's mark.
pub fn write_mark(dataroot: &Utf8Path, mark: &Mark, user: &User) -> Result<(), SiteError> {
    let path = dataroot.join(mark::FILE);
    files::write_whole(&path, mark.to_text().as_bytes(), 0o440, &user.account)
        .map_err(SiteError::io("write", &path))
}

/// Empties a dataroot and keeps its mark: whoever is killed in the middle leaves one that is still known to be ours.
fn empty_but_for_mark(path: &Utf8Path) -> Result<(), SiteError> {
    for entry in read_directory(path)?.into_iter().filter(|entry| entry != mark::FILE) {
        let entry = path.join(entry);
        let is_directory = std::fs::symlink_metadata(&entry).is_ok_and(|found| found.is_dir());
        if is_directory { remove_tree(&entry)? } else { remove_file(&entry)? }
    }
    Ok(())
}

/// Removes a dataroot, its mark last.
pub fn remove_dataroot(path: &Utf8Path) -> Result<(), SiteError> {
    empty_but_for_mark(path)?;
    remove_file(&path.join(mark::FILE))?;
    remove_empty_dataroot(path)
}

/// Removes a dataroot that counts as absent: whoever was killed while he made it leaves it empty, or with a mark that is half written.
pub fn remove_empty_dataroot(path: &Utf8Path) -> Result<(), SiteError> {
    for entry in read_directory(path)?.into_iter().filter(|entry| is_half_written_mark(entry)) {
        remove_file(&path.join(entry))?;
    }
    match std::fs::remove_dir(path) {
        // A mount point stays, empty.
        Err(error)
            if !matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ResourceBusy) =>
        {
            Err(SiteError::Io { verb: "remove", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Whether a file's name is that of a mark that was being written when somebody was killed.
fn is_half_written_mark(name: &str) -> bool {
    name.starts_with(&format!(".{}.", mark::FILE))
}

/// What a dataroot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dataroot {
    /// Not there, or an empty directory.
    Absent,
    /// Marked.
    Marked(Mark),
    /// There, and not marked.
    Unmarked,
}

/// Looks at a dataroot.
pub fn look_at_dataroot(path: &Utf8Path) -> Result<Dataroot, SiteError> {
    match std::fs::read_to_string(path.join(mark::FILE)) {
        Ok(text) => return Ok(Mark::parse(&text).map_or(Dataroot::Unmarked, Dataroot::Marked)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(SiteError::Io { verb: "read", path: path.join(mark::FILE), source: error }),
    }
    match std::fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Dataroot::Absent),
        Err(source) => Err(SiteError::Io { verb: "read", path: path.to_owned(), source }),
        Ok(entries) => {
            let mut content =
                entries.flatten().filter(|entry| !is_half_written_mark(&entry.file_name().to_string_lossy()));
            Ok(if content.next().is_none() { Dataroot::Absent } else { Dataroot::Unmarked })
        }
    }
}

/// The mark of a dataroot, where that is there and says that this site of this fleet was installed.
pub(crate) fn installed_mark(path: &Utf8Path, fleet: &str, site: &Name) -> Option<Mark> {
    match look_at_dataroot(path) {
        Ok(Dataroot::Marked(mark))
            if mark.fleet == fleet && &mark.site == site && mark.stage == Stage::Installed =>
        {
            Some(mark)
        }
        _ => None,
    }
}

/// Removes a directory and all below; nothing happens where there is none.
pub fn remove_tree(path: &Utf8Path) -> Result<(), SiteError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SiteError::Io { verb: "remove", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Where a site's logs go, made if they are not there. PHP writes there as the site's user, nginx as root.
pub fn make_logs(cx: &Context, name: &Name, user: &User) -> Result<Utf8PathBuf, SiteError> {
    let logs = cx.paths.site_logs(name);
    files::directory(&logs, 0o750, &user.account).map_err(SiteError::io("make", &logs))?;
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataroot_that_was_being_made_goes_and_one_with_content_stays() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap().join("hugo");
        remove_empty_dataroot(&root).unwrap();
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join(format!(".{}.tmp", mark::FILE)), "provost {").unwrap();
        assert_eq!(look_at_dataroot(&root).unwrap(), Dataroot::Absent);
        remove_empty_dataroot(&root).unwrap();
        assert!(!root.exists());
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("mine"), "").unwrap();
        assert_eq!(look_at_dataroot(&root).unwrap(), Dataroot::Unmarked);
        remove_empty_dataroot(&root).unwrap_err();
        assert!(root.join("mine").exists());
    }
}
