//! The one connection of this process that writes to a file.
//!
//! Callers put their writes into an inbox. Whoever finds nobody at work becomes the leader and does the work: at once,
//! on its own thread, when it is alone and the lock is free (a hop to another thread costs as much as a transaction);
//! else on a blocking thread, which takes everything that waits into one transaction, until nothing waits any more.
//! In a shared transaction each write has a savepoint, so that it can fail alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use diesel::{QueryResult, SqliteConnection, connection::SimpleConnection as _};
use tokio::sync::oneshot;

use crate::folder_lock::FolderLock;
use crate::foreign::Foreign;
use crate::meters::Meters;
use crate::pending_write::{PendingWrite, Performed, Write};
use crate::trouble::{LastWrite, WriteTrouble};
use crate::wal::Wal;
use crate::{DatabaseConfig, DbError, connection, transaction};

/// Writes in one transaction, at most: the lock is held for some milliseconds, not longer.
const GROUP: usize = 256;

/// Work on the connection while it is in no transaction.
type Alone = Box<dyn FnOnce(Result<&mut SqliteConnection, DbError>) + Send>;

#[derive(Clone)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<DatabaseConfig>,
    inbox: Mutex<Inbox>,
    connection: Mutex<Option<SqliteConnection>>,
    foreign: Foreign,
    meters: Meters,
    last_write: LastWrite,
    wal: Wal,
}

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Box<dyn PendingWrite>>,
    /// What is done outside of a transaction.
    alone: VecDeque<Alone>,
    has_leader: bool,
}

