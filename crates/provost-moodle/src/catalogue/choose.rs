//! Which version of a plugin.

use super::{CataloguePlugin, CatalogueVersion};
use crate::version_php::{Maturity, Version};

impl CataloguePlugin {
    /// Returns the newest version whose authors say it is for a Moodle release (`4.5`), by version number. One that its
    /// authors call alpha, beta or candidate is only taken where there is no other.
    pub fn newest_for(&self, release: &str) -> Option<&CatalogueVersion> {
        let mut fitting = self.versions.iter().filter(|version| version.is_for(release));
        fitting.clone().find(|version| version.is_stable()).or_else(|| fitting.next())
    }

    /// Returns the version that a user asked for: by version number (`2024100700`), by tag, or by release (`v4.5-r2`), in
    /// this order; by release without regard to case and a `v` in front. Of several, the newest.
    pub fn named(&self, wanted: &str) -> Option<&CatalogueVersion> {
        let wanted = wanted.trim();
        let find =
            |fits: &dyn Fn(&CatalogueVersion) -> bool| self.versions.iter().find(|&version| fits(version));
        let number: Option<Version> = wanted.parse().ok();
        find(&|version| Some(&version.version) == number.as_ref())
            .or_else(|| find(&|version| version.tag() == Some(wanted)))
            .or_else(|| find(&|version| version.release.as_deref() == Some(wanted)))
            .or_else(|| {
                let release = plain(wanted);
                find(&|version| version.release.as_deref().is_some_and(|met| plain(met) == release))
            })
    }
}

impl CatalogueVersion {
    /// Tells whether its authors say it is for a Moodle release (`4.5`).
    pub fn is_for(&self, release: &str) -> bool {
        self.moodles.iter().any(|moodle| moodle.release == release)
    }

    /// Tells whether its authors call it stable, or say nothing.
    pub fn is_stable(&self) -> bool {
        self.maturity.is_none_or(|maturity| maturity == Maturity::Stable)
    }

    /// Returns the tag that it has in git.
    pub fn tag(&self) -> Option<&str> {
        self.vcs.as_ref()?.tag.as_deref()
    }
}

/// A release as it is compared: `V4.5-R2` and `4.5-r2` are one.
fn plain(release: &str) -> String {
    let lower = release.to_lowercase();
    lower.strip_prefix('v').map(str::to_owned).unwrap_or(lower)
}
