use serde::{Deserialize, Serialize};
use solid_queue::{Controls, Job, JobError, JobResult, Retry, States, Unique};

use crate::models::Todo;
use crate::{AppContext, streams};

/// Tells every open browser how the list is now.
#[derive(Debug, Serialize, Deserialize)]
pub struct BroadcastTodosJob;

impl Job for BroadcastTodosJob {
    const NAME: &'static str = "BroadcastTodosJob";
    type Context = AppContext;

    async fn perform(self, app: AppContext) -> JobResult {
        let list = Todo::broadcast_list(&app).await?;
        app.cable.broadcast(&streams::todos(), &list).await?;
        tracing::info!(todos = list.count(), rev = list.rev, "broadcast the todos");
        Ok(())
    }

    /// One that waits will tell of all changes until it runs.
    fn controls(&self) -> Controls {
        Controls::new().unique(Unique::key("todos").states(States::WAITING))
    }

    /// The next change brings a newer list anyway.
    fn on_error(_: &JobError, _: u32) -> Retry {
        Retry::Discard
    }
}

#[cfg(test)]
mod tests {
    use db::{Database, DatabaseConfig};
    use solid_queue::{PerformLater as _, Queue, testing};

    use super::*;

    #[tokio::test]
    async fn changes_that_come_together_are_told_together() {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(folder.path().join("queue.sqlite3"));
        let queue = Queue::solid(Database::open(&config, solid_queue::MIGRATIONS).unwrap());
        let first = BroadcastTodosJob.perform_later(&queue).await.unwrap();
        let second = BroadcastTodosJob.perform_later(&queue).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(testing::enqueued(&queue).await.unwrap().len(), 1);
    }
}
