//! What is done to a session as a whole.

use provost_ops::archive::{self, Change, Order, Ordered};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Session;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Begin nothing any more; what is under way stops at the end of its phase
#[derive(Debug, clap::Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    session: Session,
}

/// Go on with a session that was paused, stopped or has ended
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    session: Session,
}

/// Begin nothing any more, finish what is under way, and end the workers
#[derive(Debug, clap::Args)]
pub(crate) struct Stop {
    #[command(flatten)]
    session: Session,
}

/// Change the number of workers, or the windows, while they work
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["workers", "windows", "always"]))]
pub(crate) struct Set {
    #[command(flatten)]
    session: Session,
    /// Courses at once, in each process.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: Option<u32>,
    /// When courses may be moved, such as `22:00-05:30`; may be given again.
    #[arg(long = "window", value_name = "WINDOW", conflicts_with = "always")]
    windows: Vec<String>,
    /// At any time.
    #[arg(long)]
    always: bool,
}

impl Pause {
    pub(crate) async fn run(self, call: &Call, ui: &Ui) -> Ended {
        Ok(show(ui, &archive::order(call, &self.session.into(), Order::Pause).await?))
    }
}

impl Resume {
    pub(crate) async fn run(self, call: &Call, ui: &Ui) -> Ended {
        Ok(show(ui, &archive::order(call, &self.session.into(), Order::Resume).await?))
    }
}

impl Stop {
    pub(crate) async fn run(self, call: &Call, ui: &Ui) -> Ended {
        Ok(show(ui, &archive::order(call, &self.session.into(), Order::Stop).await?))
    }
}

impl Set {
    pub(crate) async fn run(self, call: &Call, ui: &Ui) -> Ended {
        let windows = (self.always || !self.windows.is_empty()).then_some(self.windows);
        let change = Change { workers: self.workers, windows };
        Ok(show(ui, &archive::change(call, &self.session.into(), &change).await?))
    }
}

pub(super) fn show(ui: &Ui, ordered: &Ordered) -> Exit {
    ui.finish();
    if !ui.json(ordered) {
        ui.out(&archives::ordered(ordered));
    }
    Exit::Done
}
