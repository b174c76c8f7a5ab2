use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, Timestamp};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::child::{Children, Parts};
use super::recovery::Recovery;
use super::registration::{Registration, deregister};
use crate::patience::Backoff;
use crate::{Config, ProcessId, Registry, SupervisorError, records};

/// How often to look after the others: their death is noticed within this time.
const CARE_INTERVAL: Duration = Duration::from_secs(1);
/// When to try again after a heartbeat failed.
const HEARTBEAT_RETRY: Duration = Duration::from_secs(1);

/// Runs the configured workers and dispatchers as tasks of this process, and looks after those of others.
pub struct Supervisor<C> {
    parts: Arc<Parts<C>>,
}

impl<C: Clone + Send + Sync + 'static> Supervisor<C> {
    /// A supervisor that performs the registered jobs of the queue database, each with a clone of `context`.
    pub fn new(
        database: Database,
        config: Config,
        registry: impl Into<Arc<Registry<C>>>,
        context: C,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                database,
                config,
                registry: registry.into(),
                context,
            }),
        }
    }

    /// Runs until `shutdown`. Then claims no more jobs, waits for the running ones up to the configured timeout, puts
    /// back what is left and deregisters.
    ///
    /// # Errors
    /// [`SupervisorError::NoProcesses`] and [`SupervisorError::Config`] before anything is started,
    /// [`SupervisorError::Start`] and [`SupervisorError::Stop`] when the database fails for good.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), SupervisorError> {
        self.parts.config.validate()?;
        let Some(registered) = shutdown.run_until_cancelled(self.register()).await else {
            return Ok(());
        };
        let mut running = Running {
            process: registered.map_err(SupervisorError::Start)?,
            children: Children::new(Arc::clone(&self.parts)),
            recovery: self.recovery(),
            parts: self.parts,
        };
        shutdown.run_until_cancelled(running.supervise()).await;
        running.children.stop().await;
        deregister(&running.parts.database, running.process)
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
        Recovery::new(database, threshold, self.parts.registry.crash_limits())
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
