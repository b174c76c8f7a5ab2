//! The tables beside the executions.

pub(crate) mod batch;
pub(crate) mod batch_execution;
pub(crate) mod cancellation;
pub(crate) mod job;
pub(crate) mod job_limit;
pub(crate) mod pause;
pub(crate) mod process;
pub(crate) mod rate_limit;
pub(crate) mod recurring_pause;
pub(crate) mod recurring_run;
pub(crate) mod recurring_task;
pub(crate) mod semaphore;
pub(crate) mod unique_key;
pub(crate) mod waiting;

use std::fmt::Write as _;

/// A JSON array of ids, for statements that work on a set of rows.
pub(crate) fn ids(ids: &[i64]) -> String {
    let mut text = String::with_capacity(2 + ids.len() * 8);
    text.push('[');
    for (at, id) in ids.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing into a string cannot fail.
        let _ = write!(text, "{comma}{id}");
    }
    text.push(']');
    text
}
