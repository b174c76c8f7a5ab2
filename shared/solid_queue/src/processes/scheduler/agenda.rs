use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, SqliteConnection, Timestamp};
use diesel::QueryResult;
use jiff::tz::TimeZone;

use super::entry::{Due, Entry};
use crate::lifecycle::recur::{Recurred, recur_all};
use crate::records::job::NewRow;
use crate::records::recurring_task::{self, Stored};
use crate::records::{recurring_pause, recurring_run};
use crate::registry::Classes;
use crate::{Clock, Config, JobId, RecurringTask, events};

/// How long to wait at most before the next look at the clock, which may jump.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The recurring tasks and when each is due. Every turn begins with what time it is, so that a clock that was set, or a
/// machine that slept, changes no more than what the tasks' policies say.
pub(crate) struct Agenda {
    database: Database,
    classes: Arc<Classes>,
    clock: Clock,
    time_zone: TimeZone,
    /// Those of the configuration.
    tasks: Vec<RecurringTask>,
    /// Whether those count, too, that the database alone knows.
    has_dynamic_tasks: bool,
    is_stored: bool,
    entries: BTreeMap<String, Entry>,
    /// Dynamic tasks that cannot be run, which was said.
    refused: BTreeMap<String, RecurringTask>,
}

/// A task that has come to its time, in the eyes of the database.
struct Found {
    due: Due,
    is_paused: bool,
}

