//! Jobs that are enqueued at the same time share one transaction.
//!
//! Who finds nobody at work writes its own job, at once. Those who come meanwhile put theirs into the inbox, and a task
//! writes all of them together. Should that fail, each is tried alone, so that none fails for another's sake.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use db::{Database, DbError};
use tokio::sync::oneshot;

use crate::Clock;
use crate::lifecycle::enqueue::{Enqueued, enqueue, enqueue_all};
use crate::records::job::NewRow;

/// Jobs in one transaction, at most.
const GROUP: usize = 500;
/// Jobs that may wait.
const CAPACITY: usize = 10_000;

#[derive(Clone)]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Pending>,
    is_taken_care_of: bool,
}

struct Pending {
    row: NewRow,
    reply: oneshot::Sender<Result<Enqueued, DbError>>,
}

impl Inbox {
    pub(crate) fn new(database: Database, clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared {
                database,
                clock,
                state: Mutex::default(),
            }),
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Enqueues the job, alone or together with others.
    pub(crate) async fn enqueue(&self, row: NewRow) -> Result<Enqueued, DbError> {
        let (reply, outcome) = oneshot::channel();
        let Some(row) = self.shared.join(row, reply)? else {
            return outcome.await.unwrap_or(Err(DbError::ShutDown));
        };
        let _care = Care(Arc::clone(&self.shared));
        self.shared.write_one(row).await
    }

    /// Enqueues all of the jobs or none, in one transaction.
    pub(crate) async fn enqueue_all(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, DbError> {
        self.shared.write_all(Arc::new(rows)).await
    }
}

impl Shared {
    /// Puts the job into the inbox if somebody is at work; else the caller is, and gets it back.
    fn join(
        &self,
        row: NewRow,
        reply: oneshot::Sender<Result<Enqueued, DbError>>,
    ) -> Result<Option<NewRow>, DbError> {
        let mut state = self.state();
        if !state.is_taken_care_of {
            state.is_taken_care_of = true;
            return Ok(Some(row));
        }
        if state.waiting.len() >= CAPACITY {
            return Err(DbError::Overloaded { limit: CAPACITY });
        }
        state.waiting.push(Pending { row, reply });
        Ok(None)
    }

    /// What waits, or nothing: then nobody is at work any more.
    fn take(&self) -> Vec<Pending> {
        let mut state = self.state();
        let size = state.waiting.len().min(GROUP);
        state.is_taken_care_of = size > 0;
        state.waiting.drain(..size).collect()
    }

    async fn empty(self: Arc<Self>) {
        loop {
            let group = self.take();
            if group.is_empty() {
                return;
            }
            self.write_group(group).await;
        }
    }

    async fn write_group(&self, group: Vec<Pending>) {
        let (rows, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|it| (it.row, it.reply)).unzip();
        let rows = Arc::new(rows);
        if let Ok(enqueued) = self.write_all(Arc::clone(&rows)).await {
            for (reply, enqueued) in replies.into_iter().zip(enqueued) {
                // Who no longer waits need not know.
                let _ = reply.send(Ok(enqueued));
            }
            return;
        }
        for (reply, row) in replies.into_iter().zip(rows.iter()) {
            let _ = reply.send(self.write_one(row.clone()).await);
        }
    }

    async fn write_one(&self, row: NewRow) -> Result<Enqueued, DbError> {
        let clock = self.clock.clone();
        self.database
            .write(move |connection| enqueue(connection, &row, clock.now()))
            .await
    }

    async fn write_all(&self, rows: Arc<Vec<NewRow>>) -> Result<Vec<Enqueued>, DbError> {
        let clock = self.clock.clone();
        self.database
            .write(move |connection| enqueue_all(connection, &rows, clock.now()))
            .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it, even when its caller stops waiting, that what came meanwhile is written.
struct Care(Arc<Shared>);

impl Drop for Care {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_taken_care_of = !state.waiting.is_empty();
        if !state.is_taken_care_of {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(Arc::clone(&self.0).empty());
        } else {
            // The runtime is gone: those who wait are told so when their reply is dropped.
            state.waiting.clear();
            state.is_taken_care_of = false;
        }
    }
}
