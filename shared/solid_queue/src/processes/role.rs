//! The processes that a supervisor can run.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Stop;
use super::dispatcher::Dispatcher;
use super::execution::Executor;
use super::health::Health;
use super::hooks::{Hooks, Moment};
use super::instance::{Instance, ProcessKind};
use super::registration::Registration;
use super::scheduler::Scheduler;
use super::worker::Worker;
use crate::events;
use crate::registry::Classes;
use crate::{Clock, Config, DispatcherConfig, ProcessId, RecurringTask, Registry, WorkerConfig};

/// What one of them does.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Worker(WorkerConfig),
    Dispatcher(DispatcherConfig),
    Scheduler(Vec<RecurringTask>),
}

/// What all of them are made of.
pub(crate) struct Parts<C> {
    pub(crate) database: db::Database,
    pub(crate) config: Config,
    pub(crate) registry: Arc<Registry<C>>,
    pub(crate) classes: Arc<Classes>,
    pub(crate) context: C,
    pub(crate) clock: Clock,
    pub(crate) hooks: Hooks,
    pub(crate) health: Health,
}

impl Role {
    /// All that the configuration names. The place in the list says which is which.
    pub(crate) fn all(config: &Config) -> Vec<Self> {
        let workers = config.workers.iter().flat_map(|worker| {
            let times = usize::try_from(worker.processes).unwrap_or(usize::MAX);
            std::iter::repeat_n(worker, times)
        });
        let dispatchers = config.dispatchers.iter().cloned();
        let workers = workers.cloned().map(Self::Worker);
        let scheduler = config.has_scheduler();
        let scheduler = scheduler.then(|| Self::Scheduler(config.recurring_tasks.clone()));
        workers
            .chain(dispatchers.map(Self::Dispatcher))
            .chain(scheduler)
            .collect()
    }

    pub(crate) fn kind(&self) -> ProcessKind {
        match self {
            Self::Worker(_) => ProcessKind::Worker,
            Self::Dispatcher(_) => ProcessKind::Dispatcher,
            Self::Scheduler(_) => ProcessKind::Scheduler,
        }
    }

    pub(crate) fn registration(&self, supervisor: ProcessId) -> Registration {
        match self {
            Self::Worker(config) => Registration::worker(config, Some(supervisor)),
            Self::Dispatcher(config) => Registration::dispatcher(config, supervisor),
            Self::Scheduler(tasks) => Registration::scheduler(tasks, supervisor),
        }
    }
}

impl<C: Clone + Send + Sync + 'static> Parts<C> {
    /// Does the work of a registered process until it is to stop or others removed its row, and tells the hooks. Jobs
    /// are tasks of `runtime`.
    pub(crate) async fn play(
        self: Arc<Self>,
        role: Role,
        instance: Instance,
        runtime: Handle,
        stop: Stop,
    ) {
        events::start_process(&instance);
        self.hooks.run(Moment::Start, &instance).await;
        let ended = CancellationToken::new();
        let working = async {
            self.work(role, instance.id, runtime, &stop).await;
            ended.cancel();
        };
        let stopping = async {
            tokio::select! {
                () = stop.gracefully.cancelled() => {}
                () = ended.cancelled() => {}
            }
            events::shutdown_process(&instance);
            self.hooks.run(Moment::Stop, &instance).await;
        };
        tokio::join!(working, stopping);
        self.hooks.run(Moment::Exit, &instance).await;
    }

    async fn work(&self, role: Role, process: ProcessId, runtime: Handle, stop: &Stop) {
        match role {
            Role::Worker(config) => {
                let timeout = self.config.shutdown_timeout;
                let worker = Worker::new(self.executor(process), &config, timeout, runtime);
                let look = self.health.begin_loop(config.polling_interval);
                worker.run(look, stop.clone()).await;
            }
            Role::Dispatcher(config) => {
                let every = config.polling_interval;
                let dispatcher = Dispatcher::new(self, process, config);
                let look = self.health.begin_loop(every);
                dispatcher.run(look, stop.gracefully.clone()).await;
            }
            Role::Scheduler(_) => {
                let scheduler = Scheduler::new(self, process);
                let look = self
                    .health
                    .begin_loop(self.config.scheduler.polling_interval);
                scheduler.run(look, stop.gracefully.clone()).await;
            }
        }
    }

    fn executor(&self, process: ProcessId) -> Executor<C> {
        Executor {
            database: self.database.clone(),
            process,
            registry: Arc::clone(&self.registry),
            classes: Arc::clone(&self.classes),
            clock: self.clock.clone(),
            context: self.context.clone(),
            preserve_finished_jobs: self.config.preserve_finished_jobs,
            clear_finished_jobs_after: self.config.clear_finished_jobs_after,
        }
    }
}
