//! What the declaration of a session means in the words of the agents.

use std::collections::BTreeMap;

use provost_fleet::archive::{Archive, Enrolments, Sliding, Taken, Transport, Unmatched, UserKey};
use provost_sites::archive as door;
use serde_json::{Map, Value};

use super::Making;
use crate::census;
use crate::course::CourseFacts;
use crate::ends::{Assignment, EndError};

impl Making {
    /// Settings of the backup and of the restore, all of them set.
    pub(super) fn settings(&self) -> Result<door::BackupSettings, EndError> {
        read(self.backup_plan(), "the settings of the backup")
    }

    /// The conditions under which the two ends are compared.
    pub(super) fn conditions(&self) -> Result<census::Conditions, EndError> {
        let mut plan = self.backup_plan();
        // What the census does not know of is not among what it compares under conditions.
        plan.remove("legacyfiles");
        read(plan, "the conditions of the census")
    }

    fn backup_plan(&self) -> Map<String, Value> {
        let settings = self.declared.backup.settings();
        settings.into_iter().map(|(name, on)| (name.to_owned(), Value::Bool(on))).collect()
    }

    /// Problems that are accepted, in the agents' spelling: without hyphens in the word, and an activity as a component.
    pub(super) fn accepted(&self) -> door::Accepted {
        let spell = |accept: &provost_fleet::archive::Accept| {
            let name = accept.name().replace('-', "_");
            match accept.about() {
                None => vec![name],
                Some(about) if name == "left_out" => {
                    vec![format!("{name}:{about}"), format!("{name}:mod_{about}")]
                }
                Some(about) => vec![format!("{name}:{about}")],
            }
        };
        door::Accepted(self.accepted.names().iter().flat_map(spell).collect())
    }

    /// What is done with a copy, given the original's facts.
    pub(super) fn finish(
        &self,
        unit: &Assignment,
        copy: i64,
        original: &CourseFacts,
    ) -> Result<door::FinishRequest, EndError> {
        let after = &self.declared.after;
        let notice = after.notice.as_ref().map(|notice| fill(notice, original)).transpose()?;
        let tags = after.tags.iter().map(|tag| fill(tag, original)).collect::<Result<_, _>>()?;
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Ok(door::FinishRequest {
            unit: unit.key.to_string(),
            course: copy,
            unmarked: self.declared.within_one_site(),
            // A copy is hidden until it is proven: `opened`.
            visible: self.declared.within_one_site().then_some(original.visible && !after.hide),
            frozen: after.freeze.then_some(true),
            enrolments: match after.enrolments {
                Enrolments::Keep => door::Enrolments::Keep,
                Enrolments::Suspend => door::Enrolments::Suspend,
                Enrolments::End => door::Enrolments::End,
            },
            fullname: named(&unit.names.fullname),
            shortname: named(&unit.names.shortname),
            idnumber: named(&unit.names.idnumber),
            category: None,
            tags,
            notice: notice.map(|html| door::Notice { html }),
            script: after.script.clone(),
            script_arguments: [("unit".to_owned(), unit.key.to_string())].into(),
        })
    }

    /// Lets people see a proven copy as they saw the original.
    pub(super) fn opened(&self, unit: &Assignment, copy: i64, original: &CourseFacts) -> door::FinishRequest {
        let visible = Some(original.visible && !self.declared.after.hide);
        door::FinishRequest { unit: unit.key.to_string(), course: copy, visible, ..Default::default() }
    }
}

/// How people are matched.
pub fn users(declared: &Archive, people: &BTreeMap<String, String>) -> door::UserPolicy {
    let users = &declared.users;
    door::UserPolicy {
        by: match users.key {
            UserKey::Username => door::MatchBy::Username,
            UserKey::Email => door::MatchBy::Email,
            UserKey::Idnumber => door::MatchBy::Idnumber,
            UserKey::Core => door::MatchBy::Core,
        },
        table: people.clone(),
        unmatched: match users.unmatched {
            Unmatched::Create => door::Unmatched::Make,
            Unmatched::Stop => door::Unmatched::Refuse,
        },
        conflict: conflict(users.taken),
        admin: users.admin.map(conflict),
        deleted: users.deleted,
    }
}

/// Whether the whole backup travels as one file.
pub(super) fn form(declared: &Archive) -> (door::Form, crate::transport::Form) {
    match declared.transport {
        Transport::Shared | Transport::Ssh => (door::Form::Thin, crate::transport::Form::Thin),
        Transport::Full => (door::Form::Mbz, crate::transport::Form::Full),
    }
}

fn conflict(taken: Taken) -> door::Conflict {
    match taken {
        Taken::Stop => door::Conflict::Refuse,
        Taken::Map => door::Conflict::Map,
        Taken::Rename => door::Conflict::Rename,
    }
}

/// The year is filled in when a session starts; what is left stands for something of the course.
fn fill(text: &Sliding, course: &CourseFacts) -> Result<String, EndError> {
    let category = course.category.last().map(|category| category.name.clone()).unwrap_or_default();
    let filled = text.filled(0, |name| match name {
        "shortname" => Some(course.shortname.as_str().into()),
        "fullname" => Some(course.fullname.as_str().into()),
        "idnumber" => Some(course.idnumber.as_str().into()),
        "category" => Some(category.clone().into()),
        _ => None,
    });
    filled.map_err(|error| EndError::Course {
        what: format!("cannot fill in `{}`", text.as_str()),
        source: Some(error.into()),
    })
}

fn read<T: serde::de::DeserializeOwned>(plan: Map<String, Value>, what: &str) -> Result<T, EndError> {
    serde_json::from_value(Value::Object(plan)).map_err(|error| EndError::Course {
        what: format!("cannot write down {what}"),
        source: Some(error.into()),
    })
}
