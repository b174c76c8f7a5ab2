//! Schedulers of recurring tasks with a clock of their own.

use db::{Database, Timestamp};
use solid_queue::testing::Scheduler;
use solid_queue::{Clock, Config, RecurringTask};
use std::time::Duration;

use super::Temp;
use super::jobs::{note, registry};

pub(crate) const CLEAR: &str =
    "SolidQueue::Job.clear_finished_in_batches(sleep_between_batches: 0.3)";

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-23 {time}").parse().unwrap()
}

pub(crate) fn clock_at(time: &str) -> Clock {
    Clock::fixed(at(time))
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// A task for every minute.
pub(crate) fn tick() -> RecurringTask {
    RecurringTask::new("tick", "every minute", &note("tick")).unwrap()
}

pub(crate) fn with_tasks(recurring_tasks: Vec<RecurringTask>) -> Config {
    Config {
        recurring_tasks,
        ..Config::default()
    }
}

pub(crate) fn scheduler(database: &Database, clock: &Clock, config: &Config) -> Scheduler {
    Scheduler::new(database.clone(), clock.clone(), config, &registry())
}

/// The times of day for which there are jobs, in the order in which they were enqueued.
pub(crate) async fn runs(temp: &Temp) -> Vec<String> {
    let run_at =
        "SELECT substr(run_at, 12) AS value FROM solid_queue_recurring_executions ORDER BY job_id";
    temp.texts(run_at).await
}
