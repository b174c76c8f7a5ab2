//! Supervisors, and what those do that they run.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitStatus;

use tracing::{debug, error, info, trace, warn};

use super::meters::{PerformMeters, Polls};
use super::metrics::{
    CRASHED, DISPATCH_SIZE, ERRORS, LOST, PROCESSES, PRUNED, RELEASED, REPLACED, UNBLOCKED,
};
use crate::processes::{Instance, Moment, ProcessKind};
use crate::{JobId, ProcessId};

pub(crate) fn polling(polls: &Polls, process: ProcessId) {
    trace!(name: "queue.polling", { process.id = process.0 }, "looking for work");
    polls.count();
}

pub(crate) fn claim(meters: &PerformMeters, process: ProcessId, size: usize) {
    debug!(name: "queue.claim", { process.id = process.0, size }, "claimed jobs");
    meters.claimed(size);
}

pub(crate) fn lost_claim(id: JobId) {
    warn!(name: "job.lost_claim", { job.id = id.0 }, "others took this process for dead and decide about the job");
    LOST.count(1, &[]);
}

pub(crate) fn dispatch_scheduled(batch_size: u32, size: usize) {
    debug!(name: "queue.dispatch_scheduled", { batch_size, size }, "dispatched scheduled jobs");
    if size > 0 {
        DISPATCH_SIZE.observe(f64::from(u32::try_from(size).unwrap_or(u32::MAX)), &[]);
    }
}

pub(crate) fn discard_scheduled(class: &str) {
    info!(name: "queue.discard_scheduled", { job.class = class },
        "dropped a due job: as many as its concurrency limit allows are ready or running already");
}

pub(crate) fn delete_expired_semaphores(size: usize) {
    debug!(name: "queue.delete_expired_semaphores", { size }, "deleted expired semaphores");
}

pub(crate) fn release_many_blocked(size: usize) {
    info!(name: "queue.release_many_blocked", { size }, "released blocked jobs for which there was room");
    UNBLOCKED.count(size, &[]);
}

pub(crate) fn shutdown_timeout(process: ProcessId, jobs: usize) {
    warn!(name: "queue.shutdown_timeout", { process.id = process.0, jobs }, "jobs did not end in time: they are put back");
}

pub(crate) fn register_process(title: &str, instance: &Instance) {
    let Instance { kind, id, name, .. } = instance;
    info!(name: "queue.register_process", { process.id = id.0, process.kind = title, process.name = name },
        "registered a process");
    PROCESSES.change(1.0, &[("kind", kind.name())]);
}

pub(crate) fn deregister_process(kind: ProcessKind, process: ProcessId, released: usize) {
    info!(name: "queue.deregister_process", { process.id = process.0, released }, "deregistered a process");
    PROCESSES.change(-1.0, &[("kind", kind.name())]);
    RELEASED.count(released, &[]);
}

pub(crate) fn start_process(instance: &Instance) {
    debug!(name: "queue.start_process", { process.id = instance.id.0, process.name = instance.name }, "a process begins");
}

pub(crate) fn shutdown_process(instance: &Instance) {
    debug!(name: "queue.shutdown_process", { process.id = instance.id.0, process.name = instance.name }, "a process stops");
}

pub(crate) fn start_fork(kind: ProcessKind, pid: u32) {
    info!(name: "queue.start_fork", { process.kind = kind.name(), process.pid = pid }, "started a process");
}

pub(crate) fn replace_process(kind: ProcessKind, process: ProcessId, error: Option<&dyn Display>) {
    let error = error.map(ToString::to_string);
    error!(name: "queue.replace_process", { process.id = process.0, error }, "a process ended unexpectedly and is replaced");
    REPLACED.count(1, &[("kind", kind.name())]);
}

/// Its row was removed.
pub(crate) fn replace_removed_process(kind: ProcessKind, process: ProcessId) {
    warn!(name: "queue.replace_process", { process.id = process.0 }, "others took a process for dead: it is replaced");
    REPLACED.count(1, &[("kind", kind.name())]);
}

pub(crate) fn replace_fork(kind: ProcessKind, pid: u32, status: ExitStatus) {
    error!(name: "queue.replace_fork", { process.kind = kind.name(), process.pid = pid, %status },
        "a process ended unexpectedly and is replaced");
    REPLACED.count(1, &[("kind", kind.name())]);
}

pub(crate) fn prune_process(id: ProcessId, kind: &str, pid: i32, jobs: usize, error: &str) {
    warn!(name: "queue.prune_processes", { process.id = id.0, process.kind = kind, process.pid = pid, jobs },
        "a process died: what it ran is put back, or fails when it crashed too often");
    PRUNED.count(1, &[("kind", kind)]);
    CRASHED.count(jobs, &[("error", error)]);
}

pub(crate) fn recover_orphans(jobs: usize, error: &str) {
    warn!(name: "queue.recover_orphans", { jobs }, "recovered jobs whose process is missing");
    CRASHED.count(jobs, &[("error", error)]);
}

pub(crate) fn graceful_termination(instance: &Instance) {
    info!(name: "queue.graceful_termination", { process.id = instance.id.0, process.pid = instance.pid },
        "the supervisor waits for what runs");
}

pub(crate) fn immediate_termination(instance: &Instance) {
    warn!(name: "queue.immediate_termination", { process.id = instance.id.0, process.pid = instance.pid },
        "the supervisor waits for nothing");
}

pub(crate) fn give_up_release() {
    warn!(name: "queue.immediate_termination", "ended without putting back all jobs: others will recover them");
}

/// Children did not end in time.
pub(crate) fn shutdown_timeout_exceeded(processes: usize) {
    warn!(name: "queue.shutdown_timeout", { processes },
        "processes did not end in time: they are to end at once");
}

pub(crate) fn end_removed_process(process: ProcessId) {
    warn!(name: "queue.replace_process", { process.id = process.0 }, "others took this process for dead: it ends");
}

/// A supervisor whose row others removed registers again.
pub(crate) fn forget_process(kind: ProcessKind) {
    PROCESSES.change(-1.0, &[("kind", kind.name())]);
}

pub(crate) fn orphaned() {
    warn!(name: "queue.orphaned", { process.pid = std::process::id() }, "the supervisor is gone: stopping");
}

pub(crate) fn hook_error(instance: &Instance, moment: Moment, error: &str) {
    error!(name: "queue.hook", { process.id = instance.id.0, process.name = instance.name, hook = ?moment, error },
        "a hook failed");
    ERRORS.count(1, &[("what", "a hook failed")]);
}

/// Something that is tried again. `what` is one of a few texts.
pub(crate) fn trouble(what: &'static str, process: Option<ProcessId>, error: &dyn Error) {
    let process = process.map(|process| process.0);
    warn!(name: "queue.trouble", { process.id = process, error = telemetry::chain(error) }, "{what}");
    ERRORS.count(1, &[("what", what)]);
}

/// Something that is not tried again: others find what is left. `what` is one of a few texts.
pub(crate) fn thread_error(what: &'static str, process: Option<ProcessId>, error: &dyn Error) {
    let process = process.map(|process| process.0);
    error!(name: "queue.thread_error", { process.id = process, error = telemetry::chain(error) }, "{what}");
    ERRORS.count(1, &[("what", what)]);
}
