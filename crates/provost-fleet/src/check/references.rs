//! Names that must exist: a site's codebase and database server.

use crate::diagnostic::{Diagnostic, Sink};
use crate::read::{At, Draft, SiteDraft};
use crate::suggest::nearest;

pub(super) fn check(draft: &Draft, sink: &Sink) {
    let codebases: Vec<&str> = draft.codebases.iter().map(|(name, _)| name.value.as_str()).collect();
    let servers = draft.server_names();
    for (_, site) in &draft.sites {
        one(site, "codebase", site.codebase.as_ref(), &codebases, sink);
        one(site, "database", site.database.as_ref(), &servers, sink);
    }
}

fn one(site: &SiteDraft, key: &str, given: Option<&At<String>>, known: &[&str], sink: &Sink) {
    let list = || known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match given {
        Some(name) if known.contains(&name.value.as_str()) => {}
        Some(name) => {
            let fault = Diagnostic::error(name.span.clone(), format!("there is no [{key}.{}]", name.value));
            sink.push(match (nearest(&name.value, known.iter().copied()), known.is_empty()) {
                (Some(meant), _) => fault.hint(format!("did you mean `{meant}`?")),
                (None, false) => fault.hint(format!("there is {}", list())),
                (None, true) => fault.hint(format!("declare it: [{key}.{}]", name.value)),
            });
        }
        None if known.len() == 1 => {}
        None => {
            let fault = Diagnostic::absence(site.header.clone(), format!("this site needs `{key}`"));
            sink.push(match known.is_empty() {
                true => fault.hint(format!("the file declares no {key}: add a [{key}.NAME]")),
                false => fault.hint(format!("there is {}", list())),
            });
        }
    }
}
