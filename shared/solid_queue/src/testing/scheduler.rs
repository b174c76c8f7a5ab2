use std::sync::Arc;

use db::{Database, DbError};

use crate::processes::Agenda;
use crate::{Clock, Config, JobId, Registry};

/// The scheduler of recurring tasks by hand.
///
/// ```
/// use solid_queue::{Clock, Config, RecurringTask, Registry, testing};
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("queue.sqlite3");
/// # let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
/// let clock = Clock::fixed("2026-11-23 11:59:00".parse()?);
/// let config = Config {
///     recurring_tasks: vec![RecurringTask::of_class("report", "every day at noon", "ReportJob")],
///     ..Config::default()
/// };
/// let mut scheduler = testing::Scheduler::new(database, clock.clone(), &config, &Registry::<()>::new());
/// assert!(scheduler.run().await?.is_empty());
/// clock.advance(Duration::from_mins(1));
/// assert_eq!(scheduler.run().await?.len(), 1);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct Scheduler {
    agenda: Agenda,
}

impl Scheduler {
    /// A scheduler that goes by this clock.
    pub fn new<C: Clone + Send + Sync + 'static>(
        database: Database,
        clock: Clock,
        config: &Config,
        registry: &Registry<C>,
    ) -> Self {
        let classes = Arc::new(registry.classes());
        Self {
            agenda: Agenda::new(database, classes, clock, config),
        }
    }

    /// Enqueues the tasks that are due. The first call finds out where they stand. Returns the jobs.
    ///
    /// # Errors
    /// What the database said.
    pub async fn run(&mut self) -> Result<Vec<JobId>, DbError> {
        self.agenda.store().await?;
        self.agenda.reload().await?;
        self.agenda.enqueue_due().await
    }
}
