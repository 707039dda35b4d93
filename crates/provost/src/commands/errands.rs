//! What the commands have in common that do one thing inside many sites.

use std::time::Duration;

use provost_admin::errand::Errand;
use provost_ops::errands::{self, ErrandOptions, Outcome, Report};
use provost_ops::session::Call;
use provost_ops::site::Targets;

use super::Ended;
use crate::ui::{self, Ui};

/// Which sites are looked at, and how that is shown.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Looking {
    /// A site; may be given several times. Without sites, all are asked.
    #[arg(long, value_name = "SITE")]
    site: Vec<String>,
    /// The sites, as a selection, such as `lyon & !pilot`; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
    #[command(flatten)]
    showing: Showing,
}

/// Which sites are changed, and how that is shown.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Changing {
    /// A site; may be given several times.
    #[arg(long, value_name = "SITE")]
    site: Vec<String>,
    /// The sites, as a selection, such as `lyon & !pilot`, or `*` for all; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    showing: Showing,
}

/// Which sites something is run in of which nobody knows before what it does.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Running {
    /// A site; may be given several times.
    #[arg(long, value_name = "SITE")]
    site: Vec<String>,
    /// The sites, as a selection, such as `lyon & !pilot`, or `*` for all; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
    /// How long a site may take, in seconds; what has not ended by then is ended there.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: Option<u64>,
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print each site's answer as it comes: an object of JSON on a line of its own.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    stream: bool,
}

/// As [`Changing`], for what does not come back.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Destroying {
    #[command(flatten)]
    changing: Changing,
    /// Do not ask before it is done. Needed where nobody can be asked.
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Clone, clap::Args)]
struct Showing {
    /// How long a site may take, in seconds; what has not ended by then is ended there.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: Option<u64>,
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print each site's answer as it comes: an object of JSON on a line of its own.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    stream: bool,
}

/// How an errand goes about.
pub(super) struct How {
    options: ErrandOptions,
    yes: bool,
    csv: bool,
    stream: bool,
}

impl How {
    fn new(targets: Targets, dry_run: bool, showing: &Showing) -> Self {
        let patience = showing.timeout.map(Duration::from_secs);
        Self {
            options: ErrandOptions { targets, dry_run, patience },
            yes: false,
            csv: showing.csv,
            stream: showing.stream,
        }
    }
}

impl From<Looking> for How {
    fn from(own: Looking) -> Self {
        Self::new(Targets { names: own.site, selection: own.sites }, false, &own.showing)
    }
}

impl From<Changing> for How {
    fn from(own: Changing) -> Self {
        Self::new(Targets { names: own.site, selection: own.sites }, own.dry_run, &own.showing)
    }
}

impl From<Running> for How {
    fn from(own: Running) -> Self {
        let showing = Showing { timeout: own.timeout, csv: own.csv, stream: own.stream };
        Self::new(Targets { names: own.site, selection: own.sites }, false, &showing)
    }
}

impl From<Destroying> for How {
    fn from(own: Destroying) -> Self {
        Self { yes: own.yes, ..own.changing.into() }
    }
}

impl How {
    /// The sites, and how long each may take.
    pub(super) fn options(&self) -> &ErrandOptions {
        &self.options
    }

    /// Whether nobody is asked first.
    pub(super) fn yes(&self) -> bool {
        self.yes
    }

    /// Whether answers are shown as they come.
    pub(super) fn stream(&self) -> bool {
        self.stream
    }

    /// Whether rows are comma-separated values.
    pub(super) fn csv(&self) -> bool {
        self.csv
    }
}

/// Does an errand, and prints what came of it.
pub(super) async fn run(call: &Call, ui: &Ui, errand: &Errand, how: impl Into<How>) -> Ended {
    let how = how.into();
    let ask = async |planned: &Report| agreed(call, ui, planned, how.yes).await;
    ui.stream(how.stream);
    let report = errands::run(call, errand, &how.options, ask).await?;
    show(ui, &report, how.csv);
    Ok(report.exit)
}

/// Shows what would be done, and asks whether it shall be; who has said so already is shown what was done, and no more.
pub(super) async fn agreed(call: &Call, ui: &Ui, planned: &Report, yes: bool) -> bool {
    if yes {
        return true;
    }
    ui.finish();
    if !ui.wants_json() {
        let streams = ui.stream(false);
        show(ui, planned, false);
        ui.stream(streams);
    }
    ui.ask("Do it?", &call.cancel).await
}

/// Prints what came of an errand: the data on standard output, what was done and what failed beside it.
pub(super) fn show(ui: &Ui, report: &Report, csv: bool) {
    ui.finish();
    if ui.json(report) {
        return;
    }
    let data = ui::errands::data(report, csv);
    // What was not agreed to was shown with the question.
    if report.outcome != Outcome::Refused {
        ui.rows(&data, csv);
    }
    ui.line(&ui::errands::summary(report));
}
