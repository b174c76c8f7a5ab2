use std::future::Future;
use std::time::Duration;

use db::Timestamp;
use telemetry::Trace;
use tracing::{Instrument as _, Span};

use crate::payload::{NewPayload, Payload, encode};
use crate::{Controls, EnqueueError, Job, JobId, Queue};

/// How a job is enqueued. Implemented for every [`Job`]; nobody else can implement it.
pub trait PerformLater: Job {
    /// Enqueues the job for the next free worker.
    ///
    /// # Errors
    /// See [`EnqueueError`]. The job is not enqueued then.
    fn perform_later(
        self,
        queue: &Queue,
    ) -> impl Future<Output = Result<JobId, EnqueueError>> + Send {
        self.set(Enqueue::new()).perform_later(queue)
    }

    /// The job together with options about when and where it runs.
    fn set(self, options: Enqueue) -> Configured<Self> {
        Configured { job: self, options }
    }
}

impl<J: Job> PerformLater for J {}

/// When and where a job runs, if not at once and on the queue and with the priority of its class.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    wait: Option<Wait>,
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<i32>,
}

#[derive(Clone, Copy, Debug)]
enum Wait {
    For(Duration),
    Until(Timestamp),
}

impl Enqueue {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Not before this time has passed since the job was enqueued.
    #[must_use]
    pub fn wait(self, duration: Duration) -> Self {
        Self {
            wait: Some(Wait::For(duration)),
            ..self
        }
    }

    /// Not before this moment.
    #[must_use]
    pub fn wait_until(self, moment: Timestamp) -> Self {
        Self {
            wait: Some(Wait::Until(moment)),
            ..self
        }
    }

    /// On this queue.
    #[must_use]
    pub fn queue(self, name: impl Into<String>) -> Self {
        Self {
            queue: Some(name.into()),
            ..self
        }
    }

    /// With this priority. Smaller ones go first.
    #[must_use]
    pub fn priority(self, priority: i32) -> Self {
        Self {
            priority: Some(priority),
            ..self
        }
    }

    pub(crate) fn has_time(&self) -> bool {
        self.wait.is_some()
    }

    fn scheduled_at(&self, now: Timestamp) -> Timestamp {
        match self.wait {
            None => now,
            Some(Wait::For(duration)) => now.after(duration),
            Some(Wait::Until(moment)) => moment,
        }
    }
}

/// A job and its options.
#[derive(Clone, Debug)]
#[must_use = "a configured job does nothing until `perform_later` is awaited"]
pub struct Configured<J> {
    pub(crate) job: J,
    pub(crate) options: Enqueue,
}

impl<J: Job> From<J> for Configured<J> {
    fn from(job: J) -> Self {
        job.set(Enqueue::new())
    }
}

impl<J: Job> Configured<J> {
    /// Enqueues the job.
    ///
    /// # Errors
    /// See [`EnqueueError`]. The job is not enqueued then.
    pub async fn perform_later(self, queue: &Queue) -> Result<JobId, EnqueueError> {
        let enqueue = async {
            let job = NewJob::new(&self.job, &self.options, queue.now())?;
            queue.enqueue(J::NAME, job).await
        };
        enqueue.instrument(enqueue_span(J::NAME)).await
    }
}

/// The span around the enqueueing of one job: what the job carries names it as its cause.
pub(crate) fn enqueue_span(class_name: &str) -> Span {
    tracing::debug_span!(
        "queue.enqueue",
        otel.kind = telemetry::is_traced().then_some("producer"),
        job.class = class_name
    )
}

/// A job on its way into a queue.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub(crate) class_name: String,
    pub(crate) queue_name: String,
    pub(crate) priority: i32,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) payload: Payload,
    pub(crate) controls: Controls,
}

/// What a job on its way is made of.
pub(crate) struct Draft<'a> {
    pub(crate) class_name: &'a str,
    pub(crate) queue_name: String,
    pub(crate) priority: Option<i32>,
    /// A JSON array, encoded.
    pub(crate) arguments: String,
    pub(crate) controls: Controls,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) now: Timestamp,
}

impl NewJob {
    pub(crate) fn new<J: Job>(
        job: &J,
        options: &Enqueue,
        now: Timestamp,
    ) -> Result<Self, EnqueueError> {
        let arguments = encode(job).map_err(|source| EnqueueError::Serialize {
            job: J::NAME,
            source,
        })?;
        let queue_name = options.queue.clone().unwrap_or_else(|| J::QUEUE.to_owned());
        Ok(Self::draft(Draft {
            class_name: J::NAME,
            queue_name,
            priority: options.priority.or(own_priority::<J>()),
            arguments,
            controls: job.controls(),
            scheduled_at: options.scheduled_at(now),
            now,
        }))
    }

    pub(crate) fn draft(draft: Draft<'_>) -> Self {
        let payload = Payload::new(&NewPayload {
            class_name: draft.class_name,
            queue_name: &draft.queue_name,
            priority: draft.priority,
            arguments: draft.arguments,
            enqueued_at: draft.now,
            scheduled_at: draft.scheduled_at,
        })
        .carrying(&Trace::outgoing());
        Self {
            class_name: draft.class_name.to_owned(),
            queue_name: draft.queue_name,
            priority: draft.priority.unwrap_or(0),
            scheduled_at: draft.scheduled_at,
            payload,
            controls: draft.controls,
        }
    }

    /// Without a time unless the options name one: for a job that is stored now and enqueued later.
    pub(crate) fn unscheduled<J: Job>(
        job: &J,
        options: &Enqueue,
        now: Timestamp,
    ) -> Result<Self, EnqueueError> {
        let mut new = Self::new(job, options, now)?;
        if options.wait.is_none() {
            new.payload = new.payload.unscheduled();
        }
        Ok(new)
    }

    /// The job that a payload describes, without controls.
    pub(crate) fn stored(payload: Payload) -> Option<Self> {
        Some(Self {
            class_name: payload.class_name()?,
            queue_name: payload.queue_name().unwrap_or_else(|| "default".into()),
            priority: payload.priority().unwrap_or(0),
            scheduled_at: payload.scheduled_at()?,
            payload,
            controls: Controls::new(),
        })
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.scheduled_at <= now
    }
}

/// Rails writes null for a class without a priority of its own.
pub(crate) fn own_priority<J: Job>() -> Option<i32> {
    (J::PRIORITY != 0).then_some(J::PRIORITY)
}
