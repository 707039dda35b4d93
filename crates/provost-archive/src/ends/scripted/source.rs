//! The scripted source.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::disk::{Course, World, failed, read, remove, write};
use super::script::Fate;
use crate::ends::{Assignment, BackedUp, Doing, EndError, Looked, Source};
use crate::receipt::{Fresh, Proof};

pub(super) struct ScriptedSource(pub(super) Arc<World>);

impl ScriptedSource {
    fn course(&self, unit: &Assignment) -> Result<Option<Course>, EndError> {
        read(&self.0.source_course(unit.course)).map_err(failed)
    }

    fn backup_now(&self, unit: &Assignment, directory: &camino::Utf8Path) -> Result<BackedUp, EndError> {
        let gone = || EndError::course("there is no such course any more");
        let course = self.course(unit)?.ok_or_else(gone)?;
        fs_err::create_dir_all(directory).map_err(failed)?;
        fs_err::write(directory.join("content"), &course.content).map_err(failed)?;
        let bytes = course.content.len() as u64;
        let digest = Some(course.content.clone());
        let at = directory.to_owned();
        Ok(BackedUp {
            at,
            made_at: None,
            structure_bytes: bytes,
            content_bytes: 0,
            digest,
            left_out: Vec::new(),
        })
    }
}

impl Source for ScriptedSource {
    fn look<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Looked>> {
        async move {
            self.0.script.moment(&unit.key, "a look").await?;
            let incomplete = self.0.script.fate(unit.course) == Fate::Incomplete;
            let stopped_by = if incomplete { vec!["missing_content".to_owned()] } else { Vec::new() };
            let looked = |course: Course| {
                let bytes = course.content.len() as u64;
                Looked { shortname: course.shortname, bytes, stopped_by }
            };
            Ok(self.course(unit)?.map(looked))
        }
        .boxed()
    }

    fn backup<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, BackedUp> {
        async move {
            let directory = self.0.work("source", &unit.key);
            let said = directory.join("backup.json");
            if let Some(there) = read(&said).map_err(failed)? {
                return Ok(there);
            }
            remove(&directory)?;
            self.0.script.moment(&unit.key, "the backup").await?;
            let backup = self.backup_now(unit, &directory)?;
            self.0.script.moment(&unit.key, "the end of the backup").await?;
            write(&said, &backup).map_err(failed)?;
            Ok(backup)
        }
        .boxed()
    }

    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "the clean-up").await?;
            remove(&self.0.work("source", &unit.key))
        }
        .boxed()
    }

    fn hide<'a>(&'a self, unit: &'a Assignment, proof: &'a Proof) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "hiding").await?;
            if let Some(mut course) = self.course(unit)? {
                course.visible = false;
                write(&self.0.source_course(proof.statement().about.source.course), &course)
                    .map_err(failed)?;
                self.0.note("hidden", &unit.key, unit.course)?;
            }
            Ok(())
        }
        .boxed()
    }

    fn delete<'a>(&'a self, unit: &'a Assignment, fresh: &'a Fresh<'a>) -> Doing<'a, ()> {
        async move {
            self.0.script.moment(&unit.key, "the deletion").await?;
            if self.course(unit)?.is_some() {
                self.0.note("deleted", &unit.key, unit.course)?;
                remove(&self.0.source_course(fresh.proof().statement().about.source.course))?;
            }
            Ok(())
        }
        .boxed()
    }

    /// Here a deletion is one step.
    fn go_on_deleting<'a>(&'a self, _unit: &'a Assignment, _proof: &'a Proof) -> Doing<'a, bool> {
        async move { Ok(false) }.boxed()
    }

    fn show<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()> {
        async move {
            if let Some(mut course) = self.course(unit)? {
                course.visible = true;
                write(&self.0.source_course(unit.course), &course).map_err(failed)?;
            }
            Ok(())
        }
        .boxed()
    }
}
