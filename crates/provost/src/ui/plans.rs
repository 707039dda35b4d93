//! Plans and what came of them, as text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use provost_engine::execute::Outcome;
use provost_engine::plan::{Change, Impact, Plan, Step};
use provost_ops::apply::Applied;
use provost_ops::plan::Planned;

/// A plan, for reading before `apply`.
pub(crate) fn show(planned: &Planned, colour: bool) -> String {
    let mut text = String::new();
    for change in &planned.lock_changes {
        let line = match (&change.from, &change.to) {
            (None, Some(to)) => format!("fleet.lock: {} will be locked: {to}", change.codebase),
            (Some(from), Some(to)) => format!("fleet.lock: {} will move: {from} -> {to}", change.codebase),
            _ => format!("fleet.lock: {} will be dropped", change.codebase),
        };
        line_of(&mut text, &line);
    }
    for step in &planned.plan.steps {
        show_step(&mut text, step, colour);
    }
    aside(&mut text, &planned.plan);
    let summary = summary(&planned.plan);
    line_of(
        &mut text,
        &match (planned.is_empty(), planned.plan.steps.is_empty()) {
            (true, _) => nothing(&planned.plan),
            (false, true) => "Only the lock changes.".to_owned(),
            (false, false) => summary,
        },
    );
    text.trim_end().to_owned()
}

fn line_of(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn show_step(text: &mut String, step: &Step, colour: bool) {
    let style = match step.impact {
        Impact::Create => AnsiColor::Green.on_default(),
        Impact::Change => AnsiColor::Yellow.on_default(),
        Impact::Interrupt => AnsiColor::Magenta.on_default(),
        Impact::Destroy => AnsiColor::Red.on_default().bold(),
    };
    let style = if colour { style } else { Style::new() };
    let sign = sign(step.impact);
    line_of(text, &format!("{style}{sign} {}{style:#}  {}", step.id, step.reason));
    let width = step.changes.iter().map(|change| change.what.chars().count()).max().unwrap_or(0);
    for change in &step.changes {
        line_of(text, &format!("    {:width$}  {}", change.what, arrow(change)));
    }
}

fn sign(impact: Impact) -> char {
    match impact {
        Impact::Create => '+',
        Impact::Change => '~',
        Impact::Interrupt => '!',
        Impact::Destroy => '-',
    }
}

fn arrow(change: &Change) -> String {
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{from} -> {to}"),
        (None, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} -> gone"),
        (None, None) => String::new(),
    }
}

/// What is held and what is blocked.
fn aside(text: &mut String, plan: &Plan) {
    for held in &plan.held {
        line_of(text, &format!("= {} held: {}\n    hint: {}", held.subject, held.reason, held.hint));
    }
    for blocked in &plan.blocked {
        line_of(text, &format!("x {} blocked: {}", blocked.subject, blocked.reason));
        if let Some(hint) = &blocked.hint {
            line_of(text, &format!("    hint: {hint}"));
        }
    }
}

fn summary(plan: &Plan) -> String {
    let count = |impact| plan.steps.iter().filter(|step| step.impact == impact).count();
    let mut parts = Vec::new();
    for (impact, word) in [
        (Impact::Create, "to create"),
        (Impact::Change, "to change"),
        (Impact::Interrupt, "to interrupt"),
        (Impact::Destroy, "to destroy"),
    ] {
        match count(impact) {
            0 => {}
            number => parts.push(format!("{number} {word}")),
        }
    }
    let steps = if plan.steps.len() == 1 { "step" } else { "steps" };
    format!("Plan: {} {steps}: {}.", plan.steps.len(), parts.join(", "))
}

/// No steps: because all is in step, or because what is not cannot be planned.
fn nothing(plan: &Plan) -> String {
    match plan.blocked.len() {
        0 => "Nothing to do.".to_owned(),
        number => format!("Nothing can be done: {number} blocked."),
    }
}

/// What `apply` did.
pub(crate) fn outcome(applied: &Applied) -> String {
    let mut text = String::new();
    aside(&mut text, &applied.planned.plan);
    let Some(report) = &applied.report else {
        let only_lock = !applied.planned.lock_changes.is_empty();
        let line =
            if only_lock { "Only the lock changed.".to_owned() } else { nothing(&applied.planned.plan) };
        line_of(&mut text, &line);
        return text.trim_end().to_owned();
    };
    for (id, outcome) in &report.steps {
        if let Outcome::Failed { error } = outcome {
            line_of(&mut text, &format!("✗ {id}: {}", provost_engine::execute::full_chain(error)));
            if let Some((_, hint)) = applied.hints.iter().find(|(of, _)| *of == id.to_string()) {
                line_of(&mut text, &format!("    hint: {hint}"));
            }
        }
    }
    let (done, failed, skipped) = report.counts();
    write!(text, "Applied: {done} done, {failed} failed, {skipped} skipped.").ok();
    if let Some(left) = applied.left.as_ref().filter(|left| !left.is_empty()) {
        write!(text, " {} step(s) are left; run `provost apply` again.", left.steps.len()).ok();
    }
    text
}
