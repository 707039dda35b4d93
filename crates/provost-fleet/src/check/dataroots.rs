//! Dataroots: none in another site's, and none in or around the fleet's own state. A site's removal takes its dataroot along.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::read::Draft;

/// Where dataroots lie within the state; everything else there is Provost's own.
const WITHIN_STATE: &str = "data/sites";

pub(super) fn check(draft: &Draft, sink: &Sink) {
    // Those that are given come last, so that a fault stands where something can be changed.
    let mut seen: BTreeMap<Utf8PathBuf, Span> = BTreeMap::new();
    if let Some(state) = &draft.fleet.state {
        let unset = draft.sites.iter().filter(|(_, site)| site.dataroot.is_none());
        let default = |name: &str| state.value.join(WITHIN_STATE).join(name);
        seen.extend(unset.map(|(name, _)| (default(name.value.as_str()), name.span.clone())));
    }
    for path in draft.sites.iter().filter_map(|(_, site)| site.dataroot.as_ref()) {
        if !is_free(draft, &path.value, &path.span, sink) {
            continue;
        }
        if let Some((before, place)) = clash(&path.value, &seen) {
            let message = if *before == path.value {
                format!("two sites cannot share the dataroot `{}`", path.value)
            } else {
                "a dataroot cannot lie in another site's dataroot".to_owned()
            };
            let fault = Diagnostic::error(path.span.clone(), message);
            sink.push(fault.label("used again").other(place.clone(), "first used here"));
        }
        seen.entry(path.value.clone()).or_insert_with(|| path.span.clone());
    }
}

/// One that is the same, around it or inside it. Paths compare part by part, so `/a//b/` is `/a/b`, and what lies inside a
/// directory follows it in their order.
fn clash<'a>(path: &Utf8Path, seen: &'a BTreeMap<Utf8PathBuf, Span>) -> Option<(&'a Utf8PathBuf, &'a Span)> {
    let around = || path.ancestors().find_map(|above| seen.get_key_value(above));
    let inside = || seen.range(path.to_owned()..).next().filter(|(following, _)| following.starts_with(path));
    around().or_else(inside)
}

/// Whether a directory can be a site's, as far as the machine and the fleet's state go.
fn is_free(draft: &Draft, path: &Utf8Path, span: &Span, sink: &Sink) -> bool {
    if path.parent().is_none() {
        sink.push(Diagnostic::error(span.clone(), "a dataroot is a directory of its own, not `/`"));
        return false;
    }
    let Some(state) = &draft.fleet.state else { return true };
    let message = if state.value.starts_with(path) {
        "a dataroot cannot hold the fleet's state"
    } else if path.starts_with(&state.value) && path.parent() != Some(&state.value.join(WITHIN_STATE)) {
        "a dataroot cannot lie among the fleet's own things"
    } else {
        return true;
    };
    let fault = Diagnostic::error(span.clone(), message).other(state.span.clone(), "the state");
    sink.push(fault.hint("leave `dataroot` out, or name a directory outside the state"));
    false
}
