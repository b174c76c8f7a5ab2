use std::time::Duration;

use db::{Database, DbError, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::health::Health;
use crate::{ProcessId, events, records};

/// When to try again after a heartbeat failed.
const RETRY: Duration = Duration::from_secs(1);

/// Tells the database now and then that processes live.
pub(crate) struct Pulse {
    database: Database,
    every: Duration,
    next: Instant,
    health: Health,
}

impl Pulse {
    /// Registered processes need their first heartbeat after `every`.
    pub(crate) fn new(database: Database, every: Duration, health: Health) -> Self {
        health.beat();
        Self {
            database,
            every,
            next: Instant::now() + every,
            health,
        }
    }

    /// Waits until a heartbeat is due. Cancel safe.
    pub(crate) async fn due(&self) {
        sleep_until(self.next).await;
    }

    /// One write for all of them. Returns those that still have a row; nothing when it failed.
    pub(crate) async fn beat(&mut self, ids: Vec<ProcessId>) -> Option<Vec<ProcessId>> {
        match self.write(ids).await {
            Ok(alive) => {
                self.health.beat();
                self.next = Instant::now() + self.every;
                Some(alive)
            }
            Err(error) => {
                events::trouble("the heartbeat failed", None, &error);
                self.retry();
                None
            }
        }
    }

    /// The next one is due soon.
    pub(crate) fn retry(&mut self) {
        self.next = Instant::now() + RETRY.min(self.every);
    }

    /// Goes on for ever.
    pub(crate) async fn keep_beating(&mut self, ids: &[ProcessId]) {
        loop {
            self.due().await;
            self.beat(ids.to_vec()).await;
        }
    }

    async fn write(&self, ids: Vec<ProcessId>) -> Result<Vec<ProcessId>, DbError> {
        self.database
            .write(move |connection| {
                records::process::heartbeat(connection, &ids, Timestamp::now())
            })
            .await
    }
}
