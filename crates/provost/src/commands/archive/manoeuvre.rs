//! What is done to courses of a session.

use provost_ops::archive::{self, Manoeuvre, Units};
use provost_ops::session::Call;

use super::{Session, order};
use crate::commands::Ended;
use crate::ui::Ui;

/// Which courses.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("courses").required(true).args(["named", "failed", "all"]))]
pub(crate) struct Courses {
    /// A course: its short name at the source, or `course/ID`; may be given again.
    #[arg(long = "course", value_name = "COURSE")]
    named: Vec<String>,
    /// All that failed, or wait for a person.
    #[arg(long)]
    failed: bool,
    /// All.
    #[arg(long)]
    all: bool,
}

impl From<Courses> for Units {
    fn from(courses: Courses) -> Self {
        match courses {
            Courses { all: true, .. } => Self::All,
            Courses { failed: true, .. } => Self::Failed,
            Courses { named, .. } => Self::Named(named),
        }
    }
}

/// Try courses again that failed, were parked or left out
#[derive(Debug, clap::Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
}

/// Leave courses out
#[derive(Debug, clap::Args)]
pub(crate) struct Skip {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
}

/// Let courses wait for a person
#[derive(Debug, clap::Args)]
pub(crate) struct Park {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
}

/// Give courses up and undo what was done, at both ends
///
/// Takes effect when a process works on the session: `provost archive run`. What was deleted at the source stays archived.
#[derive(Debug, clap::Args)]
pub(crate) struct Cancel {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
}

/// Have courses go before others, or after them
#[derive(Debug, clap::Args)]
pub(crate) struct Reorder {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
    /// Higher goes first; 0 is every course's at the beginning.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: i32,
}

/// Allow that originals are deleted, once their quarantine has passed
///
/// Each copy is compared with its original once more just before.
#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    session: Session,
    #[command(flatten)]
    courses: Courses,
}

/// The same for every manoeuvre.
macro_rules! runs {
    ($($verb:ident as $this:ident => $manoeuvre:expr;)*) => {
        $(impl $verb {
            pub(crate) async fn run($this, call: &Call, ui: &Ui) -> Ended {
                let manoeuvre = $manoeuvre;
                let (which, units) = ($this.session.into(), $this.courses.into());
                let ordered = archive::manoeuvre(call, &which, &units, &manoeuvre).await?;
                Ok(order::show(ui, &ordered))
            }
        })*
    };
}

runs! {
    Retry as self => Manoeuvre::Retry;
    Skip as self => Manoeuvre::Skip;
    Park as self => Manoeuvre::Park;
    Cancel as self => Manoeuvre::Cancel;
    Reorder as self => Manoeuvre::Priority(self.priority);
    Approve as self => Manoeuvre::Approve;
}
