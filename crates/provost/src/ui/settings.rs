//! Settings of sites, as text.

use provost_ops::settings::{Diff, Got};

use super::classes::{Words, short, shown};
use super::plain;
use super::tables::{lines, table};

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

/// Which sites have equal settings, and where the others differ.
pub(crate) fn diff(diff: &Diff) -> String {
    let words = Words { one: "setting", head: &["SETTING"], cells: |key| vec![key.to_string()] };
    let text = shown(&diff.compared, &words);
    match diff.compared.classes.is_empty() {
        true => text,
        false => format!("{text}; state and identity left out, up to {} of a site", diff.left_out),
    }
}
