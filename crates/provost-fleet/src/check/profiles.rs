//! Profiles: names that must exist, and parents that lead back to none.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sink};
use crate::read::{At, Draft};
use crate::suggest::nearest;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    alike(draft, sink);
    let known: Vec<&str> = draft.profiles.iter().map(|(name, _)| name.value.as_str()).collect();
    let templates = draft.templates.iter().map(|(_, template)| &template.site.profiles);
    let sites = draft.sites.iter().map(|(_, site)| &site.profiles);
    let parents = draft.profiles.iter().map(|(_, profile)| &profile.parents);
    for named in templates.chain(sites).chain(parents).flatten() {
        there(named, &known, sink);
    }
    for (At { value: name, span }, _) in &draft.profiles {
        let mut way = vec![name.as_str()];
        if circle(draft, &mut way) {
            let fault = Diagnostic::error(span.clone(), format!("the profile `{name}` is its own parent"));
            sink.push(fault.hint(format!("by {}", way.join(" → "))));
        }
    }
}

/// Names of one site's settings that differ in nothing but capitals: to MariaDB they are one.
fn alike(draft: &Draft, sink: &Sink) {
    for (At { value: name, span }, site) in &draft.sites {
        let mut seen = BTreeMap::new();
        for key in draft.settings_of(name, site).keys() {
            if let Some(other) = seen.insert(key.to_string().to_ascii_lowercase(), key.clone()) {
                let message = format!(
                    "`{other}` and `{key}` of `{name}` differ in capitals alone: databases take them for one"
                );
                sink.push(Diagnostic::error(span.clone(), message).hint("write it as Moodle does"));
            }
        }
    }
}

fn there(named: &At<String>, known: &[&str], sink: &Sink) {
    if known.contains(&named.value.as_str()) {
        return;
    }
    let fault = Diagnostic::error(named.span.clone(), format!("there is no [profile.{}]", named.value));
    sink.push(match nearest(&named.value, known.iter().copied()) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => fault.hint(format!("declare it: [profile.{}]", named.value)),
    });
}

/// Whether the parents of the last one of a way lead to its first one; the way is left in `way` then.
fn circle<'a>(draft: &'a Draft, way: &mut Vec<&'a str>) -> bool {
    let (Some(&first), Some(last)) = (way.first(), way.last().and_then(|last| draft.profile(last))) else {
        return false;
    };
    for parent in &last.parents {
        let parent = parent.value.as_str();
        if parent == first {
            way.push(parent);
            return true;
        }
        // A circle that begins further on is told of its own profiles.
        if way.contains(&parent) {
            continue;
        }
        way.push(parent);
        if circle(draft, way) {
            return true;
        }
        way.pop();
    }
    false
}
