//! The jobs that a worker has running.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::execution::Executor;
use crate::lifecycle::claim::Claimed;
use crate::lifecycle::settle::{Ending, Settlement};

/// How much longer than its limit a job may take before it is taken for one that blocks its thread.
const GRACE: Duration = Duration::from_secs(1);

/// Each job is a task of the application's runtime; those who claim and settle run apart from them, so that a job that
/// blocks its thread holds up no more than that.
pub(crate) struct Crew<C> {
    executor: Arc<Executor<C>>,
    runtime: Handle,
    running: HashMap<i64, Member>,
    reports: mpsc::UnboundedReceiver<Report>,
    reporter: mpsc::UnboundedSender<Report>,
    /// What is to be written.
    endings: Vec<Ending>,
}

struct Member {
    job: Claimed,
    task: AbortHandle,
    cancel: CancellationToken,
    /// When a job that has a time limit is given up, and the limit.
    deadline: Option<(Instant, Duration)>,
    /// Since when it is to stop.
    cancelled: Option<Instant>,
    /// Whether its end is written or about to be, though its task goes on.
    is_given_up: bool,
}

/// A task ended. Without an ending it was told to.
struct Report {
    job_id: i64,
    ending: Option<Ending>,
}

impl<C: Clone + Send + Sync + 'static> Crew<C> {
    pub(crate) fn new(executor: Arc<Executor<C>>, runtime: Handle) -> Self {
        let (reporter, reports) = mpsc::unbounded_channel();
        Self {
            executor,
            runtime,
            running: HashMap::new(),
            reports,
            reporter,
            endings: Vec::new(),
        }
    }

    /// Tasks that have not ended, those that were given up among them: they still hold their threads.
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The endings that are to be written, those that came in since among them. They are kept until they are.
    pub(crate) fn endings(&mut self) -> Arc<[Ending]> {
        while let Ok(report) = self.reports.try_recv() {
            self.note(report);
        }
        self.give_up_overdue();
        self.endings.as_slice().into()
    }

    /// The first ones are written.
    pub(crate) fn written(&mut self, endings: usize) {
        self.endings.drain(..endings);
    }

    /// Waits until a task ends. Cancel safe.
    pub(crate) async fn ended(&mut self) {
        if let Some(report) = self.reports.recv().await {
            self.note(report);
        }
    }

    pub(crate) fn start(&mut self, job: Claimed) {
        let cancel = CancellationToken::new();
        let limit = self.executor.timeout(&job.class_name);
        let deadline = limit.map(|limit| (Instant::now() + limit + GRACE, limit));
        let task = self.runtime.spawn(execute(
            Arc::clone(&self.executor),
            job.clone(),
            cancel.clone(),
            Reporter::new(self.reporter.clone(), job.claim.job_id),
        ));
        let member = Member {
            task: task.abort_handle(),
            cancel,
            deadline,
            cancelled: None,
            is_given_up: false,
            job,
        };
        self.running.insert(member.job.claim.job_id, member);
    }

    /// Tells the job to stop. It is dropped at its next `await`, and discarded.
    pub(crate) fn cancel(&mut self, job_id: i64) {
        if let Some(member) = self.running.get_mut(&job_id)
            && member.cancelled.is_none()
        {
            warn!(name: "job.cancel", { job.id = job_id, job.class = member.job.class_name }, "the job is cancelled");
            member.cancelled = Some(Instant::now());
            member.cancel.cancel();
        }
    }

    /// Stops all tasks, whose jobs come to no end here.
    pub(crate) fn abort_all(&mut self) {
        for member in self.running.values_mut() {
            member.is_given_up = true;
            member.task.abort();
        }
    }

    fn note(&mut self, report: Report) {
        let Some(member) = self.running.remove(&report.job_id) else {
            return;
        };
        if member.is_given_up {
            return;
        }
        match report.ending {
            Some(ending) => self.endings.push(ending),
            None if member.cancelled.is_some() => self.endings.push(cancelled(&member.job)),
            None => {}
        }
    }

    /// Whoever blocks its thread cannot be stopped, but its job can go on without it.
    fn give_up_overdue(&mut self) {
        let now = Instant::now();
        for member in self.running.values_mut() {
            if member.is_given_up {
                continue;
            }
            let ending = match (member.cancelled, member.deadline) {
                (Some(since), _) if since + GRACE <= now => cancelled(&member.job),
                (_, Some((deadline, limit))) if deadline <= now => {
                    self.executor.time_out(&member.job, limit)
                }
                _ => continue,
            };
            warn!(name: "job.give_up", { job.id = member.job.claim.job_id, job.class = member.job.class_name },
                "the job blocks its thread and is given up; its thread is not free before it ends");
            member.is_given_up = true;
            self.endings.push(ending);
        }
    }
}

async fn execute<C: Clone + Send + Sync + 'static>(
    executor: Arc<Executor<C>>,
    job: Claimed,
    cancel: CancellationToken,
    reporter: Reporter,
) {
    let executed = cancel.run_until_cancelled(executor.execute(job)).await;
    reporter.report(executed.map(|(_, ending)| ending));
}

fn cancelled(job: &Claimed) -> Ending {
    Ending {
        claim: job.claim,
        is_limited: job.is_limited,
        batch_id: job.batch_id,
        settlement: Settlement::Discard,
    }
}

/// Reports the end of a task, also of one that is dropped.
struct Reporter {
    reports: mpsc::UnboundedSender<Report>,
    report: Option<Report>,
}

impl Reporter {
    fn new(reports: mpsc::UnboundedSender<Report>, job_id: i64) -> Self {
        let report = Some(Report {
            job_id,
            ending: None,
        });
        Self { reports, report }
    }

    fn report(mut self, ending: Option<Ending>) {
        if let Some(report) = &mut self.report {
            report.ending = ending;
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            // A worker that is gone needs no report.
            let _ = self.reports.send(report);
        }
    }
}
