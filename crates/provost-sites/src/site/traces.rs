//! Sites that have left something on this disk: known without asking any server, which may be at rest.

use std::collections::BTreeSet;

use provost_engine::paths::Paths;
use provost_fleet::name::Name;

use super::files::{self, Dataroot};

/// The sites of a fleet that have made files, or a dataroot at its default place that carries their mark. A site whose dataroot lies
/// elsewhere has made files, until all of it is removed.
pub fn sites(paths: &Paths, fleet_id: &str) -> BTreeSet<Name> {
    let ours = |name: &Name| match files::look_at_dataroot(&paths.dataroot(name)) {
        Ok(Dataroot::Marked(mark)) => mark.fleet == fleet_id && mark.site == *name,
        _ => false,
    };
    let mut found: BTreeSet<Name> = dataroots(paths).filter(ours).collect();
    found.extend(made(paths));
    found
}

/// What dataroots at their default place are called, whosever they are.
pub fn dataroots(paths: &Paths) -> impl Iterator<Item = Name> + use<> {
    names(&paths.dataroots())
}

/// The sites that have made files.
pub fn made(paths: &Paths) -> BTreeSet<Name> {
    names(&paths.sites()).collect()
}

fn names(directory: &camino::Utf8Path) -> impl Iterator<Item = Name> + use<> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
