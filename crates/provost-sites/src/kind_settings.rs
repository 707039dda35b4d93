//! The kind `settings`: what the file declares of a site's settings of Moodle, beside what its configuration file forces. Named by site.

mod change;
mod observe;

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::kind::{Effect, Kind, Observation, Planned, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Site};
use provost_fleet::name::Name;
use provost_fleet::setting::{Declared, Policy, SettingKey, Settings, Wish, is_secret};
use serde::{Deserialize, Serialize};

use crate::fleet_state::FleetId;
use crate::kind_site;
use crate::secrets::References;
use crate::server::Servers;

/// The kind's name.
pub const NAME: &str = "settings";

/// The action that sets them.
pub const SET: &str = "set";

/// Stands for a value that is never shown.
pub const SECRET: &str = "(secret)";

/// The longest value that a plan shows.
const WIDEST: usize = 60;

/// The kind `settings`.
pub struct SettingsKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id.
    pub fleet_id: FleetId,
    /// For secrets that the file refers to.
    pub references: References,
}

/// What a site shall have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedSettings {
    /// Its settings that are kept or seeded.
    pub settings: Settings,
}

/// Where a site differs from that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSettings {
    /// The settings that are not as they shall be, with what they are: `None` where they are absent, [`SECRET`] for what is not shown.
    pub differing: BTreeMap<String, Option<String>>,
    /// Those that are seeded and were never set by Provost, likewise.
    pub unsown: BTreeMap<String, Option<String>>,
}

/// What a setting is that is not as it shall be: `None` for one that is, and within, where it is absent.
type Is<'a> = &'a dyn Fn(&str) -> Option<Option<String>>;

/// The settings of a site that are in its tables.
pub fn stored(site: &Site) -> Settings {
    let stored = site.settings.iter().filter(|(_, declared)| declared.policy != Policy::Forced);
    stored.map(|(key, declared)| (key.clone(), declared.clone())).collect()
}

impl Kind for SettingsKind {
    const NAME: &'static str = NAME;
    const OF_SITES: bool = true;
    // A site that is made in the same plan has others by then than were seen before it was there.
    const LOOKS_ITSELF: bool = true;
    type Wanted = WantedSettings;
    type Seen = SeenSettings;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, WantedSettings> {
        let locked = fleet.sites.iter().filter(|(_, site)| lock.codebases.contains_key(&site.codebase));
        let each = locked.map(|(name, site)| (name.clone(), WantedSettings { settings: stored(site) }));
        // What is taken out of the file stays on the site as it is: nothing is to be done where nothing is declared.
        each.filter(|(_, wanted)| !wanted.settings.is_empty()).collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedSettings>,
    ) -> BTreeMap<Name, Observation<SeenSettings>> {
        self.look(cx, wanted).await
    }

    fn plan(
        &self,
        name: &Name,
        wanted: Option<&WantedSettings>,
        seen: &Observation<SeenSettings>,
    ) -> Planned {
        let Some(wanted) = wanted else { return Planned::InStep };
        let nothing = SeenSettings::default();
        let (reason, is): (&str, Is<'_>) = match seen {
            Observation::Present(seen) if *seen == nothing => return Planned::InStep,
            Observation::Present(seen) => ("the site has others", &|key| {
                seen.differing.get(key).or_else(|| seen.unsown.get(key)).cloned()
            }),
            _ => ("the site has none of them yet", &|_| Some(None)),
        };
        let changed =
            wanted.settings.iter().filter_map(|(key, declared)| Some((key, declared, is(&key.to_string())?)));
        let changes = changed.map(|(key, declared, is)| change(key, declared, is)).collect();
        let site = Subject::new(kind_site::NAME, name);
        let before = [
            kind_site::INSTALL,
            kind_site::CLONE,
            kind_site::RENAME,
            kind_site::CONFIGURE,
            kind_site::MOVE,
            kind_site::SWITCH,
        ];
        Planned::Steps(vec![StepDraft {
            action: SET,
            reason: reason.to_owned(),
            changes,
            after: before.into_iter().map(|action| site.step(action)).collect(),
            impact: Impact::Change,
            params: serde_json::Value::Null,
        }])
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        self.set(cx, &step.id.subject.name).await.map(Effect).map_err(StepError::failed)
    }
}

fn change(key: &SettingKey, declared: &Declared, is: Option<String>) -> Change {
    let what = format!("{key} ({})", declared.by);
    let to = match &declared.wish {
        Wish::Absent => None,
        Wish::Secret(_) => Some(SECRET.to_owned()),
        Wish::Value(_) if is_secret(key.name()) => Some(SECRET.to_owned()),
        Wish::Value(value) => Some(short(value)),
    };
    Change { what, from: is.map(|is| short(&is)), to }
}

/// A value on one line: what a plan shows is for people.
pub(crate) fn short(value: &str) -> String {
    let mut letters = value.chars();
    let mut short: String = letters.by_ref().take(WIDEST).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    if short.is_empty() || short.contains(char::is_control) { format!("{short:?}") } else { short }
}
