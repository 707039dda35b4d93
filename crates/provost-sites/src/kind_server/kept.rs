//! Clusters that Provost made and that the file no longer names: their data is kept, and that is told.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::kind::{Hint, Planned, Reason};
use provost_fleet::model::Engine;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::server::{Cluster, ClusterState, mariadb};

/// What `initdb` makes: `template0`, `template1` and `postgres`.
const DATABASES_OF_INITDB: usize = 3;

/// A cluster that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where its data is.
    pub directory: Utf8PathBuf,
    /// The mark outside of it.
    pub mark: Utf8PathBuf,
    /// Whose data it is.
    pub engine: Engine,
    /// The version that made it.
    pub version: Option<String>,
    /// How many databases it has, where its directory can be read.
    pub databases: Option<usize>,
}

/// Names of all clusters that were made here.
pub(super) fn made(cx: &Context) -> BTreeSet<Name> {
    let marks = cx.paths.server_marks();
    let names = |directory: &Utf8Path| {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let marked = names(&marks).into_iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok());
    // One that was killed before its mark was written carries another inside.
    let there = names(&cx.paths.clusters()).into_iter().filter_map(|name| name.parse().ok());
    marked.chain(there).collect()
}

/// The cluster of a name, where it was made here and its data is there. It is not started.
pub(super) fn look(cx: &Context, name: &Name) -> Option<Kept> {
    let directory = cx.paths.cluster(name);
    let cluster = Cluster::made(&cx.paths, name);
    match cluster.state() {
        ClusterState::Stopped | ClusterState::Running(_) => {}
        // Data that is gone and that nobody asks for is in nobody's way.
        ClusterState::Absent
        | ClusterState::Unfinished
        | ClusterState::Lost
        | ClusterState::Other(_)
        | ClusterState::Foreign => return None,
    }
    Some(Kept {
        engine: cluster.engine,
        version: cluster.version(),
        databases: databases(cluster.engine, &directory),
        mark: cx.paths.server_mark(name),
        directory,
    })
}

/// Counted without starting it.
fn databases(engine: Engine, cluster: &Utf8Path) -> Option<usize> {
    match engine {
        Engine::Postgresql => databases_of_postgresql(cluster),
        Engine::Mariadb => mariadb::databases(cluster),
    }
}

/// PostgreSQL has one directory per database, named by its number.
fn databases_of_postgresql(cluster: &Utf8Path) -> Option<usize> {
    let entries = std::fs::read_dir(cluster.join("base")).ok()?.flatten();
    let numbered = entries.filter(|entry| {
        entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    });
    Some(numbered.count().saturating_sub(DATABASES_OF_INITDB))
}

/// It is left as it is.
pub(super) fn held(why: &str, back: &str, kept: &Kept) -> Planned {
    let version = kept.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    let databases = match kept.databases {
        None => String::new(),
        Some(0) => " with no database".to_owned(),
        Some(1) => " with 1 database".to_owned(),
        Some(number) => format!(" with {number} databases"),
    };
    Planned::Held(
        Reason(format!(
            "{why}; its data is kept: a cluster of {}{version}{databases} at `{}`",
            kept.engine.title(),
            kept.directory
        )),
        Hint(format!(
            "{back}; or, if nobody needs its data any more, remove `{}` and `{}` by hand",
            kept.directory, kept.mark
        )),
    )
}
