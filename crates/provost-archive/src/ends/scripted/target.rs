//! The scripted target.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::disk::{Course, World, failed, read, remove, write};
use super::script::Fate;
use crate::ends::{Assignment, Carried, Doing, EndError, Restored, Target};

pub(super) struct ScriptedTarget(pub(super) Arc<World>);

impl ScriptedTarget {
    fn marked(&self, unit: &Assignment) -> Result<Option<(i64, Course)>, EndError> {
        let Some(id) = read::<i64>(&self.0.mark(&unit.key)).map_err(failed)? else { return Ok(None) };
        let course: Option<Course> = read(&self.0.target_course(id)).map_err(failed)?;
        Ok(course.map(|course| (id, course)))
    }

    fn course(&self, id: i64) -> Result<Course, EndError> {
        let gone = || EndError::course("the restored course is gone");
        read(&self.0.target_course(id)).map_err(failed)?.ok_or_else(gone)
    }

    /// Removes what is there of a unit, marked or about to be: a course is made before its mark is.
    fn remove_of(&self, unit: &Assignment) -> Result<(), EndError> {
        let planned: Option<i64> = read(&self.0.mark(&unit.key)).map_err(failed)?;
        if let Some(id) = planned {
            remove(&self.0.target_course(id))?;
        }
        remove(&self.0.mark(&unit.key))
    }
}

impl Target for ScriptedTarget {
    fn find<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Restored>> {
        async move {
            self.0.script.moment(&unit.key, "a look").await?;
            Ok(self.marked(unit)?.map(|(id, course)| Restored { course: id, whole: course.whole }))
        }
        .boxed()
    }

    fn restore<'a>(&'a self, unit: &'a Assignment, carried: &'a Carried) -> Doing<'a, Restored> {
        async move {
            match self.marked(unit)? {
                Some((id, course)) if course.whole => return Ok(Restored { course: id, whole: true }),
                Some(_) | None => self.remove_of(unit)?,
            }
            let content = fs_err::read_to_string(carried.at.join("content")).map_err(failed)?;
            let mut course = Course {
                shortname: unit.shortname.clone(),
                content: String::new(),
                visible: false,
                whole: false,
                post_processed: 0,
                of: Some(unit.key.clone()),
            };
            // The number is chosen and written down before the course is there, as the real agent marks its placeholder in the
            // transaction that makes it.
            let id = i64::from(uuid::Uuid::new_v4().as_fields().0);
            write(&self.0.mark(&unit.key), &id).map_err(failed)?;
            write(&self.0.target_course(id), &course).map_err(failed)?;
            self.0.script.moment(&unit.key, "the restore").await?;
            let fate = self.0.script.fate(unit.course);
            if fate == Fate::Throws {
                self.remove_of(unit)?;
                return Err(EndError::passing("the restore threw: error/cannot_restore"));
            }
            course.content = if fate == Fate::Damaged { String::from("something else") } else { content };
            course.whole = true;
            write(&self.0.target_course(id), &course).map_err(failed)?;
            self.0.note("restored", &unit.key, id)?;
            self.0.script.moment(&unit.key, "the end of the restore").await?;
            Ok(Restored { course: id, whole: true })
        }
        .boxed()
    }

    fn relocate<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move { self.0.script.moment(&unit.key, "the move").await }.boxed()
    }

    fn put_back<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Vec<String>> {
        async move {
            self.0.script.moment(&unit.key, "the way back").await?;
            Ok(Vec::new())
        }
        .boxed()
    }

    fn post_process<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "the post-processing").await?;
            let mut found = self.course(course)?;
            found.post_processed += 1;
            write(&self.0.target_course(course), &found).map_err(failed)
        }
        .boxed()
    }

    fn open<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "the opening").await?;
            let mut found = self.course(course)?;
            found.visible = true;
            write(&self.0.target_course(course), &found).map_err(failed)
        }
        .boxed()
    }

    fn tidy<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move { remove(&self.0.work("target", &unit.key)) }.boxed()
    }

    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "the clean-up").await?;
            self.remove_of(unit)?;
            remove(&self.0.work("target", &unit.key))
        }
        .boxed()
    }
}
