//! From a look at the course to its copy.

use provost_engine::registry::Findings;
use serde_json::json;

use super::{Ended, PhaseError, Work};
use crate::ends::EndError;

impl Work<'_> {
    /// Looks at the course; nothing is written at the source.
    pub(super) async fn prepare(self) -> Result<Ended, PhaseError> {
        let looked = self.phases.ends.source.look(&self.assignment).await?;
        let looked = looked.ok_or_else(|| EndError::course("the course is gone from the source"))?;
        if looked.shortname != self.assignment.shortname {
            let now = looked.shortname;
            return Err(EndError::course(format!("the course under this id is called `{now}` now")).into());
        }
        if !looked.stopped_by.is_empty() {
            return Err(EndError::course(looked.stopped_by.join("; ")).into());
        }
        let bytes = i64::try_from(looked.bytes).ok();
        let findings = Findings { bytes, ..Findings::default() };
        Ok(Ended { evidence: json!({ "bytes": looked.bytes }), findings, receipt: None })
    }

    /// Has the backup made.
    pub(super) async fn back_up(mut self) -> Result<Ended, PhaseError> {
        let backup = self.phases.ends.source.backup(&self.assignment).await?;
        if !backup.left_out.is_empty() {
            let left_out = backup.left_out.join(", ");
            return Err(EndError::course(format!("core's backup leaves out {left_out}")).into());
        }
        let evidence = json!({
            "structure_bytes": backup.structure_bytes,
            "content_bytes": backup.content_bytes,
            "digest": backup.digest,
        });
        self.dossier.backup = Some(backup);
        Ended::knowing(evidence, &self.dossier)
    }

    /// Has it carried.
    pub(super) async fn carry(mut self) -> Result<Ended, PhaseError> {
        self.see_that_the_backup_is_there().await?;
        let backup = self.dossier.backup.as_ref().ok_or(PhaseError::Incomplete("the backup"))?;
        let carried = self.phases.ends.way.carry(&self.assignment, backup).await?;
        if backup.digest.as_ref().is_some_and(|digest| *digest != carried.digest) {
            return Err(EndError::passing("what arrived is not what was backed up").into());
        }
        let moved = carried.moved_bytes;
        let evidence = json!({ "moved_bytes": moved, "spared_bytes": carried.spared_bytes });
        self.dossier.carried = Some(carried);
        let mut ended = Ended::knowing(evidence, &self.dossier)?;
        ended.findings.moved_bytes = i64::try_from(moved).ok();
        Ok(ended)
    }

    /// After a failure, a kill or a restart: what the source's work directory had may be gone with a disk or with the memory, or cleared
    /// away by a person, and no later phase comes back to that one. A backup that is there is left as it is.
    async fn see_that_the_backup_is_there(&mut self) -> Result<(), PhaseError> {
        let way = &self.phases.ends.way;
        if self.unit.attempts > 1
            || self.dossier.backup.as_ref().is_some_and(|backup| way.has_lost(&backup.at))
        {
            let backup = self.phases.ends.source.backup(&self.assignment).await?;
            self.assignment.backed_up_at = backup.made_at;
            self.dossier.backup = Some(backup);
        }
        Ok(())
    }

    /// The same for what had arrived at the target.
    async fn see_that_it_arrived(&mut self) -> Result<(), PhaseError> {
        let ends = &self.phases.ends;
        let lost = self.dossier.carried.as_ref().is_some_and(|carried| ends.way.has_lost(&carried.at));
        let there = self.unit.attempts <= 1 && !lost;
        if there || ends.target.find(&self.assignment).await?.is_some_and(|copy| copy.whole) {
            return Ok(());
        }
        self.see_that_the_backup_is_there().await?;
        let backup = self.dossier.backup.as_ref().ok_or(PhaseError::Incomplete("the backup"))?;
        self.dossier.carried = Some(self.phases.ends.way.carry(&self.assignment, backup).await?);
        Ok(())
    }

    /// Has the copy made, hidden and marked.
    pub(super) async fn restore(mut self) -> Result<Ended, PhaseError> {
        let copy = if self.phases.ends.same_site {
            self.assignment.course
        } else {
            self.see_that_it_arrived().await?;
            let carried = self.dossier.carried.as_ref().ok_or(PhaseError::Incomplete("what arrived"))?;
            self.phases.ends.target.restore(&self.assignment, carried).await?.course
        };
        let mut ended = Ended::knowing(json!({ "course": copy }), &self.dossier)?;
        ended.findings.target_id = Some(copy);
        Ok(ended)
    }

    /// Has done with the copy what was declared.
    pub(super) async fn post_process(self) -> Result<Ended, PhaseError> {
        let copy = self.copy()?;
        if self.phases.ends.same_site {
            self.phases.ends.target.relocate(&self.assignment).await?;
        }
        self.phases.ends.target.post_process(&self.assignment, copy).await?;
        Ok(Ended::seen(json!({ "course": copy })))
    }
}
