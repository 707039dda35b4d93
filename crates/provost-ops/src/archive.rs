//! `provost archive …`: sessions that move courses between sites. A file for each verb, or for a few that are alike.

mod accept;
mod engaged;
mod error;
mod making;
mod manoeuvre;
mod notify;
mod opened;
mod plan;
mod receipts;
mod report;
mod run;
mod start;
mod status;
mod survey;
mod transport;
mod way;

pub use accept::{Acceptance, Accepts, accept};
pub(crate) use engaged::see_free;
pub use error::ArchiveError;
pub use manoeuvre::{Change, Manoeuvre, Order, Ordered, Units, change, manoeuvre, order};
pub use opened::Which;
pub use plan::{Planned, plan};
pub use provost_archive::problems::Problem;
pub use provost_archive::report::{duration, size};
pub use receipts::{Exported, Verified, export, public_key, verify};
pub use report::{Reported, report};
pub use run::{Ran, RunOptions, run};
pub use start::{Declared, Started, start};
pub use status::{SessionStatus, Status, StatusOptions, UnitStatus, status};
