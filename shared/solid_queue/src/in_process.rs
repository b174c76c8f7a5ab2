//! The queue in memory, for development: no rows, no other process.

mod runner;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use db::Timestamp;
use tokio::sync::Notify;

use crate::enqueue::NewJob;
use crate::{EnqueueError, JobId};
pub use runner::InProcessRunner;
pub(crate) use runner::execute_one;

/// The bounds of an in-process queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InProcessConfig {
    /// Jobs that run at once.
    pub threads: u32,
    /// Jobs that may wait, delayed ones included. One more is refused with [`EnqueueError::Full`].
    pub capacity: usize,
    /// How long a stop goes on with the jobs that are due. Zero: until they are done.
    pub shutdown_timeout: Duration,
}

impl Default for InProcessConfig {
    fn default() -> Self {
        Self {
            threads: 3,
            capacity: 10_000,
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

#[derive(Clone)]
pub(crate) struct InProcess {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

/// The jobs that nobody performs yet. Those that are due are kept in the order in which they go.
#[derive(Default)]
struct Waiting {
    last_id: i64,
    ready: BTreeMap<(i32, JobId), NewJob>,
    scheduled: BTreeMap<(Timestamp, JobId), NewJob>,
    stopped: bool,
}

impl InProcess {
    pub(crate) fn new(config: InProcessConfig) -> (Self, InProcessRunner) {
        let queue = Self {
            shared: Arc::new(Shared {
                capacity: config.capacity,
                waiting: Mutex::default(),
                arrived: Notify::new(),
            }),
        };
        let runner = InProcessRunner::new(queue.clone(), config);
        (queue, runner)
    }

    pub(crate) fn push(&self, class: &'static str, job: NewJob) -> Result<JobId, EnqueueError> {
        let mut waiting = self.room(class, 1)?;
        let id = waiting.insert(job);
        drop(waiting);
        self.shared.arrived.notify_one();
        Ok(id)
    }

    pub(crate) fn push_all(
        &self,
        class: &'static str,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<JobId>, EnqueueError> {
        let mut waiting = self.room(class, jobs.len())?;
        let ids = jobs.into_iter().map(|job| waiting.insert(job)).collect();
        drop(waiting);
        self.shared.arrived.notify_one();
        Ok(ids)
    }

    /// The next job that is due, by priority and age.
    pub(crate) fn pop(&self) -> Option<(JobId, NewJob)> {
        let mut waiting = self.waiting();
        waiting.promote(Timestamp::now());
        let ((_, id), job) = waiting.ready.pop_first()?;
        Some((id, job))
    }

    /// Everything that waits: what is due in its order, then the rest by its time.
    pub(crate) fn list(&self) -> Vec<(JobId, NewJob)> {
        let waiting = self.waiting();
        let ready = waiting
            .ready
            .iter()
            .map(|((_, id), job)| (*id, job.clone()));
        let scheduled = waiting.scheduled.iter();
        ready
            .chain(scheduled.map(|((_, id), job)| (*id, job.clone())))
            .collect()
    }

    /// Takes a job again that was taken before. There is room for it: fewer than all threads run.
    pub(crate) fn push_again(&self, job: NewJob) -> JobId {
        let id = self.waiting().insert(job);
        self.shared.arrived.notify_one();
        id
    }

    /// Waits for the next job that is due. Cancel safe.
    async fn next(&self) -> (JobId, NewJob) {
        loop {
            if let Some(next) = self.pop() {
                return next;
            }
            let due = self.waiting().next_due();
            let arrived = self.shared.arrived.notified();
            match due {
                Some(due) => {
                    let wait = due.since(Timestamp::now());
                    // Whether something arrived or is due: we look again.
                    let _ = tokio::time::timeout(wait, arrived).await;
                }
                None => arrived.await,
            }
        }
    }

    /// Refuses jobs from now on. Returns how many are lost.
    fn stop(&self) -> usize {
        let mut waiting = self.waiting();
        waiting.stopped = true;
        let lost = waiting.len();
        waiting.ready.clear();
        waiting.scheduled.clear();
        lost
    }

    fn room(
        &self,
        job: &'static str,
        size: usize,
    ) -> Result<MutexGuard<'_, Waiting>, EnqueueError> {
        let waiting = self.waiting();
        let limit = self.shared.capacity;
        if waiting.stopped {
            return Err(EnqueueError::Stopped { job });
        }
        if waiting.len().saturating_add(size) > limit {
            return Err(EnqueueError::Full { job, limit });
        }
        Ok(waiting)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it holds the lock.
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn insert(&mut self, job: NewJob) -> JobId {
        self.last_id += 1;
        let id = JobId(self.last_id);
        if job.is_due(Timestamp::now()) {
            self.ready.insert((job.priority, id), job);
        } else {
            self.scheduled.insert((job.scheduled_at, id), job);
        }
        id
    }

    fn promote(&mut self, now: Timestamp) {
        while let Some(first) = self.scheduled.first_entry()
            && first.key().0 <= now
        {
            let ((_, id), job) = first.remove_entry();
            self.ready.insert((job.priority, id), job);
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.scheduled.keys().next().map(|(due, _)| *due)
    }

    fn len(&self) -> usize {
        self.ready.len() + self.scheduled.len()
    }
}
