use serde::{Deserialize, Serialize};
use solid_queue::{Job, JobError, JobResult, Retry};

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
        tracing::info!(
            todos = list.todos.len(),
            rev = list.rev,
            "broadcast the todos"
        );
        Ok(())
    }

    /// The next change brings a newer list anyway.
    fn on_error(_: &JobError, _: u32) -> Retry {
        Retry::Discard
    }
}
