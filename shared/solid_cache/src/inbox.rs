//! Entries that are written at the same time share one transaction.
//!
//! Who finds nobody at work writes its own entry, at once. Those who come meanwhile put theirs into the inbox, and a task
//! writes all of them together. Should that fail, each is tried alone, so that none fails for another's sake.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use db::{Database, DbError};
use tokio::sync::oneshot;

use crate::room::Made;
use crate::rows::NewRow;
use crate::shard::{Put, Putter};

/// Entries in one transaction, at most.
const GROUP: usize = 250;
/// Entries that may wait.
const CAPACITY: usize = 10_000;

#[derive(Clone)]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    putter: Putter,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Pending>,
    is_taken_care_of: bool,
}

struct Pending {
    row: NewRow,
    reply: oneshot::Sender<Result<Made, DbError>>,
}

impl Inbox {
    pub(crate) fn new(database: Database, putter: Putter) -> Self {
        let state = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                database,
                putter,
                state,
            }),
        }
    }

    /// Writes the entry, alone or together with others.
    pub(crate) async fn write(&self, row: NewRow) -> Result<Made, DbError> {
        let (reply, outcome) = oneshot::channel();
        let Some(row) = self.shared.join(row, reply)? else {
            return outcome.await.unwrap_or(Err(DbError::ShutDown));
        };
        let _care = Care(Arc::clone(&self.shared));
        self.shared.write(Arc::new(vec![row])).await
    }
}

impl Shared {
    /// Puts the entry into the inbox if somebody is at work; else the caller is, and gets it back.
    fn join(
        &self,
        row: NewRow,
        reply: oneshot::Sender<Result<Made, DbError>>,
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
            // Those who were told may have more to write.
            tokio::task::yield_now().await;
        }
    }

    async fn write_group(&self, group: Vec<Pending>) {
        let (rows, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|it| (it.row, it.reply)).unzip();
        let rows = Arc::new(rows);
        match self.write(Arc::clone(&rows)).await {
            Ok(mut made) => {
                for reply in replies {
                    // Who no longer waits need not know.
                    let _ = reply.send(Ok(made));
                    // The first tells of the evictions.
                    made.evicted = 0;
                }
            }
            // Alone they would not get the lock any sooner.
            Err(error) if error.is_transient() => {
                let error = Arc::new(error);
                for reply in replies {
                    let _ = reply.send(Err(DbError::RolledBack(Arc::clone(&error))));
                }
            }
            Err(_) => {
                for (reply, row) in replies.into_iter().zip(rows.iter()) {
                    let _ = reply.send(self.write(Arc::new(vec![row.clone()])).await);
                }
            }
        }
    }

    async fn write(&self, rows: Arc<Vec<NewRow>>) -> Result<Made, DbError> {
        let putter = self.putter.clone();
        let write = move |connection: &mut db::SqliteConnection| putter.put(connection, &rows);
        self.database.write(write).await.map(Put::into_made)
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
