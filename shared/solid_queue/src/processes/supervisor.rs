use std::process::Command;
use std::sync::Arc;

use db::Database;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Stop;
use super::assignment::Assignment;
use super::control::Control;
use super::fork::MakeCommand;
use super::forked::Forked;
use super::health::Health;
use super::hooks::Hooks;
use super::pidfile::Pidfile;
use super::role::Parts;
use super::thread::on_a_thread;
use crate::{Clock, Config, Registry, SupervisorError};

/// Runs the configured workers, dispatchers and recurring tasks, and looks after those of other supervisors.
///
/// They work on a thread of their own. The jobs are tasks of the runtime that [`Supervisor::run`] is called on: one that
/// blocks its thread delays other jobs, but neither heartbeats nor timeouts.
pub struct Supervisor<C> {
    parts: Parts<C>,
    at_once: CancellationToken,
    fork: Option<MakeCommand>,
    health: Health,
}

impl<C: Clone + Send + Sync + 'static> Supervisor<C> {
    /// A supervisor that performs the registered jobs of the queue database, each with a clone of `context`.
    pub fn new(
        database: Database,
        config: Config,
        registry: impl Into<Arc<Registry<C>>>,
        context: C,
    ) -> Self {
        let registry = registry.into();
        let health = Health::new(config.process_heartbeat_interval);
        Self {
            health: health.clone(),
            parts: Parts {
                database,
                config,
                classes: Arc::new(registry.classes()),
                registry,
                context,
                clock: Clock::system(),
                hooks: Hooks::new(),
                health,
            },
            at_once: CancellationToken::new(),
            fork: None,
        }
    }

    /// With a clock of its own, for tests: it says which jobs and which recurring tasks are due.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.parts.clock = clock;
        self
    }

    /// When this is cancelled, [`Supervisor::run`] does not wait for running jobs any more: they are put back at once,
    /// and it returns within a second. It is what the signal QUIT asks for.
    #[must_use]
    pub fn quit_on(self, at_once: CancellationToken) -> Self {
        Self { at_once, ..self }
    }

    /// What to call when a process begins, stops and has ended.
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.parts.hooks = hooks;
        self
    }

    /// Runs each worker, as many times as [`crate::WorkerConfig::processes`] says, each dispatcher and the scheduler as a
    /// process of the operating system. A crash of one, or a job that blocks all its threads, leaves the others alone.
    ///
    /// `command` says how to start one: the program, with the [`Assignment`] in its arguments, must call
    /// [`Supervisor::run_assigned`] with the same configuration. A child ends in good order when TERM comes, without
    /// waiting for its jobs when QUIT comes, and by itself when its supervisor is gone. One that exits is replaced, at
    /// once or, where it keeps exiting, later; what it ran is put back or fails, as its class says.
    ///
    /// ```no_run
    /// use solid_queue::{Assignment, Config, Queue, Registry, Supervisor, SupervisorError};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # async fn example(database: db::Database, registry: Registry<()>) -> Result<(), Box<dyn std::error::Error>> {
    /// let (program, shutdown) = (std::env::current_exe()?, CancellationToken::new()); // cancelled by TERM
    /// let supervisor = Supervisor::new(database, Config::default(), registry, ());
    /// match std::env::args().nth(1) {
    ///     Some(assignment) => supervisor.run_assigned(&assignment.parse()?, shutdown).await?,
    ///     None => {
    ///         let command = move |assignment: &Assignment| {
    ///             let mut command = std::process::Command::new(&program);
    ///             command.arg(assignment.to_string());
    ///             command
    ///         };
    ///         supervisor.forking(command).run(shutdown).await?;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn forking(self, command: impl Fn(&Assignment) -> Command + Send + Sync + 'static) -> Self {
        Self {
            fork: Some(Arc::new(command)),
            ..self
        }
    }

    /// Tells, while the supervisor runs and afterwards, whether it does its work.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Runs until `shutdown`. Then claims no more jobs, waits for the running ones up to the configured timeout, puts
    /// back what is left and deregisters.
    ///
    /// # Errors
    /// [`SupervisorError::NoProcesses`], [`SupervisorError::RecurringTasks`], [`SupervisorError::Config`] and
    /// [`SupervisorError::Pidfile`] before anything is started, [`SupervisorError::Start`] and [`SupervisorError::Stop`] when the database or the system fails for good.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), SupervisorError> {
        self.parts.config.validate(&self.parts.registry)?;
        let pidfile = self.parts.config.supervisor_pidfile.as_deref();
        let _pidfile = pidfile.map(Pidfile::take).transpose()?;
        let stop = self.stop(&shutdown);
        // Should nobody wait for the end any more, it comes.
        let _guard = stop.gracefully.clone().drop_guard();
        let control = Control {
            parts: Arc::new(self.parts),
            runtime: Handle::current(),
            stop: stop.clone(),
            fork: self.fork,
            health: self.health,
        };
        on_a_thread(stop, || control.run()).await
    }

    /// Runs the one process that the supervisor of [`Supervisor::forking`] started this program for, until `shutdown`
    /// or the end of that supervisor.
    ///
    /// # Errors
    /// [`SupervisorError::Config`], [`SupervisorError::Assignment`] when this configuration has no such process,
    /// [`SupervisorError::Start`] when the database fails for good.
    pub async fn run_assigned(
        self,
        assignment: &Assignment,
        shutdown: CancellationToken,
    ) -> Result<(), SupervisorError> {
        self.parts.config.validate(&self.parts.registry)?;
        let stop = self.stop(&shutdown);
        let _guard = stop.gracefully.clone().drop_guard();
        let forked = Forked {
            role: assignment.role(&self.parts.config)?,
            assignment: assignment.clone(),
            parts: Arc::new(self.parts),
            runtime: Handle::current(),
            stop: stop.clone(),
            health: self.health,
        };
        on_a_thread(stop, || forked.run()).await
    }

    fn stop(&self, shutdown: &CancellationToken) -> Stop {
        Stop {
            gracefully: shutdown.child_token(),
            at_once: self.at_once.clone(),
        }
    }
}
