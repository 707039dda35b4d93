//! Whether a build has something in a lower version than another one: Moodle has no way back.

use std::collections::{BTreeMap, BTreeSet};

use provost_codebase::build::{read_record, read_versions};
use provost_engine::context::Context;
use provost_fleet::lock::LockedCodebase;
use provost_fleet::name::Name;
use provost_moodle::version_php::Version;

/// The versions of Moodle and of the plugins of a lock, by part.
pub(super) type Versions = BTreeMap<String, String>;

pub(super) fn of(locked: &LockedCodebase) -> Versions {
    let plugins = locked.plugins.iter();
    let plugins = plugins.map(|(component, plugin)| (component.to_string(), plugin.version.clone()));
    plugins.chain([("Moodle".to_owned(), locked.moodle.version.clone())]).collect()
}

/// The versions of a build by its record, else by its own files. Of a build of which neither is there, nothing is known.
pub(super) async fn of_build(cx: &Context, tree: &str) -> Versions {
    let Ok(tree) = tree.parse() else { return Versions::new() };
    if let Some(locked) = read_record(&cx.paths.builds(), tree).and_then(|record| record.locked) {
        return of(&locked);
    }
    let Ok(read) = read_versions(cx, tree).await else { return Versions::new() };
    let moodle = read.moodle.map(|moodle| ("Moodle".to_owned(), moodle.version.to_string()));
    let plugins = read.plugins.into_iter();
    plugins.map(|(component, version)| (component.to_string(), version.to_string())).chain(moodle).collect()
}

/// What has a lower version in `to` than in `from`, in words. What only one of them has is neither.
pub(super) fn lowered(from: &Versions, to: &Versions) -> Vec<String> {
    let both = from.iter().filter_map(|(part, from)| Some((part, from, to.get(part)?)));
    let lower = both.filter(|(_, from, to)| {
        let (from, to) = (from.parse::<Version>().ok(), to.parse::<Version>().ok());
        from.zip(to).is_some_and(|(from, to)| to < from)
    });
    lower.map(|(part, from, to)| format!("{part} ({from} to {to})")).collect()
}

/// What has another version in `to` than in `from`, or is in one of them alone, in words: what Moodle would upgrade for. Where nothing
/// is known of a build, all of it.
pub(super) fn differing(from: &Versions, to: &Versions) -> Vec<String> {
    let parts: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differs = parts.into_iter().filter(|part| from.get(*part) != to.get(*part));
    let told = |version: Option<&String>| version.map_or("none", String::as_str).to_owned();
    differs.map(|part| format!("{part} ({} to {})", told(from.get(part)), told(to.get(part)))).collect()
}

/// What is in `from` and no longer in `to`, where nothing else differs; else nothing.
pub(super) fn removed(from: &Versions, to: &Versions) -> Vec<String> {
    let kept = from.iter().filter(|(part, _)| to.contains_key(*part));
    let same = kept.clone().count() == to.len() && kept.clone().all(|(part, is)| to.get(part) == Some(is));
    if !same || to.is_empty() {
        return Vec::new();
    }
    from.keys().filter(|part| !to.contains_key(*part)).cloned().collect()
}

/// Whether a build was made for other codebases alone than one. Where nothing is known of it, it may be that one's.
pub(super) fn is_of_others(cx: &Context, tree: &str, codebase: &Name) -> bool {
    let record = tree.parse().ok().and_then(|tree| read_record(&cx.paths.builds(), tree));
    record.is_some_and(|record| !record.names.is_empty() && !record.names.contains(codebase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(all: &[(&str, &str)]) -> Versions {
        all.iter().map(|(part, version)| ((*part).to_owned(), (*version).to_owned())).collect()
    }

    #[test]
    fn only_what_goes_down_is_told() {
        let from = versions(&[
            ("Moodle", "2024100700.10"),
            ("mod_down", "2024110200"),
            ("mod_gone", "2024110100"),
            ("mod_odd", "soon"),
            ("mod_up", "2024110100"),
        ]);
        let to = versions(&[
            ("Moodle", "2024100700.09"),
            ("mod_down", "2024110100"),
            ("mod_new", "1"),
            ("mod_odd", "1"),
            ("mod_up", "2024110200"),
        ]);
        let told = ["Moodle (2024100700.10 to 2024100700.09)", "mod_down (2024110200 to 2024110100)"];
        assert_eq!(lowered(&from, &to), told);
        assert_eq!(lowered(&from, &from), Vec::<String>::new());
    }

    #[test]
    fn what_is_removed_is_told_where_nothing_else_differs() {
        let from = versions(&[("Moodle", "1"), ("mod_gone", "1"), ("mod_same", "2")]);
        let to = versions(&[("Moodle", "1"), ("mod_same", "2")]);
        assert_eq!(removed(&from, &to), ["mod_gone"]);
        assert_eq!(removed(&from, &from), Vec::<String>::new());
        assert_eq!(removed(&to, &from), Vec::<String>::new(), "one comes");
        let upgraded = versions(&[("Moodle", "2"), ("mod_same", "2")]);
        assert_eq!(removed(&from, &upgraded), Vec::<String>::new(), "that is an upgrade");
        assert_eq!(removed(&from, &Versions::new()), Vec::<String>::new(), "nothing is known of it");
    }

    #[test]
    fn whatever_moodle_would_upgrade_for_differs() {
        let from = versions(&[("Moodle", "2024100700"), ("mod_gone", "1"), ("mod_same", "2")]);
        let to = versions(&[("Moodle", "2024100701"), ("mod_new", "3"), ("mod_same", "2")]);
        let told = ["Moodle (2024100700 to 2024100701)", "mod_gone (1 to none)", "mod_new (none to 3)"];
        assert_eq!(differing(&from, &to), told);
        assert_eq!(differing(&from, &from), Vec::<String>::new());
    }
}
