//! One write that waits for the writer: what it does, and whom it tells.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use diesel::{Connection as _, QueryResult, SqliteConnection};
use tokio::sync::oneshot;

use crate::{DbError, transaction};

/// What is wrong when a write began a transaction of its own and did not end it, as when it panicked within one.
const LEFT_OPEN: &str = "a write left a transaction of its own open";

pub(crate) trait PendingWrite: Send {
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

pub(crate) enum Performed {
    Done,
    Failed,
}

pub(crate) struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, DbError>>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Write<T, F>
where
    F: FnOnce(&mut SqliteConnection) -> QueryResult<T>,
{
    pub(crate) fn new(work: F, reply: oneshot::Sender<Result<T, DbError>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            reply,
        }
    }

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
