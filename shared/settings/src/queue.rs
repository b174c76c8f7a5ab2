mod dispatcher;
mod scheduler;
mod worker;

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de};
use solid_queue::RecurringTask;

use crate::file::Section;
use crate::quantity::{Span, longer_than_zero};
use crate::word::{Word, word};
use dispatcher::Dispatcher;
use scheduler::Scheduler;
use worker::Worker;

/// Who performs jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Queue {
    /// Rows in the queue database, performed by the worker process.
    SolidQueue(solid_queue::Config),
    /// Tasks inside the process that enqueues them.
    Async {
        /// Jobs performed at once.
        threads: u32,
    },
}

/// A section of `queue.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    workers: Option<Vec<Worker>>,
    dispatchers: Option<Vec<Dispatcher>>,
    scheduler: Option<Scheduler>,
    preserve_finished_jobs: Option<bool>,
    clear_finished_jobs_after: Option<Span>,
    #[serde(deserialize_with = "longer_than_zero")]
    process_heartbeat_interval: Option<Span>,
    process_alive_threshold: Option<Span>,
    shutdown_timeout: Option<Span>,
    supervisor_pidfile: Option<PathBuf>,
    time_zone: Option<Zone>,
}

#[derive(Clone, Copy, Default)]
enum Adapter {
    #[default]
    SolidQueue,
    Async,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] =
        &[("solid_queue", Self::SolidQueue), ("async", Self::Async)];
}

struct Zone(TimeZone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            de::Error::custom(format!(
                "expected a time zone such as `Europe/Berlin`, got `{name}`"
            ))
        })
    }
}

impl Section for File {
    const NAME: &'static str = "queue";
    const PATH_VARIABLE: Option<&'static str> = Some("SOLID_QUEUE_CONFIG");
}

impl File {
    /// Where schedules count that name no time zone: as with Rails that of the system, if none is set.
    pub(crate) fn time_zone(&self) -> TimeZone {
        let set = self.time_zone.as_ref().map(|zone| zone.0.clone());
        set.unwrap_or_else(TimeZone::system)
    }

    /// The settings, or the key that is wrong and why. As in the original, a file that names no process at all gets a
    /// worker and a dispatcher, and one that names some gets just those. Without `recurring_tasks` nothing recurs at all, not even dynamic
    /// tasks.
    pub(crate) fn resolve(
        self,
        recurring_tasks: Option<Vec<RecurringTask>>,
    ) -> Result<Queue, (String, String)> {
        match self.adapter {
            Adapter::SolidQueue => self.config(recurring_tasks).map(Queue::SolidQueue),
            Adapter::Async => threads(self.workers).map(|threads| Queue::Async { threads }),
        }
    }

    fn config(
        self,
        recurring_tasks: Option<Vec<RecurringTask>>,
    ) -> Result<solid_queue::Config, (String, String)> {
        let usual = solid_queue::Config::default();
        let time_zone = self.time_zone();
        let names_none =
            self.workers.is_none() && self.dispatchers.is_none() && self.scheduler.is_none();
        let (workers, dispatchers) = if names_none {
            (usual.workers, usual.dispatchers)
        } else {
            let dispatchers = self.dispatchers.unwrap_or_default().into_iter();
            (
                worker::resolve_all(self.workers.unwrap_or_default())?,
                dispatchers.map(Dispatcher::resolve).collect(),
            )
        };
        let mut config = solid_queue::Config {
            workers,
            dispatchers,
            scheduler: self.scheduler.unwrap_or_default().resolve(),
            time_zone,
            preserve_finished_jobs: self
                .preserve_finished_jobs
                .unwrap_or(usual.preserve_finished_jobs),
            clear_finished_jobs_after: self
                .clear_finished_jobs_after
                .map_or(usual.clear_finished_jobs_after, |span| span.0),
            process_heartbeat_interval: self
                .process_heartbeat_interval
                .map_or(usual.process_heartbeat_interval, |span| span.0),
            process_alive_threshold: self
                .process_alive_threshold
                .map_or(usual.process_alive_threshold, |span| span.0),
            shutdown_timeout: self
                .shutdown_timeout
                .map_or(usual.shutdown_timeout, |span| span.0),
            supervisor_pidfile: self.supervisor_pidfile,
            recurring_tasks: Vec::new(),
        };
        match recurring_tasks {
            Some(tasks) => config.recurring_tasks = tasks,
            None => config.scheduler.dynamic_tasks_enabled = false,
        }
        checked(config)
    }
}

/// The threads of all workers.
fn threads(workers: Option<Vec<Worker>>) -> Result<u32, (String, String)> {
    let workers = match workers {
        None => solid_queue::Config::default().workers,
        Some(workers) => worker::resolve_all(workers)?,
    };
    let threads = workers.iter().map(|worker| worker.threads);
    Ok(threads.sum::<u32>().max(1))
}

fn checked(config: solid_queue::Config) -> Result<solid_queue::Config, (String, String)> {
    let recurs = !config.recurring_tasks.is_empty() || config.scheduler.dynamic_tasks_enabled;
    if config.workers.is_empty() && config.dispatchers.is_empty() && !recurs {
        let message = "no processes configured: expected at least a worker or a dispatcher";
        return Err(("workers".into(), message.into()));
    }
    match config.problems().into_iter().next() {
        Some(problem) => Err((problem.key, format!("expected {}", problem.expected))),
        None => Ok(config),
    }
}
