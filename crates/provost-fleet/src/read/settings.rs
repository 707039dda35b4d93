//! The settings of a site: those of its template, of profiles and its own, merged name by name.

use std::collections::BTreeSet;

use super::draft::{Draft, ProfileDraft, SiteDraft};
use super::{At, SettingDraft};
use crate::name::Name;
use crate::setting::{Declared, Settings};

impl Draft {
    /// A profile by its name.
    pub(crate) fn profile(&self, name: &str) -> Option<&ProfileDraft> {
        self.profiles.iter().find(|(known, _)| known.value.as_str() == name).map(|(_, profile)| profile)
    }

    /// From the weakest to the strongest: the template's profiles, the template's own, the site's profiles, the site's own.
    pub(crate) fn settings_of(&self, name: &Name, site: &SiteDraft) -> Settings {
        let mut merged = Settings::new();
        if let (Some(template), Some(named)) = (self.template_of(site), &site.template) {
            self.with_profiles(&template.site.profiles, &mut merged);
            own(&template.site.settings, &format!("template.{}", named.value), &mut merged);
        }
        self.with_profiles(&site.profiles, &mut merged);
        own(&site.settings, &format!("site.{name}"), &mut merged);
        merged
    }

    fn with_profiles(&self, profiles: &[At<String>], merged: &mut Settings) {
        for profile in profiles {
            self.with_profile(&profile.value, merged, &mut BTreeSet::new());
        }
    }

    /// Parents first. A circle of parents was told, and ends here.
    fn with_profile<'a>(&'a self, name: &'a str, merged: &mut Settings, above: &mut BTreeSet<&'a str>) {
        let Some(profile) = self.profile(name) else { return };
        if !above.insert(name) {
            return;
        }
        for parent in &profile.parents {
            self.with_profile(&parent.value, merged, above);
        }
        above.remove(name);
        own(&profile.settings, &format!("profile.{name}"), merged);
    }
}

fn own(settings: &[SettingDraft], by: &str, merged: &mut Settings) {
    for (key, wish, policy) in settings {
        let declared = Declared { wish: wish.clone(), policy: *policy, by: by.to_owned() };
        merged.insert(key.value.clone(), declared);
    }
}
