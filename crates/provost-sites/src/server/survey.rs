//! One look at each server for all that judge what is there: the kinds of a survey would each ask for everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use provost_fleet::name::Name;
use tokio::sync::OnceCell;

use crate::database::Found;

/// What is on a server, or why nothing can be known of it.
pub(crate) type Looked = Result<BTreeMap<String, Found>, String>;

/// What a look at a server gave, or will give to whoever asks first.
type Cell = Arc<OnceCell<Looked>>;

/// What was seen of each server, while a survey is under way.
#[derive(Debug, Default)]
pub(super) struct Survey(Mutex<Option<BTreeMap<Name, Cell>>>);

/// A survey that is under way; it ends when this is dropped.
#[derive(Debug)]
pub struct Surveying<'a>(&'a Survey);

impl Survey {
    pub(super) fn begin(&self) -> Surveying<'_> {
        *self.lock() = Some(BTreeMap::new());
        Surveying(self)
    }

    /// Where the look at a server goes; `None` while nobody surveys.
    pub(super) fn cell(&self, server: &Name) -> Option<Cell> {
        Some(self.lock().as_mut()?.entry(server.clone()).or_default().clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<Name, Cell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Surveying<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_look_serves_a_survey_and_none_serves_what_comes_after() {
        let survey = Survey::default();
        let main: Name = "main".parse().unwrap();
        assert!(survey.cell(&main).is_none(), "a step looks for itself");
        let surveying = survey.begin();
        let looked: Looked = Err("it is down".to_owned());
        let cell = survey.cell(&main).unwrap();
        assert_eq!(cell.get_or_init(|| async { looked.clone() }).await, &looked);
        let again = survey.cell(&main).unwrap();
        assert_eq!(again.get_or_init(|| async { Ok(BTreeMap::new()) }).await, &looked);
        drop(surveying);
        assert!(survey.cell(&main).is_none());
    }
}
