//! What can be done about jobs. Each job moves in a transaction of its own or of a batch, together with all that hangs on
//! it: places in limits, unique keys, batches.

use std::sync::Arc;

use db::{DbError, SqliteConnection, Timestamp};
use diesel::QueryResult;
use serde::Serialize;

use super::filter::Filter;
use super::{Cursor, Jobs, ManageError, Status, UndiscardableError, listing};
use crate::lifecycle::discard::{self, Discarded};
use crate::lifecycle::{hasten, retry, state};
use crate::records::cancellation;
use crate::registry::Classes;
use crate::{JobId, events};

/// Jobs that are moved in one transaction.
const BATCH: i64 = 500;

/// Where a job went that was retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retried {
    /// It waits for a worker.
    Ready,
    /// It waits for its time.
    Scheduled,
    /// It waits for a place in a concurrency limit. Unlike when it was enqueued, it does so whatever the limit says.
    Blocked,
}

/// What became of a job that was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancelled {
    /// It waited, and is gone.
    Discarded,
    /// It runs, and is asked to stop: it does at its next `await`.
    Requested,
}

/// What became of a job that is to run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunNow {
    /// It was scheduled. Now it is due, and meets its limits.
    Due,
    /// It was blocked. Now it waits for a worker, though there is no room for it in its limit.
    Ready,
}

impl Jobs {
    /// Gives a failed job another go, with its executions counted anew, if its limits let it.
    ///
    /// # Errors
    /// [`ManageError::Missing`], [`ManageError::WrongStatus`], or what the database said.
    pub async fn retry(&self, id: JobId) -> Result<Retried, ManageError> {
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        let write = self.database.write(move |connection| {
            match retry::retry(connection, id.0, &classes, now)? {
                Some(retried) => Ok(Ok(retried)),
                None => Ok(Err(state::of(connection, id.0)?)),
            }
        });
        let retried = write
            .await?
            .map_err(|status| wrong_status(id, status, "failed", "retried"))?;
        events::retry(id);
        Ok(retried)
    }

    /// Gives the failed ones of these jobs another go. Those that fail meanwhile are left. Returns how many.
    ///
    /// # Errors
    /// What the database said; the batches before stay retried.
    pub async fn retry_all(&self) -> Result<usize, DbError> {
        let status = self.filter.status;
        if status.is_some_and(|status| status != Status::Failed) {
            return Ok(0);
        }
        let retried = self.in_batches(Status::Failed, retry::retry_all).await?;
        events::retry_all(retried);
        Ok(retried)
    }

    /// Deletes a job that does not run, and gives its place in a limit to the next. Returns the state that it was in.
    ///
    /// # Errors
    /// [`ManageError::Missing`], [`ManageError::Undiscardable`], or what the database said.
    pub async fn discard(&self, id: JobId) -> Result<Status, ManageError> {
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        let write = self
            .database
            .write(move |connection| discard::discard(connection, id.0, &classes, now));
        match write.await? {
            Discarded::From(status) => {
                events::discard(id, status);
                Ok(status)
            }
            Discarded::Refused(status) => Err(UndiscardableError::Job { id, status }.into()),
            Discarded::Missing => Err(ManageError::Missing { id }),
        }
    }

    /// Deletes those of these jobs that neither run nor are finished. Those that come meanwhile are left. Returns how
    /// many.
    ///
    /// # Errors
    /// [`ManageError::Undiscardable`] when these are the running or finished ones, or what the database said: the batches
    /// before stay discarded.
    pub async fn discard_all(&self) -> Result<usize, ManageError> {
        let statuses = match self.filter.status {
            Some(status) if status.is_discardable() => vec![status],
            Some(status) => return Err(UndiscardableError::All { status }.into()),
            // Blocked ones first: each ready one that goes makes one of them ready.
            None => vec![
                Status::Blocked,
                Status::Scheduled,
                Status::Ready,
                Status::Failed,
            ],
        };
        let mut discarded = 0;
        for status in statuses {
            discarded += self.in_batches(status, discard::discard_all).await?;
        }
        events::discard_all(discarded);
        Ok(discarded)
    }

