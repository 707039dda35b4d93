//! The scripted witness: one table of one row.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use provost_fleet::digest::Digest;

use super::disk::{Course, World, failed, read};
use crate::census::{Census, Comparison, Difference, Kind, SCHEMA, TableCensus};
use crate::ends::{Assignment, Doing, EndError, Witness};
use crate::receipt::{About, End};

pub(super) struct ScriptedWitness(pub(super) Arc<World>);

impl Witness for ScriptedWitness {
    fn compare<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, Comparison> {
        async move {
            self.0.script.moment(&unit.key, "the census").await?;
            let gone = || EndError::course("there is no such course any more");
            let source: Course =
                read(&self.0.source_course(unit.course)).map_err(failed)?.ok_or_else(gone)?;
            let target: Course = read(&self.0.target_course(copy)).map_err(failed)?.ok_or_else(gone)?;
            let differences = if source.content == target.content { Vec::new() } else { vec![difference()] };
            let (source, target) = (census(unit.course, &source), census(copy, &target));
            Ok(Comparison { source, target, differences })
        }
        .boxed()
    }

    fn about<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, About> {
        async move {
            Ok(About {
                fleet: "scripted".to_owned(),
                operation: unit.session.to_string(),
                unit: unit.number,
                source: end("source", unit.course, &unit.shortname),
                target: end("target", copy, &unit.shortname),
            })
        }
        .boxed()
    }
}

fn end(site: &str, course: i64, shortname: &str) -> End {
    End {
        site: site.to_owned(),
        wwwroot: format!("https://{site}.example.org"),
        identifier: Digest::of(site.as_bytes()).to_string(),
        course,
        shortname: shortname.to_owned(),
    }
}

fn census(id: i64, course: &Course) -> Census {
    let content = TableCensus {
        rows: 1,
        digest: Digest::of(course.content.as_bytes()),
        columns: vec!["content".to_owned()],
        empty: Vec::new(),
    };
    Census {
        schema: SCHEMA,
        moodle: "2025041400.00".to_owned(),
        course: id,
        shortname: course.shortname.clone(),
        tables: BTreeMap::from([("content".to_owned(), content)]),
        not_compared: Vec::new(),
        changes_since: 0,
        unrest: Vec::new(),
        files: 0,
        bytes: 0,
        missing_contents: Vec::new(),
    }
}

fn difference() -> Difference {
    Difference {
        name: "changed:content".to_owned(),
        kind: Kind::Changed,
        subject: "content".to_owned(),
        rows: 1,
        examples: Vec::new(),
    }
}
