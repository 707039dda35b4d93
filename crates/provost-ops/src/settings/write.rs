//! Settings to be written: as they were named, or as another site has them.

use std::collections::BTreeSet;

use provost_admin::compare::Key;
use provost_admin::errand::{Errand, SETTINGS_SET};
use provost_admin::settings::canonical::By;
use provost_admin::settings::{fits, is_secret, state};
use provost_fleet::setting::{Policy, SettingKey, SettingKeyError};
use provost_fleet::suggest::nearest;
use provost_sites::settings::Read;
use serde::Serialize;
use serde_json::json;

use super::{ground, read_all};
use crate::OpsError;
use crate::session::Call;
use crate::site::Targets;

/// One setting as it shall be.
#[derive(Clone, Serialize)]
pub struct One {
    component: String,
    name: String,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
}

impl One {
    /// `core/theme` or `theme`, with its value; `None` takes it away.
    ///
    /// # Errors
    /// When it cannot be the name of a setting, in words.
    pub fn parse(name: &str, value: Option<&str>) -> Result<Self, String> {
        let (component, short) = name.split_once('/').unwrap_or(("core", name));
        let component = if component == "moodle" { "core" } else { component };
        let is_word = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !is_word(component, "_") || !is_word(short, "_/:.-") {
            return Err(format!(
                "`{name}` cannot be the name of a setting: write PLUGIN/NAME, such as core/theme"
            ));
        }
        // One wrong version and a site answers nobody any more. A flag that an upgrade that was killed left can be taken away.
        let full = format!("{component}/{short}");
        let left = value.is_none() && full == "core/upgraderunning";
        if full.parse::<SettingKey>() == Err(SettingKeyError::State) && !left {
            return Err(format!(
                "`{full}` is no setting: Moodle or Provost writes it, and sites break where somebody else does"
            ));
        }
        let value = value.map(str::to_owned);
        Ok(Self { component: component.to_owned(), name: short.to_owned(), value, by: None })
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        is_secret(&Key { of: self.component.as_str().into(), name: self.name.as_str().into() })
    }
}

/// The errand that writes settings.
///
/// # Errors
/// When one is given twice, in words.
pub fn errand(settings: &[One]) -> Result<Errand, String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = settings.iter().find(|one| !seen.insert((&one.component, &one.name))) {
        return Err(format!("`{}/{}` is given twice", twice.component, twice.name));
    }
    let secret = settings.iter().any(|one| one.is_secret() && one.value.is_some());
    let each = settings.iter().map(|one| {
        let mut given = json!(one);
        if one.is_secret() {
            given["secret"] = json!(true);
        }
        given
    });
    let params = json!({ "settings": each.collect::<Vec<_>>() });
    Ok(if secret { SETTINGS_SET.with_secret(params) } else { SETTINGS_SET.with(params) })
}

/// Which of some settings the fleet file keeps, in words: the next `apply` sets these back.
///
/// # Errors
/// When the fleet file is not valid.
pub fn kept_by_the_file(call: &Call, settings: &[One]) -> Result<Vec<String>, OpsError> {
    let fleet = call.load()?.fleet;
    let mut kept = BTreeSet::new();
    for one in settings {
        let Ok(key) = format!("{}/{}", one.component, one.name).parse::<SettingKey>() else { continue };
        let declared = fleet.sites.values().filter_map(|site| site.settings.get(&key));
        let by =
            declared.filter(|declared| declared.policy == Policy::Kept).map(|declared| declared.by.as_str());
        let by: BTreeSet<&str> = by.collect();
        if !by.is_empty() {
            let by = by.into_iter().take(3).collect::<Vec<_>>().join(", ");
            kept.insert(format!(
                "{key} is declared in the fleet file ({by}): where it is, `apply` sets it back"
            ));
        }
    }
    Ok(kept.into_iter().collect())
}