impl Agenda {
    pub(crate) fn new(
        database: Database,
        classes: Arc<Classes>,
        clock: Clock,
        config: &Config,
    ) -> Self {
        Self {
            database,
            classes,
            clock,
            time_zone: config.time_zone.clone(),
            tasks: config.recurring_tasks.clone(),
            has_dynamic_tasks: config.scheduler.dynamic_tasks_enabled,
            is_stored: false,
            entries: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Stores the tasks of the configuration, once.
    pub(crate) async fn store(&mut self) -> Result<(), DbError> {
        if self.is_stored {
            return Ok(());
        }
        let (tasks, now) = (self.tasks.clone(), self.clock.now());
        let mut stored = self.database.read(recurring_task::all).await?;
        if !recurring_task::has_static(&stored, &tasks) {
            let replace = move |connection: &mut SqliteConnection| {
                recurring_task::replace_static(connection, &tasks, now)?;
                recurring_task::all(connection)
            };
            stored = self.database.write(replace).await?;
        }
        stored.retain(|stored| self.tasks.contains(&stored.task));
        self.add(stored).await?;
        self.is_stored = true;
        Ok(())
    }

    /// Looks for dynamic tasks that came, changed or went. Whether there were any.
    pub(crate) async fn reload(&mut self) -> Result<bool, DbError> {
        if !self.has_dynamic_tasks {
            return Ok(false);
        }
        let mut stored = self.database.read(recurring_task::all).await?;
        stored.retain(|stored| !stored.is_static && !self.is_of_configuration(&stored.task.key));
        let gone = self.forget_all_but(&stored);
        stored.retain(|stored| !self.knows(&stored.task));
        let is_changed = gone || !stored.is_empty();
        self.add(stored).await?;
        Ok(is_changed)
    }

    /// Enqueues what is due. Returns the jobs.
    pub(crate) async fn enqueue_due(&mut self) -> Result<Vec<JobId>, DbError> {
        let now = self.clock.now();
        let entries = self.entries.values_mut();
        let due: Vec<_> = entries.filter_map(|entry| entry.due(now)).collect();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let found = self
            .database
            .read(move |connection| due.into_iter().map(|due| look(connection, due)).collect());
        let found: Vec<Found> = found.await?;
        let (mut jobs, mut outcome) = (Vec::new(), Ok(()));
        for Found { due, is_paused } in found {
            match self.enqueue(due, is_paused, now).await {
                Ok(enqueued) => jobs.extend(enqueued),
                // The others have their turn all the same.
                Err(error) => outcome = Err(error),
            }
        }
        outcome.map(|()| jobs)
    }

    /// How long there is nothing to do, as far as is known.
    pub(crate) fn wait(&self) -> Duration {
        let next = self.entries.values().filter_map(Entry::next).min();
        let until_next = next.map(|next| next.since(self.clock.now()));
        until_next.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
    }

    /// The keys of the tasks, those of the configuration first.
    pub(crate) fn keys(&self) -> Vec<String> {
        let own = self.tasks.iter().map(|task| task.key.clone());
        let keys = self.entries.keys().cloned();
        let dynamic = keys.filter(|key| !self.is_of_configuration(key));
        own.chain(dynamic).collect()
    }

    fn is_of_configuration(&self, key: &str) -> bool {
        self.tasks.iter().any(|task| task.key == key)
    }

    /// Takes the tasks in, each from where it stands: its last run or its last change.
    async fn add(&mut self, tasks: Vec<Stored>) -> Result<(), DbError> {
        let now = self.clock.now();
        let since = move |connection: &mut SqliteConnection| {
            let with_last = tasks.into_iter().map(|stored| {
                let last = recurring_run::last_until(connection, &stored.task.key, now)?;
                let since = last.max(Some(stored.updated_at)).unwrap_or(now).min(now);
                Ok((stored.task, since))
            });
            with_last.collect::<QueryResult<Vec<_>>>()
        };
        for (task, since) in self.database.read(since).await? {
            self.take_in(task, since);
        }
        Ok(())
    }

    fn take_in(&mut self, task: RecurringTask, since: Timestamp) {
        let key = task.key.clone();
        match task.timetable(&self.time_zone) {
            Ok(timetable) => {
                self.refused.remove(&key);
                self.entries.insert(key, Entry::new(task, timetable, since));
            }
            Err(error) => {
                events::refuse_recurring_task(&key, &error);
                self.entries.remove(&key);
                self.refused.insert(key, task);
            }
        }
    }

    fn knows(&self, task: &RecurringTask) -> bool {
        let entry = self.entries.get(&task.key).map(|entry| &entry.task);
        entry.or_else(|| self.refused.get(&task.key)) == Some(task)
    }

    /// Whether there was anything to forget.
    fn forget_all_but(&mut self, dynamic: &[Stored]) -> bool {
        let before = self.entries.len();
        let (tasks, is_there) = (&self.tasks, |key: &str| {
            dynamic.iter().any(|stored| stored.task.key == key)
        });
        self.entries
            .retain(|key, _| is_there(key) || tasks.iter().any(|task| task.key == *key));
        self.refused.retain(|key, _| is_there(key));
        self.entries.len() < before
    }

    async fn enqueue(
        &mut self,
        due: Due,
        is_paused: bool,
        now: Timestamp,
    ) -> Result<Vec<JobId>, DbError> {
        let Some(entry) = self.entries.get_mut(&due.key) else {
            return Ok(Vec::new());
        };
        if is_paused {
            entry.pause(due.until);
            return Ok(Vec::new());
        }
        let job = || NewRow::from(entry.task.job(&self.classes, now));
        let runs: Vec<_> = due.runs.iter().map(|run_at| (*run_at, job())).collect();
        let recurred = if runs.is_empty() {
            Vec::new()
        } else {
            let key = due.key.clone();
            let recur_all =
                move |connection: &mut SqliteConnection| recur_all(connection, &key, &runs, now);
            self.database.write(recur_all).await?
        };
        if recurred.contains(&Recurred::Paused) {
            entry.pause(due.until);
            return Ok(Vec::new());
        }
        entry.finish(due.until);
        report_missed(&due);
        Ok(report(&due, &recurred))
    }
}

/// Leaves out what others have done. Looking needs no lock.
fn look(connection: &mut SqliteConnection, mut due: Due) -> QueryResult<Found> {
    let is_paused = recurring_pause::is_paused(connection, &due.key)?;
    for times in [&mut due.runs, &mut due.missed] {
        let mut open = Vec::new();
        for time in times.drain(..) {
            if !recurring_run::exists(connection, &due.key, time)? {
                open.push(time);
            }
        }
        *times = open;
    }
    Ok(Found { due, is_paused })
}

fn report(due: &Due, recurred: &[Recurred]) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for (run_at, recurred) in due.runs.iter().zip(recurred) {
        match recurred {
            Recurred::Enqueued(job) => {
                events::enqueue_recurring_task(&due.key, *run_at, *job);
                jobs.push(*job);
            }
            other => events::skip_recurring_task(&due.key, *run_at, other),
        }
    }
    jobs
}

fn report_missed(due: &Due) {
    if let (Some(first), Some(last)) = (due.missed.first(), due.missed.last()) {
        events::miss_recurring_task(&due.key, due.missed.len(), *first, *last);
    }
}
