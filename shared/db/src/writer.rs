//! The one connection of this process that writes to a file.
//!
//! Callers put their writes into an inbox. Whoever finds nobody at work becomes the leader and does the work: at once,
//! on its own thread, when it is alone and the lock is free (a hop to another thread costs as much as a transaction);
//! else on a blocking thread, which takes everything that waits into one transaction, until nothing waits any more.
//! In a shared transaction each write has a savepoint, so that it can fail alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::{Connection as _, QueryResult, SqliteConnection, connection::SimpleConnection as _};
use tokio::sync::oneshot;

use crate::{DatabaseConfig, DbError, connection, transaction};

/// Writes in one transaction, at most: the lock is held for some milliseconds, not longer.
const GROUP: usize = 256;

#[derive(Clone)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<DatabaseConfig>,
    inbox: Mutex<Inbox>,
    connection: Mutex<Option<SqliteConnection>>,
}

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Box<dyn PendingWrite>>,
    has_leader: bool,
}

impl Writer {
    pub(crate) fn new(connection: SqliteConnection, config: Arc<DatabaseConfig>) -> Self {
        let connection = Mutex::new(Some(connection));
        Self {
            shared: Arc::new(Shared {
                config,
                inbox: Mutex::default(),
                connection,
            }),
        }
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let span = tracing::Span::current();
        let work = move |connection: &mut SqliteConnection| span.in_scope(|| work(connection));
        if self.shared.push(Box::new(Write {
            work: Some(work),
            outcome: None,
            reply,
        }))? {
            self.lead();
        }
        outcome.await.unwrap_or(Err(DbError::ShutDown))
    }

    fn lead(&self) {
        if self.shared.perform_alone() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || shared.perform_all());
    }
}

impl Shared {
    /// Whether the caller has to lead.
    fn push(&self, write: Box<dyn PendingWrite>) -> Result<bool, DbError> {
        let mut inbox = lock(&self.inbox);
        if inbox.waiting.len() >= self.config.write_queue {
            return Err(DbError::Overloaded {
                limit: self.config.write_queue,
            });
        }
        inbox.waiting.push_back(write);
        Ok(!std::mem::replace(&mut inbox.has_leader, true))
    }

    /// The leader's next group.
    fn take(&self) -> Vec<Box<dyn PendingWrite>> {
        let mut inbox = lock(&self.inbox);
        let size = inbox.waiting.len().min(GROUP);
        inbox.waiting.drain(..size).collect()
    }

    /// Performs what waits on this thread if that needs no waiting. `false` when there is still something to do.
    fn perform_alone(&self) -> bool {
        let Ok(mut guard) = self.connection.try_lock() else {
            return false;
        };
        let Some(connection) = guard.as_mut() else {
            return false;
        };
        match transaction::try_begin(connection) {
            Ok(true) => perform(&mut guard, self.take()),
            Ok(false) | Err(_) => return false,
        }
        self.resign()
    }

    /// Gives up the lead if nothing waits; else `false`.
    fn resign(&self) -> bool {
        let mut inbox = lock(&self.inbox);
        inbox.has_leader = !inbox.waiting.is_empty();
        !inbox.has_leader
    }

    fn perform_all(&self) {
        let mut guard = lock(&self.connection);
        while !self.resign() {
            // The lock first, the group then: whatever arrives while we wait for the lock joins the transaction.
            let begun = self.begin(&mut guard);
            let group = self.take();
            match begun {
                Ok(()) => perform(&mut guard, group),
                Err(error) => reply_all(group, Err(&Arc::new(error))),
            }
        }
    }

    fn begin(&self, guard: &mut Option<SqliteConnection>) -> Result<(), DbError> {
        if guard.is_none() {
            *guard = Some(open(&self.config)?);
        }
        match guard.as_mut() {
            Some(connection) => transaction::begin(connection, &self.config),
            None => Err(DbError::ShutDown),
        }
    }
}

/// A connection for the writer.
pub(crate) fn open(config: &DatabaseConfig) -> Result<SqliteConnection, DbError> {
    let mut connection = connection::open(config)?;
    connection.batch_execute(connection::NO_BUSY_HANDLER)?;
    Ok(connection)
}

/// Performs the group in the transaction that was begun, and ends it. A connection whose transaction broke is dropped.
fn perform(guard: &mut Option<SqliteConnection>, mut group: Vec<Box<dyn PendingWrite>>) {
    let Some(connection) = guard.as_mut() else {
        return;
    };
    let alone = group.len() == 1;
    let mut keep = true;
    for write in &mut group {
        keep = write.perform(connection, alone);
        if !keep {
            break;
        }
    }
    match end(connection, keep, alone) {
        Ok(()) => reply_all(group, Ok(())),
        Err(error) => {
            *guard = None;
            reply_all(group, Err(&Arc::new(error)));
        }
    }
}

fn end(connection: &mut SqliteConnection, keep: bool, alone: bool) -> Result<(), DbError> {
    if keep {
        return Ok(transaction::commit(connection)?);
    }
    let sound = transaction::is_open(connection);
    transaction::rollback(connection)?;
    if sound && alone {
        Ok(())
    } else {
        Err(diesel::result::Error::BrokenTransactionManager.into())
    }
}

fn reply_all(group: Vec<Box<dyn PendingWrite>>, outcome: Result<(), &Arc<DbError>>) {
    for write in group {
        write.reply(outcome);
    }
}

/// A poisoned lock is as good as any: a panic of the caller's work is caught before it passes the guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

trait PendingWrite: Send {
    /// Runs the work, `alone` in its transaction or within a savepoint. `false` when the transaction cannot go on.
    fn perform(&mut self, connection: &mut SqliteConnection, alone: bool) -> bool;
    /// Tells the caller, once the fate of the transaction is known.
    fn reply(self: Box<Self>, transaction: Result<(), &Arc<DbError>>);
}

struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, DbError>>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> PendingWrite for Write<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send,
{
    fn perform(&mut self, connection: &mut SqliteConnection, alone: bool) -> bool {
        let Some(work) = self.work.take() else {
            return true;
        };
        let outcome = if alone {
            run(work, connection)
        } else {
            in_savepoint(work, connection)
        };
        let keep = if alone {
            outcome.is_ok()
        } else {
            transaction::is_open(connection)
        };
        self.outcome = Some(outcome);
        keep
    }

    fn reply(self: Box<Self>, transaction: Result<(), &Arc<DbError>>) {
        let outcome = match (transaction, self.outcome) {
            // What the work itself said is the better answer than that its transaction fell.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(DbError::ShutDown),
            (Err(error), _) => Err(DbError::RolledBack(Arc::clone(error))),
        };
        // The caller may have stopped waiting.
        drop(self.reply.send(outcome));
    }
}

fn in_savepoint<T>(
    work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    connection: &mut SqliteConnection,
) -> Result<T, DbError> {
    connection.transaction(|connection| run(work, connection))
}

fn run<T>(
    work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    connection: &mut SqliteConnection,
) -> Result<T, DbError> {
    match catch_unwind(AssertUnwindSafe(|| work(connection))) {
        Ok(outcome) => Ok(outcome?),
        Err(panic) => Err(DbError::Panicked(panic_message(&*panic))),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
