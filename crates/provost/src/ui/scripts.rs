//! What scripts wrote, as text: sites that say the same together.

use std::fmt::Write as _;

use provost_ops::scripts::{Said, ScriptReport};

use super::queries::{causes, counted, named};
use super::rows::lines_of;

/// What sites said, those that said most of them first.
pub(crate) fn said(report: &ScriptReport, as_csv: bool) -> String {
    if as_csv {
        let done = report.sites.iter().filter_map(|site| Some((site, site.done.as_ref()?)));
        return lines_of(
            &["site", "out", "err"],
            done.map(|(site, said)| vec![site.site.clone(), said.out.clone(), said.err.clone()]),
        );
    }
    let mut groups: Vec<(&Said, Vec<&str>)> = Vec::new();
    for site in &report.sites {
        let Some(said) = &site.done else { continue };
        match groups.iter_mut().find(|(one, _)| one.out == said.out && one.err == said.err) {
            Some((_, sites)) => sites.push(&site.site),
            None => groups.push((said, vec![&site.site])),
        }
    }
    groups.sort_by_key(|(_, sites)| std::cmp::Reverse(sites.len()));
    let mut text = String::new();
    for (said, sites) in groups {
        if said.out.trim().is_empty() && said.err.trim().is_empty() {
            continue;
        }
        writeln!(text, "{}:", named(&sites)).ok();
        for line in said.out.trim_end().lines().chain(said.err.trim_end().lines()) {
            writeln!(text, "  {}", plain_line(line)).ok();
        }
    }
    text.trim_end().to_owned()
}

/// How many sites it was run at, and what failed by cause.
pub(crate) fn summary(report: &ScriptReport) -> String {
    let done = report.sites.iter().filter(|site| site.done.is_some()).count();
    let failed = report.sites.len() - done;
    let mut text = format!("run at {}", counted(done, "site"));
    if failed > 0 {
        write!(text, "; {} failed", counted(failed, "site")).ok();
    }
    text.push_str(&causes(&report.causes));
    if failed > 0 {
        write!(text, "\n`provost retry {}` goes over only these again", report.operation).ok();
    }
    text
}

/// A line without what moves the cursor; tabs are kept.
fn plain_line(line: &str) -> String {
    line.split('\t').map(super::plain).collect::<Vec<_>>().join("\t")
}
