//! What sites have of the settings that the file declares, read straight from their databases: no PHP is started.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Observation, Reason};
use provost_fleet::name::Name;
use provost_fleet::secret::{Secret, SecretRef};
use provost_fleet::setting::{Policy, SettingKey, Settings, Wish, is_secret};
use tokio::sync::Mutex;

use super::{SECRET, SeenSettings, SettingsKind, WantedSettings};
use crate::mark::Mark;
use crate::secrets::SecretError;
use crate::site::{dataroot, files};
use crate::sql::{Question, QuestionError};

/// How long a site may take: it reads some rows by their keys.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most rows that are taken: a file that declares more for one site is none that anybody wrote.
const MOST_ROWS: usize = 20_000;

/// The mark of a site that says which settings were sown there.
pub(super) const SOWN: &str = "seeded";

/// What a site has: values by setting, and what was sown.
pub(super) struct Has {
    pub(super) values: BTreeMap<String, String>,
    pub(super) sown: BTreeSet<String>,
}

/// Why a site cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Question(#[from] QuestionError),
    #[error("cannot read the secret for `{0}`")]
    Secret(SettingKey, #[source] SecretError),
}

/// Secrets, each fetched once for all sites that have it.
#[derive(Default)]
pub(super) struct Fetched(Mutex<Vec<(SecretRef, Secret)>>);

impl SettingsKind {
    pub(super) async fn look(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedSettings>,
    ) -> BTreeMap<Name, Observation<SeenSettings>> {
        let fetched = Fetched::default();
        let each: Vec<_> = wanted
            .iter()
            .filter(|(name, _)| self.mark(cx, name).is_some())
            .map(|(name, want)| async {
                let looked = async {
                    let has = self.has(cx, name, &want.settings).await?;
                    self.compared(cx, &want.settings, &has, &fetched).await
                };
                let observation = match looked.await {
                    Ok(seen) => Observation::Present(seen),
                    Err(error) => Observation::Unknown(Reason(full_chain(&error))),
                };
                (name.clone(), observation)
            })
            .collect();
        futures_util::stream::iter(each).buffer_unordered(cx.limits.observations).collect().await
    }

    /// The mark of an installed site.
    pub(super) fn mark(&self, cx: &Context, name: &Name) -> Option<Mark> {
        let site = self.fleet.sites.get(name)?;
        files::installed_mark(&dataroot(cx, name, site), &self.fleet_id.id, name)
    }

    /// What a site has of some settings.
    pub(super) async fn has(
        &self,
        cx: &Context,
        name: &Name,
        settings: &Settings,
    ) -> Result<Has, QuestionError> {
        let site = self.fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
        let question = Question {
            text: question(settings),
            values: BTreeMap::new(),
            most_rows: MOST_ROWS,
            patience: PATIENCE,
        };
        let found = question.ask(cx, &self.servers, name, site).await?;
        if found.cut {
            return Err(QuestionError::TooMuch);
        }
        let mut has = Has { values: BTreeMap::new(), sown: BTreeSet::new() };
        for row in found.rows {
            let Ok([Some(plugin), Some(name), value]) = <[Option<String>; 3]>::try_from(row) else {
                continue;
            };
            let value = value.unwrap_or_default();
            match (plugin.as_str(), name.as_str()) {
                ("provost", SOWN) => has.sown = value.split(',').map(str::to_owned).collect(),
                _ => drop(has.values.insert(format!("{plugin}/{name}"), value)),
            }
        }
        Ok(has)
    }

    /// Where that is not what shall be.
    pub(super) async fn compared(
        &self,
        cx: &Context,
        settings: &Settings,
        has: &Has,
        fetched: &Fetched,
    ) -> Result<SeenSettings, LookError> {
        let mut seen = SeenSettings::default();
        for (key, declared) in settings {
            let text = key.to_string();
            let is = has.values.get(&text);
            let hidden = matches!(declared.wish, Wish::Secret(_)) || is_secret(key.name());
            let told = is.map(|is| if hidden { SECRET.to_owned() } else { is.clone() });
            if declared.policy == Policy::Seeded {
                if !has.sown.contains(&text) {
                    seen.unsown.insert(text, told);
                }
                continue;
            }
            let same = match &declared.wish {
                Wish::Absent => is.is_none(),
                Wish::Value(value) => is == Some(value),
                Wish::Secret(reference) => {
                    let secret = self.secret(cx, key, reference, fetched).await?;
                    is.is_some_and(|is| is == secret.expose())
                }
            };
            if !same {
                seen.differing.insert(text, told);
            }
        }
        Ok(seen)
    }

    /// A secret's value.
    pub(super) async fn secret(
        &self,
        cx: &Context,
        key: &SettingKey,
        reference: &SecretRef,
        fetched: &Fetched,
    ) -> Result<Secret, LookError> {
        let mut all = fetched.0.lock().await;
        if let Some((_, secret)) = all.iter().find(|(known, _)| known == reference) {
            return Ok(secret.clone());
        }
        let secret = self.references.resolve(cx, reference).await;
        let secret = secret.map_err(|error| LookError::Secret(key.clone(), error))?;
        all.push((reference.clone(), secret.clone()));
        Ok(secret)
    }
}

/// Reads settings by their keys. Their names have no letter that SQL knows (see [`SettingKey`]).
fn question(settings: &Settings) -> String {
    let mut by_component: BTreeMap<&str, Vec<String>> =
        BTreeMap::from([("provost", vec![format!("'{SOWN}'")])]);
    for key in settings.keys() {
        by_component.entry(key.component()).or_default().push(format!("'{}'", key.name()));
    }
    let core = by_component.remove("core").map(|names| {
        format!(
            "select 'core' as plugin, name, value from {{config}} where name in ({})\nunion all ",
            names.join(", ")
        )
    });
    let each = by_component
        .iter()
        .map(|(plugin, names)| format!("plugin = '{plugin}' and name in ({})", names.join(", ")));
    let plugins = each.collect::<Vec<_>>().join("\n   or ");
    format!("{}select plugin, name, value from {{config_plugins}} where {plugins}", core.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use provost_fleet::setting::Declared;

    use super::*;

    #[test]
    fn settings_are_asked_for_by_their_keys() {
        let declared = Declared { wish: Wish::Absent, policy: Policy::Kept, by: String::new() };
        let keys = ["core/theme", "core/lang", "mod_quiz/attempts", "theme_boost/a:b/c-d.e"];
        let settings = keys.map(|key| (key.parse().unwrap(), declared.clone())).into();
        insta::assert_snapshot!(question(&settings), @r"
        select 'core' as plugin, name, value from {config} where name in ('lang', 'theme')
        union all select plugin, name, value from {config_plugins} where plugin = 'mod_quiz' and name in ('attempts')
           or plugin = 'provost' and name in ('seeded')
           or plugin = 'theme_boost' and name in ('a:b/c-d.e')
        ");
    }
}
