//! Archive sessions, as text.

use provost_ops::archive::{
    Accepts, Ordered, Planned, Problem, Ran, Started, Status, UnitStatus, Verified, duration, size,
};

use super::plain;
use super::tables::{lines, table};

/// What came of a manoeuvre.
pub(crate) fn ordered(ordered: &Ordered) -> String {
    let head = format!("session {} ({}) is {}", ordered.session, ordered.name, word_of(ordered.state));
    let Some(units) = ordered.units else { return head };
    let unchanged = ordered.unchanged.iter().map(|one| format!("\n- nothing to do: {}", plain(one)));
    let next = match ordered.state {
        "running" | "cancelling" if units > 0 => {
            format!(
                "\n`provost archive run {}/{}` goes on with it, where no worker does",
                ordered.name, ordered.session
            )
        }
        _ => String::new(),
    };
    format!("{head}; done to {units} course(s){}{next}", unchanged.collect::<String>())
}

/// A session that runs is one that workers may work on: whether one does is another thing.
fn word_of(state: &str) -> &str {
    if state == "running" { "open" } else { state }
}

/// What is accepted now.
pub(crate) fn accepts(accepts: &Accepts) -> String {
    let head = format!("session {} ({}) is {}", accepts.session, accepts.name, word_of(accepts.state));
    let next = match accepts.new.as_slice() {
        [] => "all of it was accepted before".to_owned(),
        new => format!(
            "accepts {} from now on; `provost archive retry {}/{} --failed` tries again what it stopped",
            plain(&new.join(", ")),
            accepts.name,
            accepts.session
        ),
    };
    format!("{head}; {next}")
}

/// How a process ended with its session.
pub(crate) fn ran(ran: &Ran) -> String {
    let why = match ran.end {
        "waiting" => "; what is left waits: `provost archive status` says for what",
        "interrupted" => "; `provost archive run` goes on with it",
        _ => "",
    };
    let mut text = format!(
        "session {} ({}): {}; {} of {} course(s) {}, {} need a person{why}",
        ran.session,
        ran.name,
        ran.end,
        ran.archived,
        ran.units,
        ran.arrived(),
        ran.errors
    );
    for line in &ran.needs {
        text.push_str(&format!("\n✗ {}", plain(line)));
    }
    if usize::try_from(ran.errors).is_ok_and(|errors| errors > ran.needs.len()) {
        text.push_str("\n… `provost archive status --units` lists them all");
    }
    text
}

/// A receipt that was verified.
pub(crate) fn verified(verified: &Verified) -> String {
    let (statement, about) = (&verified.statement, &verified.statement.about);
    let mut text = format!(
        "valid: signed with {}\n\
         {} (course {} of {}) is course {} of {}\n\
         compared {}: {} rows, {} files, {} bytes",
        verified.key,
        plain(&about.source.shortname),
        about.source.course,
        plain(&about.source.wwwroot),
        about.target.course,
        plain(&about.target.wwwroot),
        statement.proven_at,
        statement.rows,
        statement.files,
        statement.bytes,
    );
    for settled in &statement.accepted {
        text.push_str(&format!("\naccepted: {} ({} rows): {}", settled.name, settled.rows, settled.reason));
    }
    text
}

/// How sessions stand.
pub(crate) fn status(status: &Status) -> String {
    let mut all =
        table(["SESSION", "NAME", "STATE", "DONE", "COURSES", "ARCHIVED", "ERRORS", "AT WORK", "END"]);
    for session in &status.sessions {
        all.add_row([
            session.session.to_string(),
            session.name.clone(),
            session.state.to_owned(),
            format!("{:.1} %", session.percent),
            session.units.to_string(),
            session.archived.to_string(),
            session.errors.to_string(),
            session.held.to_string(),
            session.expected_end.map_or_else(|| "-".to_owned(), |end| end.to_string()),
        ]);
    }
    let mut text = lines(&all);
    if let [session] = &status.sessions[..] {
        let mut places = table(["PHASE", "STATE", "COURSES", ""]);
        for (phase, states) in &session.places {
            for (state, count) in states {
                let next = next_of(phase, state).to_owned();
                places.add_row([phase.clone(), state.clone(), count.to_string(), next]);
            }
        }
        text.push('\n');
        text.push_str(&lines(&places));
        let windows = match session.windows.as_slice() {
            [] => "any time".to_owned(),
            windows => format!("{} ({})", windows.join(", "), session.timezone),
        };
        text.push_str(&format!("\n{} course(s) at once, {windows}\n", session.workers_allowed));
        for each in &session.accepted {
            text.push_str(&format!("accepted {} by {} at {}\n", plain(&each.name), plain(&each.by), each.at));
        }
        if !session.listed.is_empty() {
            text.push('\n');
            text.push_str(&units(&session.listed));
        }
    }
    text.trim_end().to_owned()
}

