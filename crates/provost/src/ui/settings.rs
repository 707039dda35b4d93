//! Settings of sites, as text.

use std::fmt::Write as _;

use provost_admin::settings::{Class, Difference, Value};
use provost_ops::fanout::Cause;
use provost_ops::settings::{Diff, Got};

use super::tables::{lines, table};
use super::{Ui, plain};

/// The longest value that is shown; `--json` has it whole.
const WIDEST: usize = 60;

/// How many sites of a class are named; `--json` names all.
const NAMED: usize = 12;

/// Settings, site by site.
pub(crate) fn got(got: &Got) -> String {
    let mut rows = table(["SITE", "SETTING", "VALUE", "HOW"]);
    for one in &got.settings {
        let value = match (&one.value, one.secret) {
            (Some(value), _) => short(value),
            (None, true) => "(secret)".to_owned(),
            (None, false) => "-".to_owned(),
        };
        rows.add_row([one.site.clone(), plain(&one.setting), value, one.how.to_owned()]);
    }
    match got.settings.is_empty() {
        true => "No site has such a setting.".to_owned(),
        false => lines(&rows).trim_end().to_owned(),
    }
}

/// Classes of sites, and where they differ from the first.
pub(crate) fn diff(diff: &Diff) -> String {
    let mut text = String::new();
    let Some((first, others)) = diff.compared.classes.split_first() else {
        return "No site could be read.".to_owned();
    };
    let equal = if first.sites.len() == 1 { "compared with" } else { "are equal" };
    writeln!(text, "{} {equal}: {}", sites(first), named(first)).ok();
    for class in others {
        let verb = if class.sites.len() == 1 { "differs" } else { "differ" };
        let count = class.differences.len();
        writeln!(text, "\n{} {verb} in {}: {}", sites(class), counted(count, "setting"), named(class)).ok();
        let mut rows = table(["  SETTING", "THERE", "HERE"]);
        for one in &class.differences {
            rows.add_row([
                format!("  {}", plain(&one.setting.to_string())),
                told(one, true),
                told(one, false),
            ]);
        }
        text.push_str(&lines(&rows));
    }
    let settings = counted(diff.compared.settings, "setting");
    write!(text, "\n{settings} compared; state and identity left out, up to {} of a site", diff.left_out)
        .ok();
    text
}

/// What could not be read, beside the data.
pub(crate) fn causes(ui: &Ui, causes: &[Cause]) {
    for cause in causes {
        ui.line(&format!("✗ {}: {}", cause.sites.join(", "), plain(&cause.error)));
        if let Some(hint) = &cause.hint {
            ui.line(&format!("    hint: {hint}"));
        }
    }
}

fn told(one: &Difference, there: bool) -> String {
    match (one.secret, if there { &one.there } else { &one.here }) {
        (true, _) if there => "(secret)".to_owned(),
        (true, _) => "(different)".to_owned(),
        (false, None) => "absent".to_owned(),
        (false, Some(Value::Set(value))) if value.is_empty() => "\"\"".to_owned(),
        (false, Some(Value::Set(value))) => short(value),
        (false, Some(Value::Forced(value))) => format!("{} (forced)", short(value)),
    }
}

fn sites(class: &Class) -> String {
    counted(class.sites.len(), "site")
}

fn named(class: &Class) -> String {
    let first = class.sites.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match class.sites.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn short(text: &str) -> String {
    let text = plain(text);
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}
