//! `provost sql`.

use std::io::Read as _;
use std::time::Duration;

use provost_moodle::sql::Given;
use provost_ops::error::Exit;
use provost_ops::session::Call;
use provost_ops::site::Targets;
use provost_ops::sql::{Source, SqlOptions, ask, list};

use super::Ended;
use crate::ui::{Ui, queries};

/// The longest statement that is read from standard input, in bytes.
const LONGEST: u64 = 1 << 20;

/// Ask the databases of many sites at once, with one SQL statement that only reads
///
/// Moodle's braces name tables: `{user}` is `mdl_user` where that is the prefix. Parameters are `:name`, with values from `-p`. The
/// statement goes to each site's database as the site's own role, one statement in a transaction that cannot write; what comes back
/// is one table, with the site in its first column. Sites that fail are told by cause, and `provost retry LAST` asks only them again.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The statement; `-` reads it from standard input.
    #[arg(value_name = "STATEMENT", required_unless_present_any = ["saved", "list"])]
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
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    if arguments.list {
        let saved = list(call)?;
        if !ui.json(&saved) {
            ui.out(&queries::saved(&saved));
        }
        return Ok(Exit::Done);
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
    if !data.is_empty() {
        ui.out(&data);
    }
    ui.line(&queries::summary(asked));
}
