//! One claimed job, from its claim to what is to become of it.

use std::sync::Arc;
use std::time::Duration;

use db::Database;
use tracing::Instrument as _;

use crate::built_in::{self, is_built_in};
use crate::enqueue::NewJob;
use crate::events;
use crate::lifecycle::claim::Claimed;
use crate::lifecycle::settle::{Ending, Settlement};
use crate::payload::Payload;
use crate::perform::{Outcome, after_error, job_span, logged, perform, retried};
use crate::records::job::NewRow;
use crate::registry::Classes;
use crate::{Clock, Controls, JobFailure, JobId, ProcessId, Registry, TimedOut};

/// What all executions of a worker share.
pub(crate) struct Executor<C> {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) process: ProcessId,
    pub(crate) registry: Arc<Registry<C>>,
    pub(crate) classes: Arc<Classes>,
    pub(crate) context: C,
    pub(crate) preserve_finished_jobs: bool,
    pub(crate) clear_finished_jobs_after: Duration,
}

impl<C: Clone + Send + Sync + 'static> Executor<C> {
    /// Performs the job. What becomes of it is still to be written.
    pub(crate) async fn execute(&self, job: Claimed) -> (Outcome, Ending) {
        let id = JobId(job.claim.job_id);
        let payload = Payload::parse(job.arguments.as_deref().unwrap_or("{}"));
        let trace = payload.as_ref().map(Payload::trace).unwrap_or_default();
        let span = job_span(id, &job.class_name, &job.queue_name, &trace);
        span.record("process.id", self.process.0);
        self.perform(id, job, payload).instrument(span).await
    }

    async fn perform(
        &self,
        id: JobId,
        job: Claimed,
        payload: Result<Payload, serde_json::Error>,
    ) -> (Outcome, Ending) {
        let outcome = match payload {
            Ok(payload) if self.is_built_in(&job.class_name) => {
                let (clear_after, now) = (self.clear_finished_jobs_after, self.clock.now());
                let clearing = built_in::perform(&self.database, &payload, clear_after, now);
                logged(self.registry.meters(), &job.class_name, clearing).await
            }
            Ok(payload) => {
                self.tell_start(&job.queue_name, &payload);
                let context = self.context.clone();
                perform(&self.registry, context, &job.class_name, &payload).await
            }
            Err(error) => unreadable(&job.class_name, &error),
        };
        let ending = self.ending(id, &job, &outcome);
        (outcome, ending)
    }

    fn tell_start(&self, queue_name: &str, payload: &Payload) {
        if events::metrics::is_recorded() {
            let due = payload.scheduled_at();
            let waited = due.map(|due| self.clock.now().since(due));
            waited.inspect(|waited| self.registry.meters().started(queue_name, *waited));
        }
    }

    /// What becomes of a job that did not stop though its time is over.
    pub(crate) fn time_out(&self, job: &Claimed, limit: Duration) -> Ending {
        let error = TimedOut { limit }.into();
        let payload = Payload::parse(job.arguments.as_deref().unwrap_or("{}"));
        let outcome = match (self.registry.get(&job.class_name), payload) {
            (Some(class), Ok(payload)) => after_error(class, &error, &payload),
            _ => Outcome::Failed(JobFailure::of(&error)),
        };
        self.ending(JobId(job.claim.job_id), job, &outcome)
    }

    /// What becomes of a job that panicked where nobody expects it: when it was dropped.
    pub(crate) fn fell(&self, job: &Claimed) -> Ending {
        let failure = JobFailure::panic("the job panicked when it was dropped");
        let id = JobId(job.claim.job_id);
        events::fall(&job.class_name, id, failure.chain());
        self.ending(id, job, &Outcome::Failed(failure))
    }

    /// How long a job of the class may take.
    pub(crate) fn timeout(&self, class_name: &str) -> Option<Duration> {
        self.registry.get(class_name)?.timeout
    }

    /// A class that the application registered goes before ours.
    fn is_built_in(&self, class_name: &str) -> bool {
        is_built_in(class_name) && self.registry.get(class_name).is_none()
    }

    fn ending(&self, id: JobId, job: &Claimed, outcome: &Outcome) -> Ending {
        let settlement = match outcome {
            Outcome::Finished | Outcome::Discarded(_) => Settlement::Finish,
            Outcome::Failed(failure) => Settlement::Fail(failure.to_json()),
            Outcome::Retried(wait, failure) => match stored(job) {
                Some(stored) => {
                    let next = retried(id, stored, *wait, failure, self.clock.now());
                    Settlement::Retry(Box::new(NewRow::from(next)))
                }
                None => Settlement::Fail(failure.to_json()),
            },
        };
        Ending {
            claim: job.claim,
            is_limited: job.is_limited,
            batch_id: job.batch_id,
            settlement,
        }
    }
}

fn unreadable(class_name: &str, error: &serde_json::Error) -> Outcome {
    let failure = JobFailure::bad_arguments(class_name, error);
    events::unreadable(class_name, failure.chain());
    Outcome::Failed(failure)
}

/// The job as it was enqueued. Its limits are looked up when the next attempt is.
fn stored(job: &Claimed) -> Option<NewJob> {
    Some(NewJob {
        class_name: job.class_name.clone(),
        queue_name: job.queue_name.clone(),
        priority: job.priority,
        scheduled_at: db::Timestamp::now(),
        payload: Payload::parse(job.arguments.as_deref()?).ok()?,
        controls: Controls::new(),
    })
}
