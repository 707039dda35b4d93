//! A real source.

use std::sync::Arc;

use futures_util::FutureExt as _;
use provost_sites::archive::{
    Backup, BackupRequest, CoursePage, CoursesRequest, DeleteRequest, Detail, Expected, HideRequest,
};

use super::doors::ask;
use super::{Making, answer, requests};
use crate::course::CourseFacts;
use crate::ends::{Assignment, BackedUp, Doing, EndError, Looked, Source};
use crate::receipt::{Fresh, Proof};

pub(super) struct MoodleSource(pub(super) Arc<Making>);

impl Making {
    /// A course's facts at the source, as they are now.
    pub(super) async fn facts(&self, course: i64, detail: Detail) -> Result<Option<CourseFacts>, EndError> {
        let request = CoursesRequest { ids: vec![course], after: 0, limit: 1, detail };
        let page: Result<CoursePage<CourseFacts>, EndError> = ask!(self.source, courses, &request);
        Ok(page?.courses.pop())
    }

    /// By what the course is known.
    pub(super) fn expected(unit: &Assignment) -> Expected {
        Expected {
            course: unit.course,
            shortname: unit.shortname.clone(),
            timecreated: None,
            renamed: Some(unit.names.shortname.clone()).filter(|name| !name.is_empty()),
        }
    }

    /// What of a course's facts stops its unit: by the names that a declaration accepts them by.
    fn stopping(&self, facts: &CourseFacts) -> Vec<String> {
        let accept = self.accepted.names();
        let accepted = |name: &str, about: &str| accept.iter().any(|accept| accept.covers(name, about));
        let mut stopped_by = Vec::new();
        if facts.missing > 0 && !accepted("missing_content", "") {
            let missing = facts.missing;
            stopped_by
                .push(format!("{missing} contents of its files are gone from the source [missing_content]"));
        }
        // Called as the plan and the backup call it.
        let left_out = facts.left_out.iter().map(|(module, count)| (format!("mod_{module}"), count));
        for (module, count) in left_out.filter(|(module, _)| !accepted("left_out", module)) {
            stopped_by.push(format!("core's backup leaves out its {count} {module} [left_out:{module}]"));
        }
        stopped_by
    }

    async fn set_hidden(&self, unit: &Assignment, hidden: bool) -> Result<(), EndError> {
        let request = HideRequest { expected: Self::expected(unit), unit: unit.key.to_string(), hidden };
        let now = ask!(self.source, hide, &request)?;
        if hidden && now.visible {
            return Err(EndError::passing("the course can still be seen at the source"));
        }
        Ok(())
    }
}

fn deletion(unit: &Assignment, resume: bool) -> DeleteRequest {
    DeleteRequest {
        expected: Making::expected(unit),
        unit: unit.key.to_string(),
        must_be_hidden: true,
        resume,
    }
}

impl Source for MoodleSource {
    fn look<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Looked>> {
        async move {
            let facts = self.0.facts(unit.course, Detail::Contents).await?;
            Ok(facts.map(|facts| Looked {
                stopped_by: self.0.stopping(&facts),
                bytes: facts.bytes,
                shortname: facts.shortname,
            }))
        }
        .boxed()
    }

    fn backup<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, BackedUp> {
        async move {
            let request = BackupRequest {
                unit: unit.key.to_string(),
                course: unit.course,
                directory: self.0.source_work.clone(),
                form: requests::form(&self.0.declared).0,
                settings: self.0.settings()?,
                accept: self.0.accepted(),
            };
            match ask!(self.0.source, backup, &request)? {
                Backup::Stopped { problems } => Err(answer::stopped(&problems)),
                Backup::Done(done) => Ok(BackedUp {
                    at: done.path,
                    made_at: Some(done.at),
                    structure_bytes: done.structure_bytes,
                    content_bytes: done.content_bytes,
                    digest: None,
                    // What core leaves out is a problem that stops the agent, unless it is accepted.
                    left_out: Vec::new(),
                }),
            }
        }
        .boxed()
    }

    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            let directory = self.0.source_work.join(unit.key.as_str());
            super::way::remove(directory).await
        }
        .boxed()
    }

    fn hide<'a>(&'a self, unit: &'a Assignment, _proof: &'a Proof) -> Doing<'a, ()> {
        self.0.set_hidden(unit, true).boxed()
    }

    fn delete<'a>(&'a self, unit: &'a Assignment, _fresh: &'a Fresh<'a>) -> Doing<'a, ()> {
        async move {
            ask!(self.0.source, delete, &deletion(unit, false))?;
            Ok(())
        }
        .boxed()
    }

    fn go_on_deleting<'a>(&'a self, unit: &'a Assignment, _proof: &'a Proof) -> Doing<'a, bool> {
        async move { Ok(ask!(self.0.source, delete, &deletion(unit, true))?.begun) }.boxed()
    }

    fn show<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        self.0.set_hidden(unit, false).boxed()
    }
}