    /// Deletes a job that waits, or asks one that runs to stop. Its worker hears of it within a second or two.
    ///
    /// # Errors
    /// [`ManageError::Missing`], [`ManageError::WrongStatus`], or what the database said.
    pub async fn cancel(&self, id: JobId) -> Result<Cancelled, ManageError> {
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        let write = self
            .database
            .write(move |connection| cancel(connection, id.0, &classes, now));
        let cancelled = write
            .await?
            .map_err(|status| wrong_status(id, status, "waiting and running", "cancelled"))?;
        events::ask_to_cancel(id, cancelled);
        Ok(cancelled)
    }

    /// Makes a scheduled job due, or a blocked one ready, past its limit.
    ///
    /// # Errors
    /// [`ManageError::Missing`], [`ManageError::WrongStatus`], or what the database said.
    pub async fn run_now(&self, id: JobId) -> Result<RunNow, ManageError> {
        let now = self.clock.now();
        let write =
            self.database.write(
                move |connection| match hasten::hasten(connection, id.0, now)? {
                    Some(hastened) => Ok(Ok(hastened)),
                    None => Ok(Err(state::of(connection, id.0)?)),
                },
            );
        let hastened = write
            .await?
            .map_err(|status| wrong_status(id, status, "scheduled and blocked", "run now"))?;
        events::run_now(id, hastened);
        Ok(hastened)
    }

    /// Does something with these jobs, as far as they are in the state and there already: batch by batch, each in a
    /// transaction of its own. What it returns is added up.
    async fn in_batches(
        &self,
        status: Status,
        work: fn(&mut SqliteConnection, &[i64], &Classes, Timestamp) -> QueryResult<usize>,
    ) -> Result<usize, DbError> {
        let mut filter = Filter {
            status: Some(status),
            ..self.filter.clone()
        };
        let newest = move |connection: &mut SqliteConnection| listing::newest(connection, status);
        filter.newest = self.database.read(newest).await?;
        let (mut total, mut after) = (0, None);
        loop {
            let (ids, last) = self.next_ids(&filter, after).await?;
            let Some(last) = last else {
                return Ok(total);
            };
            let (classes, clock) = (Arc::clone(&self.classes), self.clock.clone());
            let write = self
                .database
                .write(move |connection| work(connection, &ids, &classes, clock.now()));
            total += write.await?;
            after = Some(last);
        }
    }

    async fn next_ids(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
    ) -> Result<(Vec<i64>, Option<Cursor>), DbError> {
        let filter = filter.clone();
        let read = self.database.read_long(move |connection| {
            let found = listing::page(connection, &filter, after.as_ref(), BATCH)?;
            Ok(found.into_iter().unzip())
        });
        let (ids, mut cursors): (Vec<i64>, Vec<Cursor>) = read.await?;
        Ok((ids, cursors.pop()))
    }
}

fn cancel(
    connection: &mut SqliteConnection,
    id: i64,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Result<Cancelled, Option<Status>>> {
    let status = state::of(connection, id)?;
    match status {
        Some(Status::Claimed) => {
            cancellation::request(connection, id, now)?;
            Ok(Ok(Cancelled::Requested))
        }
        Some(waiting) if waiting.is_waiting() => {
            discard::discard(connection, id, classes, now)?;
            Ok(Ok(Cancelled::Discarded))
        }
        _ => Ok(Err(status)),
    }
}

fn wrong_status(
    id: JobId,
    status: Option<Status>,
    expected: &'static str,
    done: &'static str,
) -> ManageError {
    match status {
        None => ManageError::Missing { id },
        Some(status) => ManageError::WrongStatus {
            id,
            status,
            expected,
            done,
        },
    }
}
