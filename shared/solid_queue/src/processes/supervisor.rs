use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Stop;
use super::child::{Children, Parts};
use super::recovery::Recovery;
use super::registration::{Registration, deregister};
use crate::patience::Backoff;
use crate::{Clock, Config, ProcessId, Registry, SupervisorError, records};

/// How often to look after the others: their death is noticed within this time.
const CARE_INTERVAL: Duration = Duration::from_secs(1);
/// When to try again after a heartbeat failed.
const HEARTBEAT_RETRY: Duration = Duration::from_secs(1);

/// Runs the configured workers and dispatchers, and looks after those of other supervisors.
///
/// They work on a thread of their own. The jobs are tasks of the runtime that [`Supervisor::run`] is called on: one that
/// blocks its thread delays other jobs, but neither heartbeats nor timeouts.
pub struct Supervisor<C> {
    parts: Parts<C>,
    at_once: CancellationToken,
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
        Self {
            parts: Parts {
                database,
                config,
                classes: Arc::new(registry.classes()),
                registry,
                context,
                clock: Clock::system(),
            },
            at_once: CancellationToken::new(),
        }
    }

    /// When this is cancelled, [`Supervisor::run`] does not wait for running jobs any more: they are put back at once.
    /// It is what the signal QUIT asks for.
    #[must_use]
    pub fn quit_on(self, at_once: CancellationToken) -> Self {
        Self { at_once, ..self }
    }

    /// Runs until `shutdown`. Then claims no more jobs, waits for the running ones up to the configured timeout, puts
    /// back what is left and deregisters.
    ///
    /// # Errors
    /// [`SupervisorError::NoProcesses`] and [`SupervisorError::Config`] before anything is started,
    /// [`SupervisorError::Start`] and [`SupervisorError::Stop`] when the database or the system fails for good.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), SupervisorError> {
        self.parts.config.validate()?;
        let gracefully = shutdown.child_token();
        // Should nobody wait for the end any more, it comes.
        let _guard = gracefully.clone().drop_guard();
        let quit = self.at_once.clone();
        let _quits = AbortOnDrop(tokio::spawn(stop_when_quit(quit, gracefully.clone())));
        let control = Control {
            stop: Stop {
                gracefully,
                at_once: self.at_once,
            },
            runtime: Handle::current(),
            parts: Arc::new(self.parts),
        };
        control.on_a_thread().await
    }
}

async fn stop_when_quit(quit: CancellationToken, gracefully: CancellationToken) {
    quit.cancelled().await;
    gracefully.cancel();
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What runs on the supervisor's own thread.
struct Control<C> {
    parts: Arc<Parts<C>>,
    /// Where jobs run.
    runtime: Handle,
    stop: Stop,
}

impl<C: Clone + Send + Sync + 'static> Control<C> {
    async fn on_a_thread(self) -> Result<(), SupervisorError> {
        let (done, outcome) = oneshot::channel();
        let logs = tracing::dispatcher::get_default(Clone::clone);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SupervisorError::Thread)?;
        let control = move || {
            let outcome = tracing::dispatcher::with_default(&logs, || runtime.block_on(self.run()));
            // Work that still waits for a lock must not keep the process from ending.
            runtime.shutdown_background();
            // Who dropped the future does not want to know.
            let _ = done.send(outcome);
        };
        std::thread::Builder::new()
            .name("solid_queue".into())
            .spawn(control)
            .map_err(SupervisorError::Thread)?;
        outcome.await.unwrap_or(Err(SupervisorError::Panicked))
    }

    async fn run(self) -> Result<(), SupervisorError> {
        let shutdown = self.stop.gracefully.clone();
        let Some(registered) = shutdown.run_until_cancelled(self.register()).await else {
            return Ok(());
        };
        let mut running = Running {
            process: registered.map_err(SupervisorError::Start)?,
            children: Children::new(
                Arc::clone(&self.parts),
                self.runtime.clone(),
                self.stop.clone(),
            ),
            recovery: self.recovery(),
            parts: self.parts,
        };
        shutdown.run_until_cancelled(running.supervise()).await;
        running.children.stop().await;
        deregister(&running.parts.database, running.process, |_| Ok(()))
            .await
            .map_err(SupervisorError::Stop)
    }

    /// Waits while others hold the lock.
    async fn register(&self) -> Result<ProcessId, DbError> {
        let mut backoff = Backoff::new();
        loop {
            match Registration::supervisor()
                .register(&self.parts.database)
                .await
            {
                Err(error) if error.is_transient() => {
                    warn!(error = %error, "could not register the supervisor yet");
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }

    fn recovery(&self) -> Recovery {
        let database = self.parts.database.clone();
        let threshold = self.parts.config.process_alive_threshold;
        Recovery::new(database, threshold, Arc::clone(&self.parts.classes))
    }
}

struct Running<C> {
    process: ProcessId,
    children: Children<C>,
    recovery: Recovery,
    parts: Arc<Parts<C>>,
}

impl<C: Clone + Send + Sync + 'static> Running<C> {
    async fn supervise(&mut self) {
        let every = self.parts.config.process_heartbeat_interval;
        let mut heartbeat = Instant::now() + every;
        let mut care = interval(CARE_INTERVAL);
        care.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = care.tick() => self.care().await,
                () = sleep_until(heartbeat) => {
                    let wait = if self.heartbeat().await { every } else { HEARTBEAT_RETRY.min(every) };
                    heartbeat = Instant::now() + wait;
                }
                fallen = self.children.fallen() => self.children.clean_up(fallen).await,
            }
        }
    }

    /// Recovers what dead processes left, and starts the children that are missing.
    async fn care(&mut self) {
        let mut own = self.children.ids();
        own.insert(self.process);
        if let Err(error) = self.recovery.run(&own).await {
            warn!(process.id = self.process.0, error = %error, "could not look after dead processes");
        }
        if let Err(error) = self.children.start(self.process).await {
            warn!(process.id = self.process.0, error = %error, "could not start a process yet");
        }
    }

    /// One write for all rows of this process. `false` when it failed.
    async fn heartbeat(&mut self) -> bool {
        match self.beat().await {
            Ok(()) => true,
            Err(error) => {
                warn!(process.id = self.process.0, error = %error, "the heartbeat failed");
                false
            }
        }
    }

    async fn beat(&mut self) -> Result<(), DbError> {
        let ids: Vec<_> = self
            .children
            .ids()
            .into_iter()
            .chain([self.process])
            .collect();
        let write = self.parts.database.write(move |connection| {
            records::process::heartbeat(connection, &ids, Timestamp::now())
        });
        let mut alive = write.await?;
        if !alive.contains(&self.process) {
            // The children's rows name a supervisor that is gone: all begin anew.
            self.process = Registration::supervisor()
                .register(&self.parts.database)
                .await?;
            alive.clear();
        }
        self.children.replace_all_but(&alive);
        Ok(())
    }
}
