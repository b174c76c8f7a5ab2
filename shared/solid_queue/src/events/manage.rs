//! What people do about jobs and queues.

use tracing::info;

use crate::JobId;
use crate::manage::{Cancelled, RunNow, Status};

pub(crate) fn retry(id: JobId) {
    info!(name: "queue.retry", { job.id = id.0 }, "retried a failed job");
}

pub(crate) fn retry_all(size: usize) {
    info!(name: "queue.retry_all", { size }, "retried failed jobs");
}

pub(crate) fn discard(id: JobId, status: Status) {
    info!(name: "queue.discard", { job.id = id.0, job.status = status.name() }, "discarded a job");
}

pub(crate) fn discard_all(size: usize) {
    info!(name: "queue.discard_all", { size }, "discarded jobs");
}

pub(crate) fn ask_to_cancel(id: JobId, outcome: Cancelled) {
    info!(name: "queue.cancel", { job.id = id.0, ?outcome }, "a job was to be cancelled");
}

pub(crate) fn run_now(id: JobId, outcome: RunNow) {
    info!(name: "queue.run_now", { job.id = id.0, ?outcome }, "a job goes first");
}

pub(crate) fn pause(queue: &str) {
    info!(name: "queue.pause", { queue.name = queue }, "paused a queue");
}

pub(crate) fn resume(queue: &str) {
    info!(name: "queue.resume", { queue.name = queue }, "resumed a queue");
}
