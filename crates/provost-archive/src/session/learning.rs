//! What is known of durations: kept in a file, so that the next session predicts better.

use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::process::Account;
use provost_engine::registry::Phase;

use crate::predict::{Features, Model, Prediction};

/// The model of one pair of sites, and the file that it is kept in.
pub struct Learned {
    model: Mutex<Model>,
    file: Option<Utf8PathBuf>,
}

impl Learned {
    /// Nothing is known, and nothing is kept.
    pub fn nothing() -> Self {
        Self { model: Mutex::new(Model::new()), file: None }
    }

    /// What a file keeps. One that is not there or cannot be read is as if nothing were known: it costs predictions, nothing else.
    pub fn read(file: &Utf8Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let model = serde_json::from_str(&text).unwrap_or_default();
        Self { model: Mutex::new(model), file: Some(file.to_owned()) }
    }

    /// Predicts phases that are still to come.
    pub fn predict(&self, course: &Features, phases: &[Phase]) -> Prediction {
        self.model.lock().unwrap_or_else(PoisonError::into_inner).predict(course, phases)
    }

    /// Units learned from.
    pub fn units(&self) -> u64 {
        self.model.lock().unwrap_or_else(PoisonError::into_inner).learned_from()
    }

    /// Learns from a unit that ended, and keeps it. Of two processes that write at once the later one's knowledge stays; that is enough.
    pub fn learn(&self, course: &Features, took: &[(Phase, f64)]) {
        let text = {
            let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
            model.learn(course, took);
            serde_json::to_vec(&*model).unwrap_or_default()
        };
        if let Some(file) = &self.file
            && !text.is_empty()
        {
            // Only predictions are lost.
            provost_engine::files::write_whole(file, &text, 0o600, &Account::Own).ok();
        }
    }
}
