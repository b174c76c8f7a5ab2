//! The size of a file, and giving back what is free in it.

use std::time::{Duration, Instant};

use diesel::result::Error::NotFound;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _};

use crate::error::is_busy;
use crate::{DbError, Statement, Synchronous};

/// The pragma that lets a file give back pages. It means something only before the first table is made, or the file is
/// vacuumed.
pub(crate) const INCREMENTAL: &str = "PRAGMA auto_vacuum = INCREMENTAL;";

/// How large a file is, as the transaction sees it that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileExtent {
    /// Bytes in a page.
    pub page_size: i64,
    /// Pages of the file, those that are free among them.
    pub page_count: i64,
    /// Pages that hold nothing and will be used next.
    pub free_pages: i64,
}

impl FileExtent {
    /// Bytes of the file.
    pub fn bytes(&self) -> i64 {
        self.page_count * self.page_size
    }

    /// Bytes of the pages that hold something.
    pub fn used_bytes(&self) -> i64 {
        (self.page_count - self.free_pages) * self.page_size
    }
}

/// How large the file is.
///
/// # Errors
/// What SQLite said.
pub fn extent(connection: &mut SqliteConnection) -> QueryResult<FileExtent> {
    Ok(FileExtent {
        page_size: number(connection, "PRAGMA page_size")?,
        page_count: number(connection, "PRAGMA page_count")?,
        free_pages: number(connection, "PRAGMA freelist_count")?,
    })
}

/// What a pragma says that answers with one number.
pub(crate) fn number(connection: &mut SqliteConnection, pragma: &'static str) -> QueryResult<i64> {
    let numbers: Vec<i64> = Statement::<BigInt>::new(pragma).load(connection)?;
    numbers.first().copied().ok_or(NotFound)
}

/// Takes up to so many free pages out of the file, within the caller's transaction; the file shrinks at the next
/// checkpoint. Does nothing where the file was not made with [`crate::DatabaseConfig::auto_vacuum`].
///
/// # Errors
/// What SQLite said.
pub fn give_back(connection: &mut SqliteConnection, pages: u32) -> QueryResult<()> {
    // SQLite takes a zero for all that are free.
    if pages == 0 {
        return Ok(());
    }
    // Each step frees one page: the statement must run to its end.
    connection.batch_execute(&format!("PRAGMA incremental_vacuum({pages})"))
}

/// Writes the file anew without free pages, and so that it can give back pages from then on. Waits for the lock for as
/// long as `timeout`. Blocks the thread.
pub(crate) fn vacuum(
    connection: &mut SqliteConnection,
    synchronous: Synchronous,
    timeout: Duration,
) -> Result<(), DbError> {
    let start = Instant::now();
    let sql = format!("{INCREMENTAL} VACUUM;");
    loop {
        match connection.batch_execute(&sql) {
            Err(error) if is_busy(&error) && start.elapsed() >= timeout => {
                return Err(DbError::Locked {
                    waited: start.elapsed(),
                });
            }
            Err(error) if is_busy(&error) => std::thread::sleep(synchronous.lock_retry()),
            outcome => return Ok(outcome?),
        }
    }
}
