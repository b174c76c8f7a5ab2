//! The jobs that a worker has running.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::execution::Executor;
use crate::JobId;
use crate::events;
use crate::lifecycle::claim::Claimed;
use crate::lifecycle::settle::{Ending, Settlement};

/// How much longer than its limit a job may take before it is taken for one that blocks its thread.
const GRACE: Duration = Duration::from_secs(1);

/// Each job is a task of the application's runtime; those who claim and settle run apart from them, so that a job that
/// blocks its thread holds up no more than that.
pub(crate) struct Crew<C> {
    executor: Arc<Executor<C>>,
    runtime: Handle,
    /// By the id of the claim: a job that was given up, or whose claim was lost, may be claimed here once more.
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
    time_limit: Option<(Instant, Duration)>,
    /// Since when it is to stop.
    cancelled: Option<Instant>,
    /// Whether its end is written or about to be, though its task goes on.
    is_given_up: bool,
}

/// A task ended.
struct Report {
    /// The claim's id.
    claim: i64,
    end: End,
}

enum End {
    Came(Ending),
    /// The task was told to stop, or the runtime is gone.
    Dropped,
    /// Something of the job panicked when it was dropped.
    Panicked,
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

    /// When it is time to look at the endings even if no task ends: a job is to be given up then.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let going = self.running.values().filter(|member| !member.is_given_up);
        going.filter_map(Member::deadline).min()
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
        let time_limit = limit.map(|limit| (Instant::now() + limit + GRACE, limit));
        let task = self.runtime.spawn(execute(
            Arc::clone(&self.executor),
            job.clone(),
            cancel.clone(),
            Reporter::new(self.reporter.clone(), job.claim.id),
        ));
        let member = Member {
            task: task.abort_handle(),
            cancel,
            time_limit,
            cancelled: None,
            is_given_up: false,
            job,
        };
        self.running.insert(member.job.claim.id, member);
    }

    /// Tells the job to stop. It is dropped at its next `await`, and discarded.
    pub(crate) fn cancel(&mut self, job_id: i64) {
        let members = self.running.values_mut();
        for member in members.filter(|member| member.is_cancellable(job_id)) {
            events::cancel(&member.job.class_name, JobId(job_id));
            member.cancelled = Some(Instant::now());
            member.cancel.cancel();
        }
    }

    /// Stops all tasks. Those that had come to an end before are still reported.
    pub(crate) fn abort_all(&mut self) {
        for member in self.running.values_mut() {
            member.task.abort();
        }
    }

    fn note(&mut self, report: Report) {
        let Some(member) = self.running.remove(&report.claim) else {
            return;
        };
        if member.is_given_up {
            return;
        }
        match report.end {
            End::Came(ending) => self.endings.push(ending),
            End::Dropped if member.cancelled.is_none() => {}
            End::Panicked if member.cancelled.is_none() => {
                self.endings.push(self.executor.fell(&member.job));
            }
            End::Dropped | End::Panicked => self.endings.push(cancelled(&member.job)),
        }
    }

    /// Whoever blocks its thread cannot be stopped, but its job can go on without it.
    fn give_up_overdue(&mut self) {
        let now = Instant::now();
        for member in self.running.values_mut() {
            if member.is_given_up || member.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            let ending = match (member.cancelled, member.time_limit) {
                (None, Some((_, limit))) => self.executor.time_out(&member.job, limit),
                _ => cancelled(&member.job),
            };
            let (class, id) = (&member.job.class_name, JobId(member.job.claim.job_id));
            events::give_up(class, id, member.cancelled.is_some());
            member.is_given_up = true;
            self.endings.push(ending);
        }
    }
}

impl Member {
    /// When it is given up.
    fn deadline(&self) -> Option<Instant> {
        match self.cancelled {
            Some(since) => Some(since + GRACE),
            None => self.time_limit.map(|(deadline, _)| deadline),
        }
    }

    fn is_cancellable(&self, job_id: i64) -> bool {
        self.job.claim.job_id == job_id && self.cancelled.is_none() && !self.is_given_up
    }
}

async fn execute<C: Clone + Send + Sync + 'static>(
    executor: Arc<Executor<C>>,
    job: Claimed,
    cancel: CancellationToken,
    reporter: Reporter,
) {
    let executed = cancel.run_until_cancelled(executor.execute(job)).await;
    if let Some((_, ending)) = executed {
        reporter.report(ending);
    }
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
    claim: i64,
    ending: Option<Ending>,
}

impl Reporter {
    fn new(reports: mpsc::UnboundedSender<Report>, claim: i64) -> Self {
        Self {
            reports,
            claim,
            ending: None,
        }
    }

    fn report(mut self, ending: Ending) {
        self.ending = Some(ending);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let end = match self.ending.take() {
            Some(ending) => End::Came(ending),
            None if std::thread::panicking() => End::Panicked,
            None => End::Dropped,
        };
        let claim = self.claim;
        // A worker that is gone needs no report.
        let _ = self.reports.send(Report { claim, end });
    }
}
