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

/// What is wrong when a write began a transaction of its own and did not end it, as when it panicked within one.
const LEFT_OPEN: &str = "a write left a transaction of its own open";
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
            Ok(false) => return false,
            Err(_) => {
                *guard = None;
                return false;
            }
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
        let mut connection = match guard.take() {
            Some(connection) => connection,
            None => open(&self.config)?,
        };
        let begun = transaction::begin(
            &mut connection,
            self.config.synchronous,
            self.config.timeout,
        );
        // A connection that cannot begin for another reason than a lock is not asked again.
        if matches!(begun, Ok(()) | Err(DbError::Locked { .. })) {
            *guard = Some(connection);
        }
        begun
    }
}

/// A connection for the writer.
pub(crate) fn open(config: &DatabaseConfig) -> Result<SqliteConnection, DbError> {
    let mut connection = connection::open(config)?;
    connection.batch_execute(connection::NO_BUSY_HANDLER)?;
    Ok(connection)
}

/// Performs the group in the transaction that was begun, and ends it. A connection whose transaction broke is closed,
/// which undoes all that it did.
fn perform(guard: &mut Option<SqliteConnection>, mut group: Vec<Box<dyn PendingWrite>>) {
    let Some(mut connection) = guard.take() else {
        return reply_all(group, Err(&Arc::new(DbError::ShutDown)));
    };
    match perform_in_transaction(&mut connection, &mut group) {
        Ok(()) => {
            *guard = Some(connection);
            reply_all(group, Ok(()));
        }
        Err(error) => {
            drop(connection);
            reply_all(group, Err(&Arc::new(error)));
        }
    }
}

fn perform_in_transaction(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn PendingWrite>],
) -> Result<(), DbError> {
    if let [only] = group {
        return match only.perform(connection)? {
            Performed::Done => Ok(transaction::commit(connection)?),
            Performed::Failed => Ok(transaction::rollback(connection)?),
        };
    }
    for write in group {
        write.perform_in_savepoint(connection)?;
    }
    Ok(transaction::commit(connection)?)
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
    /// Runs the work.
    ///
    /// # Errors
    /// When the transaction broke and must not go on.
    fn perform(&mut self, connection: &mut SqliteConnection) -> Result<Performed, DbError>;

    /// Runs the work so that it can fail alone.
    ///
    /// # Errors
    /// When the transaction broke and must not go on.
    fn perform_in_savepoint(&mut self, connection: &mut SqliteConnection) -> Result<(), DbError>;

    /// Tells the caller, once the fate of the transaction is known.
    fn reply(self: Box<Self>, transaction: Result<(), &Arc<DbError>>);
}

enum Performed {
    Done,
    Failed,
}

struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, DbError>>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Write<T, F>
where
    F: FnOnce(&mut SqliteConnection) -> QueryResult<T>,
{
    /// Runs the work and keeps what it comes to.
    fn run(&mut self, connection: &mut SqliteConnection) -> Performed {
        let Some(work) = self.work.take() else {
            return Performed::Done;
        };
        let outcome = match catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(outcome) => outcome.map_err(DbError::from),
            Err(panic) => Err(DbError::Panicked(panic_message(&*panic))),
        };
        let performed = match outcome {
            Ok(_) => Performed::Done,
            Err(_) => Performed::Failed,
        };
        self.outcome = Some(outcome);
        performed
    }

    /// What broke the transaction: the work's own error where it has one, for SQLite ends a transaction by itself after
    /// some errors, such as a full disk.
    fn broken(&self, reason: &str) -> DbError {
        let own = self
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.as_ref().err());
        let reason = own.map_or_else(|| reason.to_owned(), ToString::to_string);
        DbError::Broken { reason }
    }
}

impl<T, F> PendingWrite for Write<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send,
{
    fn perform(&mut self, connection: &mut SqliteConnection) -> Result<Performed, DbError> {
        let performed = self.run(connection);
        if transaction::is_outermost(connection) {
            Ok(performed)
        } else {
            Err(self.broken(LEFT_OPEN))
        }
    }

    fn perform_in_savepoint(&mut self, connection: &mut SqliteConnection) -> Result<(), DbError> {
        let ended = connection.transaction(|connection| match self.run(connection) {
            Performed::Done => Ok(()),
            Performed::Failed => Err(diesel::result::Error::RollbackTransaction),
        });
        match ended {
            Ok(()) | Err(diesel::result::Error::RollbackTransaction)
                if transaction::is_outermost(connection) =>
            {
                Ok(())
            }
            Ok(()) => Err(self.broken(LEFT_OPEN)),
            Err(error) => Err(self.broken(&error.to_string())),
        }
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

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
