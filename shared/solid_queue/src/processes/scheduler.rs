mod agenda;
mod entry;

use std::sync::Arc;
use std::time::Duration;

use db::{Changes, Database, DbError};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::health::Look;
use super::instance::ProcessKind;
use super::registration::deregister;
use super::role::Parts;
use crate::events::{self, Polls};
use crate::patience::Backoff;
use crate::records::process;
use crate::{ProcessId, SchedulerConfig};
pub(crate) use agenda::Agenda;

/// How often to look for changed tasks at most, however much is written.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Enqueues the recurring tasks whose time has come.
pub(crate) struct Scheduler {
    database: Database,
    process: ProcessId,
    config: SchedulerConfig,
    agenda: Agenda,
    looked: Instant,
    polls: Polls,
}

impl Scheduler {
    pub(crate) fn new<C>(parts: &Parts<C>, process: ProcessId) -> Self {
        let (database, classes) = (parts.database.clone(), Arc::clone(&parts.classes));
        Self {
            agenda: Agenda::new(
                database.clone(),
                classes,
                parts.clock.clone(),
                &parts.config,
            ),
            config: parts.config.scheduler.clone(),
            database,
            process,
            looked: Instant::now(),
            polls: Polls::of(ProcessKind::Scheduler),
        }
    }

    /// Works until `stop`, then deregisters.
    pub(crate) async fn run(mut self, look: Look, stop: CancellationToken) {
        stop.run_until_cancelled(self.work(look)).await;
        let (kind, process) = (ProcessKind::Scheduler, self.process);
        if let Err(error) = deregister(&self.database, kind, process, |_| Ok(())).await {
            events::thread_error("could not deregister the scheduler", Some(process), &error);
        }
    }

    async fn work(&mut self, look: Look) {
        // Without dynamic tasks there is nothing to watch for.
        let dynamic = self.config.dynamic_tasks_enabled;
        let mut changes = dynamic.then(|| self.database.changes());
        let mut backoff = Backoff::new();
        loop {
            look.begin();
            match self.turn().await {
                Ok(()) => {
                    backoff.reset();
                    self.rest(changes.as_mut()).await;
                }
                Err(error) => {
                    events::trouble(
                        "could not enqueue recurring tasks",
                        Some(self.process),
                        &error,
                    );
                    backoff.wait().await;
                }
            }
        }
    }

    async fn turn(&mut self) -> Result<(), DbError> {
        events::polling(&self.polls, self.process);
        self.looked = Instant::now();
        self.agenda.store().await?;
        if self.agenda.reload().await? {
            self.show_keys().await?;
        }
        self.agenda.enqueue_due().await.map(drop)
    }

    /// Until the next task is due, or it is time to look at the clock again, or a commit may have changed the tasks.
    async fn rest(&self, changes: Option<&mut Changes>) {
        let wait = self.agenda.wait().min(self.config.polling_interval);
        let Some(changes) = changes else {
            return sleep(wait).await;
        };
        let news = async {
            changes.changed().await;
            sleep_until(self.looked + LOOK_INTERVAL).await;
        };
        // Whichever it was: we look.
        let _ = timeout(wait, news).await;
    }

    async fn show_keys(&self) -> Result<(), DbError> {
        let (process, keys) = (self.process, self.agenda.keys());
        let keys = (!keys.is_empty()).then(|| serde_json::json!(keys).to_string());
        self.database
            .write(move |connection| process::set_schedule(connection, process, keys.as_deref()))
            .await
    }
}
