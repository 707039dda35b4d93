//! `provost tables …`.

use clap::Subcommand;
use provost_ops::copying::{self, TableCopy};
use provost_ops::session::Call;

use super::Ended;
use super::errands::{self, Destroying};
use crate::ui::Ui;

/// Rows of tables that plugins keep
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Copy(Copy),
}

/// Bring rows of a table of one site to others; shows what would change first, and asks
///
/// Rows with the same key are changed, others are made. Numbers of rows are each site's own: what a row says of other rows by their
/// numbers is right only where the numbers are the same.
#[derive(Debug, clap::Args)]
struct Copy {
    /// The table, without its prefix: `scale`.
    #[arg(value_name = "TABLE")]
    table: String,
    /// The site that has the rows.
    #[arg(long, value_name = "SITE")]
    from: String,
    /// Columns that say which rows are the same, with commas between them.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    key: Vec<String>,
    /// Only rows that fit a condition of SQL: `courseid = 0`.
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// Delete rows that the source does not have.
    #[arg(long, conflicts_with = "condition")]
    delete_others: bool,
    #[command(flatten)]
    destroying: Destroying,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Verb::Copy(own) = arguments.verb;
    let copy = TableCopy {
        from: own.from,
        table: own.table,
        condition: own.condition,
        key: own.key,
        alone: own.delete_others,
    };
    let errand = copying::rows(call, &copy).await?;
    errands::run(call, ui, &errand, own.destroying).await
}
