//! What a session knows of a unit: kept in the registry as the unit's facts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PhaseError;
use crate::ends::{BackedUp, Carried, CopyNames};
use crate::predict::Features;

/// What a session knows of a unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// Categories that the copy lies in, from the top.
    pub place: Vec<String>,
    /// What the copy is called.
    pub names: CopyNames,
    /// What its duration is predicted from.
    pub features: Features,
    /// Its backup, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackedUp>,
    /// What arrived of it, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
}

impl Dossier {
    /// From a unit's facts.
    ///
    /// # Errors
    /// When they are of another shape.
    pub fn from_facts(facts: &Value) -> Result<Self, PhaseError> {
        Self::deserialize(facts).map_err(PhaseError::Dossier)
    }

    /// As a unit's facts.
    ///
    /// # Errors
    /// Never, as it stands; a field that JSON cannot hold would be one.
    pub fn to_facts(&self) -> Result<Value, PhaseError> {
        serde_json::to_value(self).map_err(PhaseError::Dossier)
    }
}
