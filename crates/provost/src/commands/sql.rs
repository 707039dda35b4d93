//! `provost sql`.

use std::io::Read as _;
use std::time::Duration;

use provost_moodle::sql::Given;
use provost_ops::error::Exit;
use provost_ops::journal::Which;
use provost_ops::session::Call;
use provost_ops::site::Targets;
use provost_ops::sql::write::{self, Outcome, Written};
use provost_ops::sql::{Source, SqlOptions, ask, list};

use super::{Ended, journal};
use crate::ui::{Ui, edits, queries};

/// The longest statement that is read from standard input, in bytes.
const LONGEST: u64 = 1 << 20;

/// Ask the databases of many sites at once, with one SQL statement that only reads; or change their rows, with `--write`
///
/// Moodle's braces name tables: `{user}` is `mdl_user` where that is the prefix. Parameters are `:name`, with values from `-p`. The
/// statement goes to each site's database as the site's own role, one statement in a transaction that cannot write; what comes back
/// is one table, with the site in its first column. Sites that fail are told by cause, and `provost retry LAST` asks only them again.
///
/// With `--write` it is an `update`, a `delete` or an `insert` of one table. Shown first, and asked about, are the rows that it would touch; then
/// exactly these are changed, in one transaction for each site, and what was there is kept: `--undo` puts it back.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The statement; `-` reads it from standard input.
    #[arg(value_name = "STATEMENT", required_unless_present_any = ["saved", "list", "undo"])]
    statement: Option<String>,
    /// A query that is kept with the fleet, in `queries/NAME.sql` beside the fleet file.
    #[arg(long, value_name = "NAME", conflicts_with = "statement")]
    saved: Option<String>,
    /// Show the queries that are kept with the fleet.
    #[arg(long, conflicts_with_all = ["statement", "saved", "values", "site", "sites", "csv"])]
    list: bool,
    /// A value for a parameter: `name=text`, or `name:=5` where the engine takes only a number, as behind `limit`.
    #[arg(short = 'p', long = "param", value_name = "NAME=TEXT")]
    values: Vec<Given>,
    /// A site; may be given several times. Without sites, all are asked.
    #[arg(long, value_name = "SITE")]
    site: Vec<String>,
    /// The sites, as a selection, such as `lyon & !pilot`; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
    /// Most rows that are taken of each site; where there were more, that is told.
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    most_rows: u32,
    /// How long a site may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Change rows: an `update`, a `delete` or an `insert` of one table.
    #[arg(long)]
    write: bool,
    /// With `--write` and `--undo`: show the rows that would be touched, and do nothing.
    #[arg(long, conflicts_with_all = ["list", "stream"])]
    dry_run: bool,
    /// With `--write` and `--undo`: do not ask first. Needed where nobody can be asked.
    #[arg(short, long)]
    yes: bool,
    /// Put back what an operation changed, as `provost journal` numbers it, where nobody has changed it since.
    #[arg(long, value_name = "OPERATION", value_parser = journal::which, conflicts_with_all = ["statement", "saved", "list", "write", "values"])]
    undo: Option<Which>,
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print each site's answer as it comes: an object of JSON on a line of its own.
    #[arg(long, conflicts_with_all = ["json", "csv", "write", "list", "undo"])]
    stream: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    if arguments.list {
        let saved = list(call)?;
        if !ui.json(&saved) {
            ui.out(&queries::saved(&saved));
        }
        return Ok(Exit::Done);
    }
    if let Some(which) = arguments.undo {
        return undo(call, ui, which, &arguments).await;
    }
    let source = match (arguments.saved, arguments.statement) {
        (Some(name), _) => Source::Saved(name),
        (None, Some(text)) if text == "-" => {
            let mut text = String::new();
            if let Err(error) = std::io::stdin().take(LONGEST).read_to_string(&mut text) {
                return Ok(ui.usage(&format!("standard input cannot be read: {error}")));
            }
            Source::Text(text)
        }
        (None, text) => Source::Text(text.unwrap_or_default()),
    };
    let options = SqlOptions {
        source,
        values: arguments.values,
        targets: Targets { names: arguments.site, selection: arguments.sites },
        most_rows: usize::try_from(arguments.most_rows).unwrap_or(usize::MAX),
        patience: Duration::from_secs(arguments.timeout),
    };
    if arguments.write {
        return change(call, ui, &options, (arguments.dry_run, arguments.yes)).await;
    }
    ui.stream(arguments.stream);
    let asked = ask(call, &options).await?;
    show(ui, &asked, arguments.csv);
    Ok(asked.exit)
}

/// Prints what sites answered: the data on standard output, what failed beside it.
pub(super) fn show(ui: &Ui, asked: &provost_ops::sql::Asked, csv: bool) {
    ui.finish();
    if ui.json(asked) {
        return;
    }
    let data = queries::data(asked, csv);
    ui.rows(&data, csv);
    ui.line(&queries::summary(asked));
}

async fn change(call: &Call, ui: &Ui, options: &SqlOptions, (dry_run, yes): (bool, bool)) -> Ended {
    let ask = async |planned: &Written| agreed(call, ui, planned, yes).await;
    let written = write::write(call, options, dry_run, ask).await?;
    changed(ui, &written);
    Ok(written.exit)
}

/// Shows the rows that would be touched, and asks whether they shall be; who has said so already is shown what was done, and no more.
pub(super) async fn agreed(call: &Call, ui: &Ui, planned: &Written, yes: bool) -> bool {
    agreed_to(call, ui, planned, yes, None).await
}

/// As [`agreed`], with a question of its own.
pub(super) async fn agreed_to(
    call: &Call,
    ui: &Ui,
    planned: &Written,
    yes: bool,
    question: Option<&str>,
) -> bool {
    if yes {
        return true;
    }
    ui.finish();
    if !ui.wants_json() {
        ui.out(&edits::rows(planned));
        ui.line(&edits::summary(planned));
    }
    ui.ask(question.unwrap_or("Change these rows?"), &call.cancel).await
}

/// Prints which rows were changed.
pub(super) fn changed(ui: &Ui, written: &Written) {
    ui.finish();
    if ui.json(written) {
        return;
    }
    if written.outcome != Outcome::Refused && written.count().0 > 0 {
        ui.out(&edits::rows(written));
    }
    ui.line(&edits::summary(written));
}

async fn undo(call: &Call, ui: &Ui, which: Which, arguments: &Arguments) -> Ended {
    let targets = Targets { names: arguments.site.clone(), selection: arguments.sites.clone() };
    let patience = Duration::from_secs(arguments.timeout);
    let mut which = which;
    if arguments.dry_run || !arguments.yes {
        let planned = write::undo(call, which, &targets, patience, true).await?;
        // What was only shown stands in the journal, too: LAST would be that by now.
        which = Which::Number(planned.undone);
        ui.finish();
        if !ui.json(&planned) {
            ui.out(&edits::back(&planned));
            ui.line(&edits::undone(&planned, true));
        }
        if arguments.dry_run {
            return Ok(planned.exit);
        }
        if !ui.ask("Put the rows back as they were?", &call.cancel).await {
            ui.line("nothing was done; `--yes` answers where nobody can be asked");
            return Ok(Exit::Refused);
        }
    }
    let undone = write::undo(call, which, &targets, patience, false).await?;
    ui.finish();
    if !ui.json(&undone) {
        ui.line(&edits::undone(&undone, false));
    }
    Ok(undone.exit)
}
