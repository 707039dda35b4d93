//! Settings of sites, as text.

use std::fmt::Write as _;

use provost_admin::declared::Departure;
use provost_ops::settings::declared::Departed;
use provost_ops::settings::{Diff, Got};

use super::classes::{Words, counted, csv, indented, named, short, shown};
use super::plain;
use super::rows::lines_of;
use super::tables::{lines, table};

/// Settings, site by site.
pub(crate) fn got(got: &Got, as_csv: bool) -> String {
    if as_csv {
        let each = got.settings.iter().map(|one| {
            let value =
                if one.secret { "(secret)".to_owned() } else { one.value.clone().unwrap_or_default() };
            vec![one.site.clone(), one.setting.clone(), value, one.how.to_owned()]
        });
        return lines_of(&["site", "setting", "value", "how"], each);
    }
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
pub(crate) fn diff(diff: &Diff, as_csv: bool) -> String {
    let words = Words { one: "setting", head: &["SETTING"], cells: |key| vec![key.to_string()] };
    if as_csv {
        return csv(&diff.compared, &words);
    }
    let text = shown(&diff.compared, &words);
    match diff.compared.classes.is_empty() {
        true => text,
        false => format!("{text}; state and identity left out, up to {} of a site", diff.left_out),
    }
}

/// Which sites are as the fleet file declares them, and where the others are not.
pub(crate) fn departed(found: &Departed, as_csv: bool) -> String {
    if as_csv {
        let line = |site: &String, one: &Departure| {
            let plain = |value: Option<&String>, secret| match value {
                Some(value) => value.clone(),
                None if one.secret => told(one, value, secret),
                None => String::new(),
            };
            let own = [one.setting.clone(), one.by.clone(), one.policy.word().to_owned()];
            [
                vec![site.clone()],
                own.to_vec(),
                vec![plain(one.declared.as_ref(), "(secret)"), plain(one.is.as_ref(), "(different)")],
            ]
            .concat()
        };
        let each = found.classes.iter().flat_map(|class| {
            class.sites.iter().flat_map(move |site| class.departures.iter().map(move |one| line(site, one)))
        });
        return lines_of(&["site", "setting", "by", "policy", "declared", "is"], each);
    }
    let mut text = String::new();
    for class in &found.classes {
        let sites = counted(class.sites.len(), "site");
        if class.departures.is_empty() {
            writeln!(text, "{sites} as declared: {}\n", named(&class.sites)).ok();
            continue;
        }
        let verb = if class.sites.len() == 1 { "differs" } else { "differ" };
        let count = counted(class.departures.len(), "setting");
        writeln!(text, "{sites} {verb} in {count}: {}", named(&class.sites)).ok();
        let mut rows = table::<0>([]);
        let head = ["SETTING", "BY", "POLICY", "DECLARED", "SITE HAS"];
        rows.set_header(indented(head.map(str::to_owned).to_vec()));
        for one in &class.departures {
            let row = [one.setting.clone(), one.by.clone(), one.policy.word().to_owned()];
            rows.add_row(indented(
                [
                    row.to_vec(),
                    vec![
                        told(one, one.declared.as_ref(), "(secret)"),
                        told(one, one.is.as_ref(), "(different)"),
                    ],
                ]
                .concat(),
            ));
        }
        writeln!(text, "{}", lines(&rows)).ok();
    }
    if !found.without.is_empty() {
        let sites = counted(found.without.len(), "site");
        writeln!(text, "{sites} without declared settings: {}\n", named(&found.without)).ok();
    }
    write!(text, "{} compared", counted(found.declared, "declared setting")).ok();
    text
}

fn told(one: &Departure, value: Option<&String>, secret: &str) -> String {
    match value {
        _ if one.secret => secret.to_owned(),
        None => "absent".to_owned(),
        Some(value) if value.is_empty() => "\"\"".to_owned(),
        Some(value) => short(value),
    }
}
