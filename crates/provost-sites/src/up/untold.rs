//! Sites whose files changed, and of which the running services may not know yet.
//!
//! Files alone do not say whether the services have read them: whoever was killed between writing and telling would leave a site that
//! looks as it should, and is served as it was. So a note lies in the run directory, which is lost with the services, from before the
//! first file changes until the site was seen to answer as it is to.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use provost_engine::paths::Paths;
use provost_fleet::name::Name;

use super::{Serving, serving};

/// A note that lies there until it is taken away: a failure leaves it.
#[derive(Debug)]
pub(crate) struct Untold(Utf8PathBuf);

fn directory(paths: &Paths) -> Utf8PathBuf {
    paths.run.join("untold")
}

impl Untold {
    /// Notes that a site's files are about to change. Where nothing runs there is nobody to be told.
    pub(crate) fn note(paths: &Paths, site: &Name) -> std::io::Result<Self> {
        let path = directory(paths).join(site.as_str());
        if serving(paths) != Serving::Down {
            std::fs::create_dir_all(directory(paths))?;
            std::fs::write(&path, "")?;
        }
        Ok(Self(path))
    }

    /// The services answer as they are to.
    pub(crate) fn told(self) {
        std::fs::remove_file(self.0).ok();
    }

    /// The sites that the running services were not told of.
    pub(crate) fn sites(paths: &Paths) -> BTreeSet<Name> {
        if serving(paths) == Serving::Down {
            return BTreeSet::new();
        }
        let entries = std::fs::read_dir(directory(paths)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }
}

/// Services that start read everything.
pub(super) fn forget_all(paths: &Paths) {
    std::fs::remove_dir_all(directory(paths)).ok();
}