/// What a place waits for, where it is not a worker.
fn next_of(phase: &str, state: &str) -> &'static str {
    match (phase, state) {
        ("delete", "waiting") => "for the end of its quarantine, and for `provost archive approve`",
        (_, "parked" | "stuck") => "for a person: `provost archive status --state STATE` says why",
        (_, "cancelling") => "`provost archive run` puts it back",
        _ => "",
    }
}

fn units(listed: &[UnitStatus]) -> String {
    let mut rows =
        table(["COURSE", "NAME", "PHASE", "STATE", "TRIES", "SIZE", "PREDICTED", "TOOK", "COPY", "ERROR"]);
    for unit in listed {
        rows.add_row([
            unit.subject.clone(),
            plain(&unit.label),
            unit.phase.to_owned(),
            unit.state.to_owned(),
            unit.attempts.to_string(),
            size(unit.bytes.unsigned_abs()),
            duration(unit.predicted_s),
            duration(unit.real_s),
            unit.target_id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            plain(unit.error.as_deref().unwrap_or("")),
        ]);
    }
    lines(&rows)
}

/// What a session would do.
pub(crate) fn plan(planned: &Planned) -> String {
    let plan = &planned.plan;
    let how = if plan.moves { "moved within" } else { "archived to" };
    let mut text = format!(
        "{}: {} course(s) of {} {how} {}, up to phase {}; {}, about {} one after the other.\n",
        planned.name,
        plan.totals.courses,
        plan.from,
        plan.to,
        planned.goal,
        size(plan.totals.bytes),
        duration(plan.totals.seconds.mean),
    );
    if plan.excluded > 0 {
        text.push_str(&format!("{} course(s) are excluded.\n", plan.excluded));
    }
    for problem in &plan.problems {
        text.push_str(&line("session", problem));
    }
    for idle in &plan.idle {
        text.push_str(&format!("! {}\n", plain(idle)));
    }
    let mut rows =
        table(["", "COURSE", "ID", "SIZE", "ACTIVITIES", "PEOPLE", "EXPECTED", "AT MOST", "PLACE"]);
    for course in &plan.courses {
        let place =
            course.place.as_ref().map_or_else(|| "-".to_owned(), |place| format!("/{}", place.join("/")));
        rows.add_row([
            if course.is_stopped() { "✗" } else { "✓" }.to_owned(),
            plain(&course.shortname),
            course.course.to_string(),
            size(course.bytes),
            course.activities.to_string(),
            course.users.to_string(),
            duration(course.seconds.mean),
            duration(course.seconds.upper),
            plain(&place),
        ]);
    }
    text.push('\n');
    text.push_str(&lines(&rows));
    for course in &plan.courses {
        for problem in &course.problems {
            text.push_str(&line(&plain(&course.shortname), problem));
        }
        if let Some(renamed) = &course.renamed {
            text.push_str(&format!(
                "  {}: called {} there\n",
                plain(&course.shortname),
                plain(&renamed.shortname)
            ));
        }
    }
    text.trim_end().to_owned()
}

fn line(what: &str, problem: &Problem) -> String {
    let sign = if problem.stops() { "✗" } else { "·" };
    let accepted = if problem.accepted { ", accepted" } else { "" };
    let hint = problem.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{sign} {what}: {} [{}{accepted}]{}\n", plain(&problem.message), problem.name(), plain(&hint))
}

/// A session that was begun.
pub(crate) fn started(started: &Started) -> String {
    let mut text = match &started.ran {
        Some(ran) => self::ran(ran),
        None => format!(
            "session {} ({}) has {} course(s); `provost archive run {}/{}` works on it",
            started.session, started.name, started.units, started.name, started.session
        ),
    };
    for parked in &started.parked {
        text.push_str(&format!("\n✗ {}", plain(parked)));
    }
    text
}