/// What is brought to other sites.
#[derive(Debug, Clone)]
pub struct CopyOptions {
    /// The site that has it.
    pub from: String,
    /// Plugins, or single settings; `*` stands for anything.
    pub plugins: Vec<String>,
}

/// Settings of one site, to be brought to others.
pub struct Copied {
    /// The errand that writes them.
    pub errand: Errand,
    /// What cannot be brought, and why.
    pub left_out: Vec<String>,
}

/// Reads settings of one site, so that others can have them.
///
/// # Errors
/// When the site cannot be read, or has none of them.
pub async fn copy(call: &Call, options: &CopyOptions) -> Result<Copied, OpsError> {
    let from = Targets { names: vec![options.from.clone()], selection: None };
    let (mut read, causes, fleet) = read_all(call, &from).await?;
    if let Some(cause) = causes.into_iter().next() {
        let site = options.from.parse().map_err(|_| OpsError::Interrupted)?;
        return Err(OpsError::Source { site, why: cause.error });
    }
    let Some(read) = read.pop().and_then(|target| target.done) else { return Err(OpsError::Interrupted) };
    let mut settings = Vec::new();
    let mut left_out = Vec::new();
    for wanted in &options.plugins {
        let (plugin, name) = wanted.split_once('/').unwrap_or((wanted, "*"));
        let before = settings.len() + left_out.len();
        take(&fleet, &options.from, &read, (plugin, name), &mut settings, &mut left_out);
        if settings.len() + left_out.len() == before {
            return Err(unknown(&options.from, &read, wanted));
        }
    }
    settings.sort_by(|a, b| (&a.component, &a.name).cmp(&(&b.component, &b.name)));
    settings.dedup_by(|a, b| (&a.component, &a.name) == (&b.component, &b.name));
    let errand = errand(&settings).map_err(|_| OpsError::Interrupted)?;
    Ok(Copied { errand, left_out })
}

/// Takes the settings that a pattern means.
fn take(
    fleet: &provost_fleet::model::Fleet,
    site: &str,
    read: &Read,
    (plugin, name): (&str, &str),
    settings: &mut Vec<One>,
    left_out: &mut Vec<String>,
) {
    let ground = ground(fleet, site, read);
    let means = |of: &str, own: &str| fits(plugin, of) && fits(name, own) && !state::is_state(of, own);
    for (component, name, value) in read.rows.iter().filter(|(of, own, _)| means(of, own)) {
        if ground.is_dangling(component, name, value) {
            left_out.push(format!("{component}/{name} names a role or a category that is not there"));
            continue;
        }
        let (by, value) = ground.portable(component, name, value);
        settings.push(One { component: component.clone(), name: name.clone(), value: Some(value), by });
    }
}

fn unknown(site: &str, read: &Read, wanted: &str) -> OpsError {
    let plugins: BTreeSet<&str> = read.rows.iter().map(|(plugin, _, _)| plugin.as_str()).collect();
    let there = match nearest(wanted, plugins.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`provost settings get '{wanted}/*' --site {site}` shows what it has"),
    };
    OpsError::NoSuch { what: "setting of that plugin", name: wanted.to_owned(), there }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", "/", "core/", "/theme", "a b", "core/x;y", "mod_quiz/$(id)", "co're/theme"] {
            assert!(One::parse(name, None).is_err(), "{name}");
        }
        let one = One::parse("moodle/theme", Some("boost")).unwrap();
        assert_eq!((one.component.as_str(), one.name.as_str()), ("core", "theme"));
    }

    #[test]
    fn a_secret_makes_the_errand_one() {
        let plain = One::parse("theme", Some("boost")).unwrap();
        let secret = One::parse("smtppass", Some("x")).unwrap();
        assert!(!errand(std::slice::from_ref(&plain)).unwrap().secret);
        assert!(errand(&[plain.clone(), secret]).unwrap().secret);
        assert!(errand(&[plain.clone(), plain]).is_err());
    }
}
