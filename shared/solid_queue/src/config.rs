use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::{
    ConfigError, RecurringTask, RecurringTaskError, RecurringWork, Registry, SupervisorError,
};

/// What a supervisor runs and how. The defaults are those of Rails.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The workers.
    pub workers: Vec<WorkerConfig>,
    /// The dispatchers.
    pub dispatchers: Vec<DispatcherConfig>,
    /// The tasks that are enqueued again and again. They take the place of those that the database has from files.
    pub recurring_tasks: Vec<RecurringTask>,
    /// The scheduler of recurring tasks. There is none where there are no tasks, unless dynamic ones are enabled.
    pub scheduler: SchedulerConfig,
    /// Where schedules count that name no time zone of their own. UTC, unless it is set: Rails takes the system's.
    pub time_zone: TimeZone,
    /// How often each process shows in `solid_queue_processes` that it lives.
    pub process_heartbeat_interval: Duration,
    /// A process without a heartbeat for so long counts as dead.
    pub process_alive_threshold: Duration,
    /// How long a stop waits for running jobs before it puts them back. Zero waits for as long as they take.
    pub shutdown_timeout: Duration,
    /// The file that says by its pid that the supervisor runs, and keeps a second one from it. Removed at its end.
    pub supervisor_pidfile: Option<PathBuf>,
    /// Whether the rows of finished jobs are kept until they are cleared.
    pub preserve_finished_jobs: bool,
    /// How long finished jobs are kept by the recurring task that clears them, whose command is
    /// `SolidQueue::Job.clear_finished_in_batches`.
    pub clear_finished_jobs_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: vec![WorkerConfig::default()],
            dispatchers: vec![DispatcherConfig::default()],
            recurring_tasks: Vec::new(),
            scheduler: SchedulerConfig::default(),
            time_zone: TimeZone::UTC,
            process_heartbeat_interval: Duration::from_mins(1),
            process_alive_threshold: Duration::from_mins(5),
            shutdown_timeout: Duration::from_secs(5),
            supervisor_pidfile: None,
            preserve_finished_jobs: true,
            clear_finished_jobs_after: Duration::from_hours(24),
        }
    }
}

/// One worker: it performs the jobs of some queues.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerConfig {
    /// The queues, in the order in which they are emptied: exact names, prefixes such as `mail*`, or `*` for all.
    /// None at all means all. A list with `*` ignores the others.
    pub queues: Vec<String>,
    /// Jobs that run at once.
    pub threads: u32,
    /// How often to look for jobs at least. Commits to the database are noticed at once beside it.
    pub polling_interval: Duration,
    /// How many such workers to run.
    pub processes: u32,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            queues: vec!["*".into()],
            threads: 3,
            polling_interval: Duration::from_millis(100),
            processes: 1,
        }
    }
}

/// One dispatcher: it makes scheduled jobs ready when they are due.
#[derive(Clone, Debug, PartialEq)]
pub struct DispatcherConfig {
    /// How often to look for due jobs at least. The dispatcher wakes for the next due job beside it.
    pub polling_interval: Duration,
    /// Jobs in one transaction, at most.
    pub batch_size: u32,
    /// Whether to look for expired semaphores, and for blocked jobs for which there is room.
    pub concurrency_maintenance: bool,
    /// How often to delete what expired. Places that a dead Rails process lost are found within seconds.
    pub concurrency_maintenance_interval: Duration,
    /// Whether to look for batches that nobody finished, as often as for what expired.
    pub batch_maintenance: bool,
}

impl Default for DispatcherConfig {
    fn default() -> Self {
        Self {
            polling_interval: Duration::from_secs(1),
            batch_size: 500,
            concurrency_maintenance: true,
            concurrency_maintenance_interval: Duration::from_mins(10),
            batch_maintenance: true,
        }
    }
}