impl Writer {
    pub(crate) fn new(
        connection: SqliteConnection,
        config: Arc<DatabaseConfig>,
        foreign: Foreign,
        meters: Meters,
    ) -> Self {
        let connection = Mutex::new(Some(connection));
        Self {
            shared: Arc::new(Shared {
                wal: Wal::of(&config.path),
                config,
                inbox: Mutex::default(),
                connection,
                foreign,
                meters,
                last_write: LastWrite::default(),
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
        let outcome = match self.shared.push(Box::new(Write::new(work, reply))) {
            Ok(leads) => {
                if leads {
                    self.lead();
                }
                outcome.await.unwrap_or(Err(DbError::ShutDown))
            }
            Err(error) => Err(error),
        };
        self.shared.note(&outcome);
        outcome
    }

    /// Runs `work` between two transactions, on a thread that may block.
    pub(crate) async fn alone<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, DbError> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let span = tracing::Span::current();
        let work = move |connection: Result<&mut SqliteConnection, DbError>| {
            // The caller may have stopped waiting.
            drop(reply.send(span.in_scope(|| connection.and_then(work))));
        };
        if self.shared.push_alone(Box::new(work)) {
            self.lead_on_a_blocking_thread();
        }
        outcome.await.unwrap_or(Err(DbError::ShutDown))
    }

    /// Why the last write failed, and how long ago, if the file was to blame.
    pub(crate) fn trouble(&self) -> Option<(WriteTrouble, Duration)> {
        self.shared.last_write.trouble()
    }

    /// [`Foreign::recent`].
    pub(crate) fn foreign_recent(&self, within: Duration) -> Option<u64> {
        self.shared.foreign.recent(within)
    }

    /// Looks for others' commits now. `None` while the connection is at work or closed, or the look fails.
    pub(crate) fn foreign_now(&self) -> Option<u64> {
        let mut guard = match self.shared.connection.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        self.shared.foreign.look(guard.as_mut()?).ok()
    }

    fn lead(&self) {
        if !self.shared.perform_at_once() {
            self.lead_on_a_blocking_thread();
        }
    }

    fn lead_on_a_blocking_thread(&self) {
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

    /// Keeps in mind whether the file takes writes.
    fn note<T>(&self, outcome: &Result<T, DbError>) {
        match outcome {
            Ok(_) => self.last_write.went_well(),
            Err(error) => {
                if let Some(trouble) = WriteTrouble::of(error) {
                    self.meters.refused(trouble);
                    self.last_write.failed(trouble);
                }
            }
        }
    }

    /// Whether the caller has to lead.
    fn push_alone(&self, work: Alone) -> bool {
        let mut inbox = lock(&self.inbox);
        inbox.alone.push_back(work);
        !std::mem::replace(&mut inbox.has_leader, true)
    }

    /// The leader's next group.
    fn take(&self) -> Vec<Box<dyn PendingWrite>> {
        let mut inbox = lock(&self.inbox);
        let size = inbox.waiting.len().min(GROUP);
        inbox.waiting.drain(..size).collect()
    }

    /// Performs what waits on this thread if that needs no waiting. `false` when there is still something to do.
    fn perform_at_once(&self) -> bool {
        let Ok(mut guard) = self.connection.try_lock() else {
            return false;
        };
        let Some(connection) = guard.as_mut() else {
            return false;
        };
        match transaction::try_begin(connection) {
            Ok(true) => {
                self.meters.begun_at_once();
                self.foreign.look_if_wanted(connection);
                perform(&mut guard, self.take(), &self.meters);
                if self.wal.committed() {
                    return false;
                }
            }
            Ok(false) => {
                self.meters.found_busy();
                return false;
            }
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
        inbox.has_leader = !(inbox.waiting.is_empty() && inbox.alone.is_empty());
        !inbox.has_leader
    }

    fn perform_all(&self) {
        let mut guard = lock(&self.connection);
        loop {
            self.keep_wal_small(&mut guard);
            if self.resign() {
                return;
            }
            if let Some(work) = self.take_alone() {
                self.perform_alone(&mut guard, work);
                continue;
            }
            // The lock first, the group then: whatever arrives while we wait for the lock joins the transaction.
            let begun = self.begin(&mut guard);
            let group = self.take();
            match begun {
                Ok(()) => {
                    perform(&mut guard, group, &self.meters);
                    self.wal.committed();
                }
                Err(error) => reply_all(group, Err(&Arc::new(error))),
            }
        }
    }

    fn keep_wal_small(&self, guard: &mut Option<SqliteConnection>) {
        if let Some(connection) = guard {
            self.wal.keep_small(connection);
        }
    }

    fn take_alone(&self) -> Option<Alone> {
        lock(&self.inbox).alone.pop_front()
    }

    fn perform_alone(&self, guard: &mut Option<SqliteConnection>, work: Alone) {
        match self.connection(guard) {
            // Where it panics its reply is dropped, which tells the caller, and so is the connection.
            Ok(mut connection) => {
                let done = catch_unwind(AssertUnwindSafe(|| work(Ok(&mut connection))));
                *guard = done.is_ok().then_some(connection);
            }
            Err(error) => work(Err(error)),
        }
    }

    /// Takes the connection, or opens one where the last had to be closed.
    fn connection(
        &self,
        guard: &mut Option<SqliteConnection>,
    ) -> Result<SqliteConnection, DbError> {
        if let Some(connection) = guard.take() {
            return Ok(connection);
        }
        self.foreign.forget();
        let _lock = FolderLock::for_opening(&self.config)?;
        open(&self.config)
    }

    fn begin(&self, guard: &mut Option<SqliteConnection>) -> Result<(), DbError> {
        let mut connection = self.connection(guard)?;
        let start = Instant::now();
        let begun = transaction::begin(
            &mut connection,
            self.config.synchronous,
            self.config.timeout,
        );
        self.meters.waited(start.elapsed(), begun.is_ok());
        if begun.is_ok() {
            self.foreign.look_if_wanted(&mut connection);
        }
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
fn perform(
    guard: &mut Option<SqliteConnection>,
    mut group: Vec<Box<dyn PendingWrite>>,
    meters: &Meters,
) {
    let Some(mut connection) = guard.take() else {
        return reply_all(group, Err(&Arc::new(DbError::ShutDown)));
    };
    meters.group(group.len());
    match perform_in_transaction(&mut connection, &mut group, meters) {
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
    meters: &Meters,
) -> Result<(), DbError> {
    if let [only] = group {
        return match only.perform(connection)? {
            Performed::Done => Ok(meters.commit(|| transaction::commit(connection))?),
            Performed::Failed => Ok(transaction::rollback(connection)?),
        };
    }
    for write in group {
        write.perform_in_savepoint(connection)?;
    }
    Ok(meters.commit(|| transaction::commit(connection))?)
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
