//! The census of two real Moodles.

use std::sync::Arc;

use futures_util::FutureExt as _;
use provost_fleet::archive::UserKey;

use super::Making;
use crate::census::{self, CensusAsk, CompareError, Comparison, Side, SiteEnd};
use crate::ends::{Assignment, Doing, EndError, Witness};
use crate::receipt::About;

pub(super) struct MoodleWitness(pub(super) Arc<Making>);

impl Making {
    fn asks(&self, unit: &Assignment, copy: i64) -> Result<(CensusAsk, CensusAsk), EndError> {
        let base = CensusAsk {
            user_key: match self.declared.users.key {
                UserKey::Username | UserKey::Core => census::UserKey::Username,
                UserKey::Email => census::UserKey::Email,
                UserKey::Idnumber => census::UserKey::Idnumber,
            },
            conditions: self.conditions()?,
            logs_before: unit.backed_up_at,
            log_people: true,
            without_notice: self.declared.after.notice.is_some(),
            ..CensusAsk::new(unit.course, Side::Source)
        };
        let source = CensusAsk { user_table: self.people.clone(), ..base.clone() };
        let target = CensusAsk { course: copy, side: Side::Target, ..base };
        Ok((source, target))
    }
}

impl Witness for MoodleWitness {
    fn compare<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, Comparison> {
        async move {
            self.0.settle(copy).await?;
            let (of_source, of_target) = self.0.asks(unit, copy)?;
            let (mut source, mut target) = (self.0.source.take().await?, self.0.target.take().await?);
            let compared = {
                let at_source = SiteEnd::new(self.0.source.cx(), &mut source.door);
                let at_target = SiteEnd::new(self.0.target.cx(), &mut target.door);
                census::compare(&at_source, &at_target, &of_source, &of_target).await
            };
            // Agents that broke over it are dropped, and their processes with them.
            if compared.is_ok() {
                self.0.source.keep(source).await;
                self.0.target.keep(target).await;
            }
            compared.map_err(failed)
        }
        .boxed()
    }

    fn about<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, About> {
        async move {
            let mut about = About {
                fleet: self.0.fleet.clone(),
                operation: unit.session.to_string(),
                unit: unit.number,
                source: self.0.source_is.clone(),
                target: self.0.target_is.clone(),
            };
            about.source.course = unit.course;
            about.source.shortname.clone_from(&unit.shortname);
            about.target.course = copy;
            about.target.shortname.clone_from(&unit.shortname);
            Ok(about)
        }
        .boxed()
    }
}

fn failed(error: CompareError) -> EndError {
    match error {
        // Trying again with the same two programs changes nothing.
        CompareError::Schema { .. } => EndError::Platform {
            what: "the two ends cannot be compared".to_owned(),
            source: Some(error.into()),
        },
        _ => EndError::passing_because("the two ends could not be compared", error),
    }
}
