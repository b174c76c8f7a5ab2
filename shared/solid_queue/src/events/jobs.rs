//! Jobs, their batches, and recurring tasks.

use std::error::Error;
use std::time::Duration;

use db::Timestamp;
use tracing::{debug, error, info, warn};

use super::meters::{EnqueueMeters, PerformMeters};
use super::metrics::{BATCHES, CLEARED, PERFORMED, RECURRED};
use crate::lifecycle::recur::Recurred;
use crate::lifecycle::sweep::Swept;
use crate::perform::Outcome;
use crate::{BatchId, JobId};

pub(crate) fn enqueue(meters: &EnqueueMeters, class: &str, queue: &str, id: JobId) {
    debug!(name: "queue.enqueue", { job.class = class, job.id = id.0 }, "enqueued a job");
    meters.enqueued(class, queue, 1);
}

pub(crate) fn enqueue_all(meters: &EnqueueMeters, class: &str, queue: &str, size: usize) {
    debug!(name: "queue.enqueue", { job.class = class, size }, "enqueued jobs");
    meters.enqueued(class, queue, size);
}

/// Called in the span of the job.
pub(crate) fn perform(meters: &PerformMeters, class: &str, outcome: &Outcome, took: Duration) {
    let duration_ms = took.as_secs_f64() * 1000.0;
    let said = match outcome {
        Outcome::Finished => {
            info!(name: "job.perform", { duration_ms }, "performed the job");
            "finished"
        }
        Outcome::Failed(failure) => {
            error!(name: "job.fail", { duration_ms, error.class = failure.exception_class, error = failure.chain() },
                "the job failed");
            "failed"
        }
        Outcome::Retried(wait, failure) => {
            warn!(name: "job.retry", { duration_ms, error = failure.chain(), wait_ms = wait.as_secs_f64() * 1000.0 },
                "the job failed and runs again later");
            "retried"
        }
        Outcome::Discarded(failure) => {
            warn!(name: "job.discard", { duration_ms, error = failure.chain() }, "the job failed and is discarded");
            "discarded"
        }
    };
    meters.performed(class, said, took);
}

/// A job that never got as far as to be performed. Called in its span.
pub(crate) fn unreadable(class: &str, error: &str) {
    error!(name: "job.fail", { error }, "the job failed");
    PERFORMED.count(1, &[("class", class), ("outcome", "failed")]);
}

/// A job that was dropped and panicked thereby.
pub(crate) fn fall(class: &str, id: JobId, error: &str) {
    error!(name: "job.fail", { job.id = id.0, job.class = class, error }, "the job failed");
    PERFORMED.count(1, &[("class", class), ("outcome", "failed")]);
}

pub(crate) fn cancel(class: &str, id: JobId) {
    warn!(name: "job.cancel", { job.id = id.0, job.class = class }, "the job is cancelled");
    PERFORMED.count(1, &[("class", class), ("outcome", "cancelled")]);
}

/// A job that did not stop when its time was over, or when it was cancelled.
pub(crate) fn give_up(class: &str, id: JobId, is_cancelled: bool) {
    warn!(name: "job.give_up", { job.id = id.0, job.class = class },
        "the job blocks its thread and is given up; its thread is not free before it ends");
    if !is_cancelled {
        PERFORMED.count(1, &[("class", class), ("outcome", "timed_out")]);
    }
}

pub(crate) fn lose_waiting(lost: usize) {
    warn!(name: "queue.stop", { lost }, "the in-process queue stopped with jobs that were waiting");
}

pub(crate) fn enqueue_batch(id: BatchId, size: usize) {
    debug!(name: "queue.enqueue_batch", { batch.id = id.0, size }, "enqueued a batch");
    BATCHES.count(1, &[]);
}

pub(crate) fn leave_callback(batch: i64) {
    error!(name: "queue.batch_callback", { batch.id = batch }, "a callback of the batch is no job and is left out");
}

pub(crate) fn sweep_stalled_batches(swept: &Swept) {
    info!(name: "queue.sweep_stalled_batches",
        { size = swept.finished, started = swept.started, repaired = swept.repaired }, "put stalled batches right");
}

pub(crate) fn enqueue_recurring_task(key: &str, run_at: Timestamp, job: JobId) {
    info!(name: "queue.enqueue_recurring_task", { task.key = key, task.run_at = %run_at, job.id = job.0 },
        "enqueued a recurring task");
    RECURRED.count(1, &[("task", key), ("outcome", "enqueued")]);
}

pub(crate) fn skip_recurring_task(key: &str, run_at: Timestamp, why: &Recurred) {
    debug!(name: "queue.enqueue_recurring_task", { task.key = key, task.run_at = %run_at, skipped = ?why },
        "did not enqueue a recurring task");
    RECURRED.count(1, &[("task", key), ("outcome", "skipped")]);
}

pub(crate) fn miss_recurring_task(key: &str, missed: usize, first: Timestamp, last: Timestamp) {
    warn!(name: "queue.skip_recurring_task", { task.key = key, missed, missed.first = %first, missed.last = %last },
        "times of a recurring task were missed and are not caught up");
    RECURRED.count(missed, &[("task", key), ("outcome", "missed")]);
}

pub(crate) fn refuse_recurring_task(key: &str, error: &dyn Error) {
    warn!(name: "queue.refuse_recurring_task", { task.key = key, error = telemetry::chain(error) }, "a recurring task cannot be run");
}

pub(crate) fn clear_finished(size: usize) {
    info!(name: "queue.clear_finished", { size }, "cleared finished jobs");
    CLEARED.count(size, &[]);
}
