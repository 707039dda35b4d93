//! Dataroots: none in another site's, and none that holds the fleet's own state. A site's removal takes its dataroot along.

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::read::Draft;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let mut seen: Vec<(Utf8PathBuf, Span)> = Vec::new();
    // Those that are given come last, so that a fault stands where something can be changed.
    let defaults = draft.fleet.state.iter().flat_map(|state| {
        let unset = draft.sites.iter().filter(|(_, site)| site.dataroot.is_none());
        unset.map(|(name, _)| (state.value.join("data/sites").join(name.value.as_str()), name.span.clone()))
    });
    seen.extend(defaults);
    for path in draft.sites.iter().filter_map(|(_, site)| site.dataroot.as_ref()) {
        whole_machine(draft, &path.value, &path.span, sink);
        for (before, place) in &seen {
            if let Some(message) = clash(&path.value, before) {
                let fault = Diagnostic::error(path.span.clone(), message);
                sink.push(fault.label("used again").other(place.clone(), "first used here"));
            }
        }
        seen.push((path.value.clone(), path.span.clone()));
    }
}

/// Paths compare part by part, so `/a//b/` is `/a/b`.
fn clash(one: &Utf8Path, other: &Utf8Path) -> Option<String> {
    if one == other {
        Some(format!("two sites cannot share the dataroot `{one}`"))
    } else if one.starts_with(other) || other.starts_with(one) {
        Some("a dataroot cannot lie in another site's dataroot".to_owned())
    } else {
        None
    }
}

fn whole_machine(draft: &Draft, path: &Utf8Path, span: &Span, sink: &Sink) {
    if path.parent().is_none() {
        sink.push(Diagnostic::error(span.clone(), "a dataroot is a directory of its own, not `/`"));
    } else if let Some(state) = draft.fleet.state.as_ref().filter(|state| state.value.starts_with(path)) {
        let fault = Diagnostic::error(span.clone(), "a dataroot cannot hold the fleet's state");
        sink.push(fault.other(state.span.clone(), "the state"));
    }
}
