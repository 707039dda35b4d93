//! A real target.

use std::sync::Arc;

use futures_util::FutureExt as _;
use provost_sites::archive::{
    CategoryRequest, CategoryStep, Detail, DiscardRequest, FindRequest, MoveRequest, PathRequest, Restore,
    RestoreRequest, RestoreState, RevertRequest, SettleRequest, UncategoryRequest,
};

use super::doors::{ask, ask_last};
use super::{Making, answer, requests};
use crate::course::CourseFacts;
use crate::ends::{Assignment, Carried, Doing, EndError, Restored, Target};

pub(super) struct MoodleTarget(pub(super) Arc<Making>);

impl Making {
    /// The category of a unit's place, made where it is missing. What is made is noted first of all: a cancelled session takes it away.
    async fn category(&self, unit: &Assignment) -> Result<i64, EndError> {
        let plain = |name: &String| CategoryStep { name: name.clone(), ..CategoryStep::default() };
        let path: Vec<CategoryStep> = unit.place.iter().map(plain).collect();
        let there = ask!(self.target, category, &CategoryRequest { path: path.clone(), make: false })?;
        if let Some(category) = there.category {
            return Ok(category);
        }
        let path = self.as_at_the_source(unit, path).await?;
        let placed = ask!(self.target, category, &CategoryRequest { path, make: true })?;
        self.note_categories(&placed.made)?;
        placed.category.ok_or_else(|| EndError::passing("the category was not made"))
    }

    /// Categories that are called as those of the course at the source, counted from its own upwards, get their descriptions and
    /// visibility, too.
    async fn as_at_the_source(
        &self,
        unit: &Assignment,
        mut path: Vec<CategoryStep>,
    ) -> Result<Vec<CategoryStep>, EndError> {
        let facts = self.facts(unit.course, Detail::Selection).await?;
        let own = facts.and_then(|facts| facts.category.last().map(|category| category.id));
        let Some(category) = own else { return Ok(path) };
        let source = ask!(self.source, path, &PathRequest { category })?;
        for (step, original) in path.iter_mut().rev().zip(source.path.into_iter().rev()) {
            if step.name != original.name {
                break;
            }
            *step = original;
        }
        Ok(path)
    }

    fn note_categories(&self, made: &[i64]) -> Result<(), EndError> {
        use std::io::Write as _;
        let failed = |error| EndError::passing_because("cannot note which categories were made", error);
        if made.is_empty() {
            return Ok(());
        }
        let lines: String = made.iter().map(|id| format!("{id}\n")).collect();
        let file = fs_err::OpenOptions::new().create(true).append(true).open(&self.notes);
        file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(failed)
    }

    /// Takes away those categories that the session made and that are empty.
    async fn remove_categories(&self) -> Result<(), EndError> {
        let text = std::fs::read_to_string(&self.notes).unwrap_or_default();
        let mut categories: Vec<i64> = text.lines().filter_map(|line| line.parse().ok()).collect();
        // A category that is made in another has the higher id.
        categories.sort_unstable_by(|one, other| other.cmp(one));
        categories.dedup();
        if !categories.is_empty() {
            ask!(self.target, uncategory, &UncategoryRequest { categories })?;
        }
        Ok(())
    }

    /// Brings a course to rest, and to disk.
    pub(super) async fn settle(&self, course: i64) -> Result<(), EndError> {
        let settled = ask!(self.target, settle, &SettleRequest { course })?;
        if !settled.durable {
            let why = settled.why_not.unwrap_or_default();
            return Err(EndError::platform(format!(
                "the target's database does not keep what it commits: {why}"
            )));
        }
        if settled.grades_waiting + settled.tasks_waiting > 0 {
            let (grades, tasks) = (settled.grades_waiting, settled.tasks_waiting);
            return Err(EndError::passing(format!(
                "the copy is not at rest: {grades} grade items and {tasks} tasks wait"
            )));
        }
        Ok(())
    }
}

impl MoodleTarget {
    /// The original's facts, under the short name that it was selected by: one that is moved within its site may have another by now.
    async fn original(&self, unit: &Assignment) -> Result<CourseFacts, EndError> {
        let found = self.0.facts(unit.course, Detail::Selection).await?;
        let gone = || EndError::course("the course is gone from the source");
        Ok(CourseFacts { shortname: unit.shortname.clone(), ..found.ok_or_else(gone)? })
    }
}

impl Target for MoodleTarget {
    fn find<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Restored>> {
        async move {
            let units = vec![unit.key.to_string()];
            let found = ask!(self.0.target, find, &FindRequest { units, ..FindRequest::default() })?;
            let marked = found.marked.into_iter().find(|marked| marked.unit == unit.key.as_str());
            let restored = marked.and_then(|marked| {
                Some(Restored { course: marked.course?, whole: marked.state == RestoreState::Restored })
            });
            Ok(restored)
        }
        .boxed()
    }

    fn restore<'a>(&'a self, unit: &'a Assignment, carried: &'a Carried) -> Doing<'a, Restored> {
        async move {
            let request = RestoreRequest {
                unit: unit.key.to_string(),
                backup: carried.at.clone(),
                category: self.0.category(unit).await?,
                shortname: unit.names.shortname.clone(),
                fullname: unit.names.fullname.clone(),
                settings: self.0.settings()?,
                users: requests::users(&self.0.declared, &self.0.people),
                roles: std::collections::BTreeMap::new(),
                accept: self.0.accepted(),
                course: unit.course,
            };
            match ask_last!(self.0.target, restore, &request)? {
                Restore::Stopped { problems } => Err(answer::stopped(&problems)),
                Restore::Done(done) => {
                    self.0.settle(done.course).await?;
                    Ok(Restored { course: done.course, whole: true })
                }
            }
        }
        .boxed()
    }

    fn relocate<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            let category = self.0.category(unit).await?;
            let plan = self.0.finish(unit, unit.course, &self.original(unit).await?)?;
            let request =
                MoveRequest { expected: Making::expected(unit), category, unit: unit.key.to_string(), plan };
            ask!(self.0.target, relocate, &request)?;
            Ok(())
        }
        .boxed()
    }

    fn put_back<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Vec<String>> {
        async move {
            let request = |forget| RevertRequest { unit: unit.key.to_string(), forget };
            let reverted = ask!(self.0.target, revert, &request(false))?;
            self.0.remove_categories().await?;
            // Last: whoever is killed before it looks at everything again, and tells again what stays.
            ask!(self.0.target, revert, &request(true))?;
            Ok(reverted.kept)
        }
        .boxed()
    }

    fn post_process<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()> {
        async move {
            let request = self.0.finish(unit, course, &self.original(unit).await?)?;
            ask!(self.0.target, finish, &request)?;
            self.0.settle(course).await
        }
        .boxed()
    }

    fn open<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()> {
        async move {
            let request = self.0.opened(unit, course, &self.original(unit).await?);
            ask!(self.0.target, finish, &request)?;
            Ok(())
        }
        .boxed()
    }

    fn tidy<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move { Ok(self.0.transport.release(&unit.key).await?) }.boxed()
    }

    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            let request = DiscardRequest { unit: unit.key.to_string(), empty_trash: true };
            ask!(self.0.target, discard, &request)?;
            self.0.transport.release(&unit.key).await?;
            self.0.remove_categories().await
        }
        .boxed()
    }
}
