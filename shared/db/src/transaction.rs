//! `BEGIN IMMEDIATE` with a wait of our own.
//!
//! SQLite's busy handler backs off up to 100 ms, which starves writers for seconds when several processes write one
//! file. Short, even sleeps keep the wait fair and its tail short. diesel offers no busy handler to set, so the writer's
//! connection has none at all and the wait is here.

use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager, TransactionManagerStatus};
use diesel::{QueryResult, SqliteConnection};

use crate::error::is_busy;
use crate::{DbError, Synchronous};

type Manager = AnsiTransactionManager;

/// Tries once; `Ok(false)` when another process holds the lock.
pub(crate) fn try_begin(connection: &mut SqliteConnection) -> QueryResult<bool> {
    match Manager::begin_transaction_sql(connection, "BEGIN IMMEDIATE") {
        Ok(()) => Ok(true),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for the lock for as long as `timeout`. Blocks the thread.
pub(crate) fn begin(
    connection: &mut SqliteConnection,
    synchronous: Synchronous,
    timeout: Duration,
) -> Result<(), DbError> {
    let start = Instant::now();
    while !try_begin(connection)? {
        if start.elapsed() >= timeout {
            return Err(DbError::Locked {
                waited: start.elapsed(),
            });
        }
        std::thread::sleep(synchronous.lock_retry());
    }
    Ok(())
}

pub(crate) fn commit(connection: &mut SqliteConnection) -> QueryResult<()> {
    <Manager as TransactionManager<SqliteConnection>>::commit_transaction(connection)
}

pub(crate) fn rollback(connection: &mut SqliteConnection) -> QueryResult<()> {
    <Manager as TransactionManager<SqliteConnection>>::rollback_transaction(connection)
}

/// Whether the connection is in the transaction that was begun here, and in none within it.
pub(crate) fn is_outermost(connection: &mut SqliteConnection) -> bool {
    match <Manager as TransactionManager<SqliteConnection>>::transaction_manager_status_mut(
        connection,
    ) {
        TransactionManagerStatus::Valid(status) => status
            .transaction_depth()
            .is_some_and(|depth| depth.get() == 1),
        TransactionManagerStatus::InError => false,
    }
}
