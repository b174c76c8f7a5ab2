use crate::manage::Status;

/// Where the jobs of a state are found, and in which order.
pub(super) struct Shape {
    /// The table of the state, called `e` then; nothing when jobs themselves say it.
    pub(super) table: Option<&'static str>,
    /// Whether it says the queue of its jobs.
    pub(super) has_queue: bool,
    /// Moment, priority and id of a [`Cursor`].
    pub(super) columns: &'static str,
    /// Those of them that make the order.
    pub(super) key: &'static str,
    pub(super) is_descending: bool,
}

impl Shape {
    pub(super) fn of(status: Option<Status>) -> Self {
        let (table, has_queue, columns, key, is_descending) = match status {
            // Those that came last, first.
            None | Some(Status::Stray) => (None, true, "NULL, 0, jobs.id", "jobs.id", true),
            Some(Status::Finished) => {
                let columns = "jobs.finished_at, 0, jobs.id";
                (None, true, columns, "jobs.finished_at, jobs.id", true)
            }
            Some(Status::Failed) => {
                let table = Some("solid_queue_failed_executions");
                (table, false, "NULL, 0, e.id", "e.id", true)
            }
            // Those that go next, first.
            Some(Status::Ready) => {
                let table = Some("solid_queue_ready_executions");
                let columns = "NULL, e.priority, e.job_id";
                (table, true, columns, "e.priority, e.job_id", false)
            }
            Some(Status::Scheduled) => {
                let table = Some("solid_queue_scheduled_executions");
                let key = "e.scheduled_at, e.priority, e.job_id";
                (table, true, key, key, false)
            }
            // Those that came first, first.
            Some(Status::Claimed) => {
                let table = Some("solid_queue_claimed_executions");
                (table, false, "NULL, 0, e.id", "e.id", false)
            }
            Some(Status::Blocked) => {
                let table = Some("solid_queue_blocked_executions");
                (table, true, "NULL, 0, e.id", "e.id", false)
            }
        };
        Self {
            table,
            has_queue,
            columns,
            key,
            is_descending,
        }
    }

    pub(super) fn job_id(&self) -> &'static str {
        self.table.map_or("jobs.id", |_| "e.job_id")
    }
}
