//! The keys of `$CFG` that every site gets unless it says otherwise, each with its reason.

use crate::php::PhpLiteral;

/// What the addresses of files in the dataroot begin with inside nginx, behind the site's own path: an internal location of this name
/// maps to the site's dataroot.
pub const X_ACCEL_PREFIX: &str = "/dataroot/";

/// The directory, inside the dataroot, for the short-lived files of single requests. It must exist before the first
/// request: while it does not, Moodle takes every file to lie in it, and hands none to nginx.
pub const LOCAL_REQUEST_DIRECTORY: &str = "localrequest";

/// The defaults, in the order they are written in: key, value, and the reason that goes beside it. `below` is the path of a site that
/// shares its host with others.
pub(super) fn defaults(dataroot: &str, below: Option<&str>) -> Vec<(&'static str, PhpLiteral, &'static str)> {
    let prefix = below.map_or_else(|| X_ACCEL_PREFIX.to_owned(), |below| format!("/{below}{X_ACCEL_PREFIX}"));
    let aliases = PhpLiteral::Map(vec![(prefix, dataroot.into())]);
    let mut all = vec![
        (
            "disableupdateautodeploy",
            true.into(),
            "The code is read-only and shared by many sites: plugins come from the fleet file, not from the browser.",
        ),
        (
            "disableupdatenotifications",
            true.into(),
            "Updates are decided for the whole fleet; a site's admin could only look at the notice.",
        ),
        (
            "uninstallclionly",
            true.into(),
            "Uninstalling in the browser drops tables while the code stays; the next upgrade would install it again, empty.",
        ),
        (
            "preventexecpath",
            true.into(),
            "Who administers a site must not choose which programs the machine runs.",
        ),
        (
            "localrequestdir",
            format!("{dataroot}/{LOCAL_REQUEST_DIRECTORY}").into(),
            "Moodle's default is one directory under /tmp for all sites; the first one to make it would lock out the others.",
        ),
        (
            "xsendfile",
            "X-Accel-Redirect".into(),
            "nginx sends the files of the dataroot, so that no PHP process waits for a slow download.",
        ),
        ("xsendfilealiases", aliases, ""),
    ];
    if let Some(below) = below {
        all.push((
            "sessioncookie",
            format!("_{below}").into(),
            "Sites below one host get each other's cookies by name where the paths do not tell them apart.",
        ));
        all.push(("sessioncookiepath", format!("/{below}/").into(), ""));
    }
    all
}
