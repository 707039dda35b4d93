//! Saying something to a registry until it is heard.

use std::time::Instant;

use provost_engine::registry::{Answer, RegistryError};

use super::Runner;

impl Runner {
    /// Says it again for as long as the registry cannot be reached. What is written carries a fence, so that saying it twice does it once.
    pub(super) async fn insist<'a, T>(&self, say: impl Fn() -> Answer<'a, T>) -> Result<T, RegistryError> {
        let begun = Instant::now();
        loop {
            match say().await {
                Err(error) if error.is_transient() && begun.elapsed() < self.pace.insist => {
                    tokio::time::sleep(self.pace.again).await;
                }
                other => return other,
            }
        }
    }
}