/// The scheduler: it enqueues recurring tasks when they are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// Whether to run tasks, too, that were scheduled at run time: [`crate::RecurringTasks::schedule_recurring_task`].
    pub dynamic_tasks_enabled: bool,
    /// How often to look for those, and at the clock, at least.
    pub polling_interval: Duration,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            dynamic_tasks_enabled: false,
            polling_interval: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// All that is wrong with the recurring tasks, for a program that performs the jobs of this registry.
    pub fn recurring_problems<C: Clone + Send + Sync + 'static>(
        &self,
        registry: &Registry<C>,
    ) -> Vec<RecurringTaskError> {
        let mut keys = BTreeSet::new();
        let problem = |task: &RecurringTask| {
            if !keys.insert(task.key.clone()) {
                let key = task.key.clone();
                return Some(RecurringTaskError::Twice { key });
            }
            let checked = task.check(&self.time_zone);
            checked.err().or_else(|| unknown_class(task, registry))
        };
        self.recurring_tasks.iter().filter_map(problem).collect()
    }

    pub(crate) fn has_scheduler(&self) -> bool {
        !self.recurring_tasks.is_empty() || self.scheduler.dynamic_tasks_enabled
    }

    /// Everything else in it that cannot work.
    pub fn problems(&self) -> Vec<ConfigError> {
        let workers = self.workers.iter().enumerate().flat_map(|(at, worker)| {
            let key = |field| format!("workers[{at}].{field}");
            [
                positive(key("threads"), worker.threads > 0),
                positive(key("processes"), worker.processes > 0),
                some_time(key("polling_interval"), worker.polling_interval),
            ]
        });
        let dispatchers = self.dispatchers.iter().enumerate().flat_map(|(at, it)| {
            let key = |field| format!("dispatchers[{at}].{field}");
            [
                positive(key("batch_size"), it.batch_size > 0),
                some_time(key("polling_interval"), it.polling_interval),
                some_time(
                    key("concurrency_maintenance_interval"),
                    it.concurrency_maintenance_interval,
                ),
            ]
        });
        let heartbeat = some_time(
            "process_heartbeat_interval".into(),
            self.process_heartbeat_interval,
        );
        let threshold = self.process_alive_threshold > self.process_heartbeat_interval;
        let threshold = (!threshold).then(|| ConfigError {
            key: "process_alive_threshold".into(),
            expected: "longer than `process_heartbeat_interval`",
        });
        let scheduler = some_time(
            "scheduler.polling_interval".into(),
            self.scheduler.polling_interval,
        );
        workers
            .chain(dispatchers)
            .chain([scheduler, heartbeat, threshold])
            .flatten()
            .collect()
    }

    pub(crate) fn validate<C: Clone + Send + Sync + 'static>(
        &self,
        registry: &Registry<C>,
    ) -> Result<(), SupervisorError> {
        if self.workers.is_empty() && self.dispatchers.is_empty() && !self.has_scheduler() {
            return Err(SupervisorError::NoProcesses);
        }
        let recurring = self.recurring_problems(registry);
        if !recurring.is_empty() {
            return Err(SupervisorError::RecurringTasks(recurring));
        }
        match self.problems().into_iter().next() {
            Some(problem) => Err(problem.into()),
            None => Ok(()),
        }
    }
}

fn unknown_class<C: Clone + Send + Sync + 'static>(
    task: &RecurringTask,
    registry: &Registry<C>,
) -> Option<RecurringTaskError> {
    match &task.work {
        RecurringWork::Class { name, .. } if registry.get(name).is_none() => {
            let known: Vec<_> = registry.names().collect();
            Some(RecurringTaskError::UnknownClass {
                key: task.key.clone(),
                class_name: name.clone(),
                known: known.join(", "),
            })
        }
        _ => None,
    }
}

fn positive(key: String, is: bool) -> Option<ConfigError> {
    let expected = "at least 1";
    (!is).then_some(ConfigError { key, expected })
}

fn some_time(key: String, duration: Duration) -> Option<ConfigError> {
    let expected = "longer than zero";
    duration.is_zero().then_some(ConfigError { key, expected })
}
