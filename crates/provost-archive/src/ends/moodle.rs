//! Real Moodles, through the agents of their sites.

mod answer;
mod doors;
mod page;
mod requests;
mod source;
mod target;
mod way;
mod witness;

pub use doors::Doors;
pub use requests::users;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_fleet::archive::Archive;

use super::Ends;
use crate::accepting::Accepting;
use crate::receipt::End;
use crate::transport::Transport;

/// All that the ends of a session are made of.
pub struct Making {
    /// The declaration, with its year filled in.
    pub declared: Archive,
    /// What is accepted, in the declaration and since.
    pub accepted: Accepting,
    /// The fleet's id.
    pub fleet: String,
    /// Agents of the source.
    pub source: Doors,
    /// Agents of the target.
    pub target: Doors,
    /// The source's directory for backups: it may write there, and it is outside of its contents.
    pub source_work: Utf8PathBuf,
    /// Where Provost notes what a session made at the target besides courses.
    pub notes: Utf8PathBuf,
    /// The source, as receipts name it; the course is filled in for each unit.
    pub source_is: End,
    /// The target, likewise.
    pub target_is: End,
    /// How contents get over.
    pub transport: Arc<dyn Transport>,
    /// Named pairs of accounts: user name at the source, user name at the target.
    pub people: BTreeMap<String, String>,
    /// The page whose time tells how the live site feels, where somebody serves it.
    pub page: Option<Page>,
    /// The database servers of both ends, each once.
    pub databases: Vec<Arc<dyn Busy>>,
}

/// A database server, as far as it is asked how busy it is.
pub trait Busy: Send + Sync {
    /// Sessions that run a statement now, ours among them; `None` where it does not say.
    fn active(&self) -> futures_util::future::BoxFuture<'_, Option<u32>>;
}

/// A page that is asked for to see how busy a site is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where the site is listened to: `127.0.0.1:8080`.
    pub address: String,
    /// The host that is asked for.
    pub host: String,
    /// The path, with a slash at its beginning.
    pub path: String,
}

/// The ends of a session between two real sites.
pub fn ends(shared: Arc<Making>) -> Ends {
    let same_site = shared.declared.within_one_site();
    Ends {
        source: Arc::new(source::MoodleSource(shared.clone())),
        target: Arc::new(target::MoodleTarget(shared.clone())),
        way: Arc::new(way::MoodleWay(shared.clone())),
        witness: Arc::new(witness::MoodleWitness(shared)),
        same_site,
    }
}
