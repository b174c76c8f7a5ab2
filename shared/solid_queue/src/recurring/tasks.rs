use std::sync::Arc;

use db::{Database, SqliteConnection, Timestamp};
use diesel::QueryResult;
use jiff::tz::TimeZone;

use super::{RecurringTask, RecurringTaskError};
use crate::lifecycle::recur::{Recurred, run};
use crate::records::job::NewRow;
use crate::records::recurring_task::{self, Stored};
use crate::records::{recurring_pause, recurring_run};
use crate::registry::Classes;
use crate::{Clock, JobId, Registry};

type Result<T> = std::result::Result<T, RecurringTaskError>;

/// The recurring tasks of a queue database, for those who manage them. Cheap to clone.
///
/// ```
/// use solid_queue::{RecurringTask, RecurringTasks, Registry};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("queue.sqlite3");
/// let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
/// let tasks = RecurringTasks::new(database, &Registry::<()>::new());
/// tasks.schedule_recurring_task(RecurringTask::of_class("report", "every monday at 8am", "ReportJob")).await?;
/// tasks.pause("report").await?;
/// let listed = tasks.list().await?;
/// assert!(listed[0].is_paused && listed[0].next_run.is_some());
/// tasks.unschedule_recurring_task("report").await?;
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct RecurringTasks {
    database: Database,
    classes: Arc<Classes>,
    time_zone: TimeZone,
    clock: Clock,
}

/// A recurring task and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurringTaskStatus {
    /// The task.
    pub task: RecurringTask,
    /// Whether it is one of `recurring.yml`.
    pub is_static: bool,
    /// Whether it does not run for now.
    pub is_paused: bool,
    /// The last time for which it was enqueued, by its schedule or by hand.
    pub last_run: Option<Timestamp>,
    /// The next time by its schedule, whether it is paused or not; none when the schedule cannot be read.
    pub next_run: Option<Timestamp>,
}

impl RecurringTasks {
    /// The tasks of the file. The registered classes say on which queue their jobs go, and what controls them.
    pub fn new<C: Clone + Send + Sync + 'static>(
        database: Database,
        registry: &Registry<C>,
    ) -> Self {
        Self {
            database,
            classes: Arc::new(registry.classes()),
            time_zone: TimeZone::UTC,
            clock: Clock::system(),
        }
    }

    /// With the time zone of schedules that name none: that of [`crate::Config::time_zone`]. Without this it is UTC.
    #[must_use]
    pub fn time_zone(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// With a clock of its own, for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// All tasks by their keys.
    ///
    /// # Errors
    /// [`RecurringTaskError::Database`].
    pub async fn list(&self) -> Result<Vec<RecurringTaskStatus>> {
        let mut tasks = self.database.read(statuses).await?;
        let now = self.clock.now();
        for status in &mut tasks {
            let timetable = status.task.timetable(&self.time_zone).ok();
            status.next_run = timetable.and_then(|timetable| timetable.next_after(now));
        }
        Ok(tasks)
    }

    /// The task does not run until it is resumed. Times that pass meanwhile are caught up only if its policy says so.
    ///
    /// # Errors
    /// [`RecurringTaskError::NotFound`], [`RecurringTaskError::Database`].
    pub async fn pause(&self, key: &str) -> Result<()> {
        let (task, now) = (key.to_owned(), self.clock.now());
        let write = self.database.write(move |connection| {
            let is_there = recurring_task::find(connection, &task)?.is_some();
            if is_there {
                recurring_pause::insert(connection, &task, now)?;
            }
            Ok(is_there)
        });
        found(write.await?, key)
    }

    /// The task runs again. Nothing is wrong with one that was not paused.
    ///
    /// # Errors
    /// [`RecurringTaskError::NotFound`], [`RecurringTaskError::Database`].
    pub async fn resume(&self, key: &str) -> Result<()> {
        let task = key.to_owned();
        let write = self.database.write(move |connection| {
            recurring_pause::delete(connection, &task)?;
            Ok(recurring_task::find(connection, &task)?.is_some())
        });
        found(write.await?, key)
    }

    /// Enqueues the task's job at once, beside its schedule, even when it is paused.
    ///
    /// # Errors
    /// [`RecurringTaskError::NotFound`], [`RecurringTaskError::KeptOut`], [`RecurringTaskError::Database`].
    pub async fn run_now(&self, key: &str) -> Result<JobId> {
        let (task, now) = (key.to_owned(), self.clock.now());
        let stored = self
            .database
            .read(move |connection| recurring_task::find(connection, &task));
        let Some(Stored { task, .. }) = stored.await? else {
            return Err(RecurringTaskError::NotFound { key: key.into() });
        };
        let row = NewRow::from(task.job(&self.classes, now));
        let write = self
            .database
            .write(move |connection| run(connection, &task.key, now, &row, now));
        match write.await? {
            Recurred::Enqueued(job) => Ok(job),
            _ => Err(RecurringTaskError::KeptOut { key: key.into() }),
        }
    }

    /// Adds a dynamic task, or changes the one with the same key. A scheduler whose configuration has
    /// [`crate::SchedulerConfig::dynamic_tasks_enabled`] notices at once.
    ///
    /// # Errors
    /// [`RecurringTaskError::Schedule`] and [`RecurringTaskError::Command`] when it could not be run,
    /// [`RecurringTaskError::Static`], [`RecurringTaskError::Database`].
    pub async fn schedule_recurring_task(&self, task: RecurringTask) -> Result<()> {
        task.check(&self.time_zone)?;
        let (key, now) = (task.key.clone(), self.clock.now());
        let write = self.database.write(move |connection| {
            let stored = recurring_task::find(connection, &task.key)?;
            if stored.as_ref().is_some_and(|stored| stored.is_static) {
                return Ok(false);
            }
            if stored.is_none_or(|stored| stored.task != task) {
                recurring_task::upsert(connection, &task, false, now)?;
            }
            Ok(true)
        });
        if write.await? {
            Ok(())
        } else {
            Err(RecurringTaskError::Static { key })
        }
    }

    /// Removes a dynamic task. Jobs that it enqueued stay.
    ///
    /// # Errors
    /// [`RecurringTaskError::NotFound`], [`RecurringTaskError::Static`], [`RecurringTaskError::Database`].
    pub async fn unschedule_recurring_task(&self, key: &str) -> Result<()> {
        let task = key.to_owned();
        let write = self.database.write(move |connection| {
            let stored = recurring_task::find(connection, &task)?;
            if stored.as_ref().is_some_and(|stored| !stored.is_static) {
                recurring_task::delete(connection, &task)?;
                recurring_pause::delete(connection, &task)?;
            }
            Ok(stored)
        });
        match write.await? {
            Some(stored) if stored.is_static => Err(RecurringTaskError::Static { key: key.into() }),
            stored => found(stored.is_some(), key),
        }
    }
}

fn statuses(connection: &mut SqliteConnection) -> QueryResult<Vec<RecurringTaskStatus>> {
    let stored = recurring_task::all(connection)?;
    let statuses = stored.into_iter().map(|stored| {
        Ok(RecurringTaskStatus {
            is_paused: recurring_pause::is_paused(connection, &stored.task.key)?,
            last_run: recurring_run::last(connection, &stored.task.key)?,
            next_run: None,
            is_static: stored.is_static,
            task: stored.task,
        })
    });
    statuses.collect()
}

fn found(is_there: bool, key: &str) -> Result<()> {
    if is_there {
        Ok(())
    } else {
        Err(RecurringTaskError::NotFound { key: key.into() })
    }
}
