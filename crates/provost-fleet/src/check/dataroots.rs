//! Dataroots: none in another site's, and none in or around the fleet's own state. A site's removal takes its dataroot along.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Ground;
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::model::Template;
use crate::read::{At, Draft};

/// Where dataroots lie within the state; everything else there is Provost's own.
const WITHIN_STATE: &str = "data/sites";

pub(super) fn check(draft: &Draft, ground: &Ground<'_>, sink: &Sink) {
    // Those that nobody gives are in nobody's way, and with thousands of sites it takes a while to look where they really are.
    if draft.sites.iter().all(|(_, site)| site.dataroot.is_none()) {
        return;
    }
    let state = State::of(draft, ground);
    let real = |path: &Utf8Path| ground.real.map_or_else(|| path.to_owned(), |real| real(path));
    // Those that are given come last, so that a fault stands where something can be changed.
    let mut seen: BTreeMap<Utf8PathBuf, Span> = BTreeMap::new();
    if let Some(state) = &state {
        let unset = draft.sites.iter().filter(|(_, site)| site.dataroot.is_none());
        let default = |name: &str| real(&state.path.join(WITHIN_STATE).join(name));
        seen.extend(unset.map(|(name, _)| (default(name.value.as_str()), name.span.clone())));
        let templates = draft.templates.iter().filter_map(|(At { value, span }, _)| {
            Some((default(Template::site_name(value).ok()?.as_str()), span.clone()))
        });
        seen.extend(templates);
    }
    for path in draft.sites.iter().filter_map(|(_, site)| site.dataroot.as_ref()) {
        let place = real(&path.value);
        if !is_free(state.as_ref(), &place, &path.span, sink) {
            continue;
        }
        if let Some((before, first)) = clash(&place, &seen) {
            let message = if *before == place {
                format!("two sites cannot share the dataroot `{}`", path.value)
            } else {
                "a dataroot cannot lie in another site's dataroot".to_owned()
            };
            let fault = Diagnostic::error(path.span.clone(), message);
            let fault = fault.label("used again").other(first.clone(), "first used here");
            sink.push(match place == path.value {
                true => fault,
                false => fault.hint(format!("it really is `{place}`")),
            });
        }
        seen.entry(place).or_insert_with(|| path.span.clone());
    }
}

/// The fleet's state, given or not.
struct State {
    path: Utf8PathBuf,
    /// Where it is given.
    span: Option<Span>,
}

impl State {
    fn of(draft: &Draft, ground: &Ground<'_>) -> Option<Self> {
        let state = match (&draft.fleet.state, &draft.fleet.name, ground.default_state) {
            (Some(state), ..) => Self { path: state.value.clone(), span: Some(state.span.clone()) },
            (None, Some(name), Some(default)) => Self { path: default(name.as_str()), span: None },
            (None, ..) => return None,
        };
        Some(match ground.real {
            Some(real) => Self { path: real(&state.path), ..state },
            None => state,
        })
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
fn is_free(state: Option<&State>, path: &Utf8Path, span: &Span, sink: &Sink) -> bool {
    if path.parent().is_none() {
        sink.push(Diagnostic::error(span.clone(), "a dataroot is a directory of its own, not `/`"));
        return false;
    }
    let Some(state) = state else { return true };
    let message = if state.path.starts_with(path) {
        "a dataroot cannot hold the fleet's state"
    } else if path.starts_with(&state.path) && path.parent() != Some(&state.path.join(WITHIN_STATE)) {
        "a dataroot cannot lie among the fleet's own things"
    } else {
        return true;
    };
    let fault = Diagnostic::error(span.clone(), message);
    let fault = match &state.span {
        Some(given) => fault.other(given.clone(), "the state"),
        None => fault,
    };
    sink.push(fault.hint("leave `dataroot` out, or name a directory outside the state"));
    false
}
