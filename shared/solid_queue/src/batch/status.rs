use db::Timestamp;
use serde_json::{Map, Value};

use super::BatchId;
use crate::queue::Adapter;
use crate::records::batch::{self, Progress};
use crate::{BatchError, Queue};

/// Where a batch stands.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchStatus {
    /// Its number.
    pub id: BatchId,
    /// Where it is in its life.
    pub state: BatchState,
    /// What it is, for people.
    pub description: Option<String>,
    /// What its author wants others to know of it.
    pub metadata: Map<String, Value>,
    /// All its jobs. A job that is tried again counts once.
    pub total: u64,
    /// Jobs that are finished or discarded.
    pub completed: u64,
    /// Jobs that failed for good. Once the batch is finished, so many as there were then.
    pub failed: u64,
    /// Jobs that have not ended.
    pub pending: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When all its first jobs were enqueued.
    pub enqueued_at: Option<Timestamp>,
    /// When its last job ended.
    pub finished_at: Option<Timestamp>,
    /// The same if any job failed.
    pub failed_at: Option<Timestamp>,
}

/// Where a batch is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Rails is still enqueueing its jobs.
    Pending,
    /// It waits for its jobs.
    Enqueued,
    /// All its jobs have ended, and none failed.
    Completed,
    /// All its jobs have ended, and some failed.
    Failed,
}

impl BatchStatus {
    /// How much of it has ended, from 0 to 100 with two decimals; 0 for a batch without jobs, as with Rails.
    pub fn progress_percentage(&self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let ended = self.total.saturating_sub(self.pending);
        #[allow(clippy::cast_precision_loss, reason = "nobody has so many jobs")]
        let share = ended as f64 / self.total as f64;
        (share * 10_000.0).round() / 100.0
    }
}

impl Queue {
    /// Where the batch stands; nothing when there is none, or none any more.
    ///
    /// # Errors
    /// See [`BatchError`].
    pub async fn batch(&self, id: BatchId) -> Result<Option<BatchStatus>, BatchError> {
        let Adapter::Solid(inbox) = &self.adapter else {
            return Err(BatchError::InProcess);
        };
        let progress = inbox
            .database()
            .read(move |connection| batch::progress(connection, id.0))
            .await?;
        Ok(progress.map(|progress| status(id, progress)))
    }
}

fn status(id: BatchId, of: Progress) -> BatchStatus {
    let counted = |count: i64| u64::try_from(count).unwrap_or(0);
    let completed = match of.finished_at {
        Some(_) => of.completed,
        None => of.total - of.pending - of.failed,
    };
    BatchStatus {
        id,
        state: state(&of),
        description: of.description,
        metadata: of.metadata.as_deref().and_then(object).unwrap_or_default(),
        total: counted(of.total),
        completed: counted(completed),
        failed: counted(of.failed),
        pending: counted(of.pending),
        created_at: of.created_at,
        enqueued_at: of.enqueued_at,
        finished_at: of.finished_at,
        failed_at: of.failed_at,
    }
}

fn state(of: &Progress) -> BatchState {
    match (of.finished_at, of.failed_at, of.enqueued_at) {
        (Some(_), Some(_), _) => BatchState::Failed,
        (Some(_), None, _) => BatchState::Completed,
        (None, _, Some(_)) => BatchState::Enqueued,
        (None, _, None) => BatchState::Pending,
    }
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}
