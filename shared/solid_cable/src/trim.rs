use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use db::{Database, DbError, Timestamp};

use crate::{Config, message};

/// Deletes expired messages beside the broadcasts, one batch at a time.
#[derive(Debug, Default)]
pub(crate) struct Trim {
    running: Arc<AtomicBool>,
}

impl Trim {
    /// Starts a trim after two of `trim_batch_size` broadcasts. The caller does not wait for it.
    pub(crate) fn now_and_then(&self, database: &Database, config: &Config) {
        let batch = config.trim_batch_size.max(2);
        if !config.autotrim || !rand::random_ratio(2, batch) {
            return;
        }
        if self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        let running = Arc::clone(&self.running);
        let (database, config) = (database.clone(), config.clone());
        tokio::spawn(async move {
            match trim(&database, &config).await {
                Ok(0) => {}
                Ok(rows) => tracing::debug!(cable.trimmed = rows, "trimmed the messages"),
                Err(error) => {
                    tracing::warn!(error = %error, "could not trim the messages");
                }
            }
            running.store(false, Ordering::Release);
        });
    }
}

async fn trim(database: &Database, config: &Config) -> Result<usize, DbError> {
    let expired = Timestamp::now().before(config.message_retention);
    let batch = i64::from(config.trim_batch_size.max(2));
    database
        .write(move |connection| message::delete_before(connection, expired, batch))
        .await
}
