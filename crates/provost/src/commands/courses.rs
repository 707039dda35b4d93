//! `provost courses …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use jiff::Timestamp;
use provost_admin::errand::{COURSES_DELETE, COURSES_LIST, COURSES_RESTORE, COURSES_SET};
use provost_ops::session::Call;
use serde_json::{Value, json};

use super::Ended;
use super::errands::{self, Changing, Destroying, Looking};
use crate::ui::Ui;

/// Courses of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    /// Show courses that are hidden
    Show(Set),
    /// Hide courses from who takes part
    Hide(Set),
    Move(Move),
    Delete(Delete),
    Restore(Restore),
}

/// Which courses: those that fit all that is said.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "rule", required = true, multiple = true)]
pub(super) struct Rule {
    /// Short name; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    shortname: Option<String>,
    /// Id number; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    idnumber: Option<String>,
    /// In a category or below it: `Science / Physics`, `idnumber:PHY`, or `#12`.
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,
    /// Only those that are visible.
    #[arg(long, conflicts_with = "hidden")]
    visible: bool,
    /// Only those that are hidden.
    #[arg(long)]
    hidden: bool,
    /// Began before a day: `2024-09-01`.
    #[arg(long, value_name = "DAY", value_parser = day)]
    started_before: Option<i64>,
    /// Ended before a day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    ended_before: Option<i64>,
    /// Were made before a day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    made_before: Option<i64>,
    /// Nobody looked in since a day, and made before it.
    #[arg(long, value_name = "DAY", value_parser = day)]
    unused_since: Option<i64>,
}

impl Rule {
    fn said(&self) -> Value {
        json!({
            "shortname": self.shortname,
            "idnumber": self.idnumber,
            "category": self.category,
            "visible": (self.visible || self.hidden).then_some(self.visible),
            "started_before": self.started_before,
            "ended_before": self.ended_before,
            "made_before": self.made_before,
            "unused_since": self.unused_since,
        })
    }
}

/// Midnight of a day, in UTC, as Unix seconds.
pub(super) fn day(text: &str) -> Result<i64, String> {
    let day: jiff::civil::Date = text.parse().map_err(|_| format!("`{text}` is no day: write 2024-09-01"))?;
    let at: Timestamp = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?.timestamp();
    Ok(at.as_second())
}

/// Show courses that fit a rule
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    looking: Looking,
}

#[derive(Debug, clap::Args)]
struct Set {
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    changing: Changing,
}

/// Move courses into a category
#[derive(Debug, clap::Args)]
struct Move {
    /// The category: `Science / Physics`, `idnumber:PHY`, or `#12`.
    #[arg(long, value_name = "CATEGORY")]
    to: String,
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    changing: Changing,
}

/// Delete courses that fit a rule, for good; shows them first, and asks
///
/// `provost archive` moves courses to another site, and proves it, before they go.
#[derive(Debug, clap::Args)]
struct Delete {
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    destroying: Destroying,
}

/// Restore a backup of a course into sites, as a new course
#[derive(Debug, clap::Args)]
struct Restore {
    /// The backup (`.mbz`), on this machine.
    #[arg(value_name = "FILE")]
    backup: Utf8PathBuf,
    /// The category that it comes into: `Science / Physics`, `idnumber:PHY`, or `#12`.
    #[arg(long, value_name = "CATEGORY")]
    category: String,
    /// The new course's short name; a site that has a course of that name is left as it is. Without, the backup's own.
    #[arg(long, value_name = "NAME")]
    shortname: Option<String>,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => {
            errands::run(call, ui, &COURSES_LIST.with(json!({ "rule": own.rule.said() })), own.looking).await
        }
        Verb::Show(own) => set(call, ui, own, true).await,
        Verb::Hide(own) => set(call, ui, own, false).await,
        Verb::Move(own) => {
            let params = json!({ "rule": own.rule.said(), "category": own.to });
            errands::run(call, ui, &COURSES_SET.with(params), own.changing).await
        }
        Verb::Delete(own) => {
            errands::run(call, ui, &COURSES_DELETE.with(json!({ "rule": own.rule.said() })), own.destroying)
                .await
        }
        Verb::Restore(own) => {
            let params = json!({ "category": own.category, "shortname": own.shortname });
            let file = call.environment.directory.join(own.backup);
            errands::run(call, ui, &COURSES_RESTORE.with(params).file(file), own.changing).await
        }
    }
}

async fn set(call: &Call, ui: &Ui, own: Set, visible: bool) -> Ended {
    let params = json!({ "rule": own.rule.said(), "visible": visible });
    errands::run(call, ui, &COURSES_SET.with(params), own.changing).await
}
