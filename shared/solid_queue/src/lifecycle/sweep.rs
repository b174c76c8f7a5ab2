//! Batches that nobody finished: their last jobs were deleted past us, or a Rails process died between two of its
//! transactions.

use std::collections::BTreeSet;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::batch::finish_if_done;
use crate::records::{batch, batch_execution};
use crate::registry::Classes;

/// What is wrong with batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stalled {
    /// Jobs that have ended, though their batches wait for them.
    leaked: Vec<i64>,
    /// Batches that nobody will start any more.
    unstarted: Vec<i64>,
    /// Batches that wait for nothing.
    done: Vec<i64>,
}

/// What was put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) repaired: usize,
    pub(crate) started: usize,
    pub(crate) finished: usize,
}

impl Stalled {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The first of each. A batch that is not started counts when it was made before the moment.
pub(crate) fn stalled(
    connection: &mut SqliteConnection,
    limit: u32,
    before: Timestamp,
) -> QueryResult<Stalled> {
    Ok(Stalled {
        leaked: batch_execution::leaked(connection, limit)?,
        unstarted: batch::unstarted(connection, limit, before)?,
        done: batch::all_done(connection, limit)?,
    })
}

/// Puts right what still is wrong.
pub(crate) fn sweep(
    connection: &mut SqliteConnection,
    stalled: &Stalled,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Swept> {
    let left = batch_execution::delete_leaked(connection, &stalled.leaked)?;
    let started = batch::start_all(connection, &stalled.unstarted, now)?;
    let mut swept = Swept {
        repaired: left.len(),
        started,
        finished: 0,
    };
    let batches = [left.as_slice(), &stalled.unstarted, &stalled.done].concat();
    for id in BTreeSet::from_iter(batches) {
        swept.finished += usize::from(finish_if_done(connection, id, classes, now)?);
    }
    Ok(swept)
}
