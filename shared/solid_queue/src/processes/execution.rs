//! One claimed job, from its claim to what becomes of it.

use std::sync::Arc;

use db::Database;
use tracing::{Instrument as _, error, warn};

use crate::enqueue::NewJob;
use crate::executions::claimed::{self, Claimed, Settlement};
use crate::patience::Backoff;
use crate::payload::Payload;
use crate::perform::{Outcome, job_span, perform, retried};
use crate::{JobFailure, JobId, ProcessId, Registry};

/// What all executions of a worker share.
pub(crate) struct Executor<C> {
    pub(crate) database: Database,
    pub(crate) process: ProcessId,
    pub(crate) registry: Arc<Registry<C>>,
    pub(crate) context: C,
    pub(crate) preserve_finished_jobs: bool,
}

impl<C: Clone + Send + Sync + 'static> Executor<C> {
    /// Performs the job and settles its claim.
    pub(crate) async fn execute(&self, job: Claimed) -> Outcome {
        let id = JobId(job.claim.job_id);
        let span = job_span(id, &job.class_name, &job.queue_name);
        span.record("process.id", self.process.0);
        async {
            let claim = job.claim;
            let (outcome, settlement) = self.perform(id, job).await;
            self.settle(claim, settlement).await;
            outcome
        }
        .instrument(span)
        .await
    }

    async fn perform(&self, id: JobId, job: Claimed) -> (Outcome, Settlement) {
        let payload = match Payload::parse(job.arguments.as_deref().unwrap_or("{}")) {
            Ok(payload) => payload,
            Err(error) => return unreadable(&job.class_name, &error),
        };
        let context = self.context.clone();
        let outcome = perform(&self.registry, context, &job.class_name, &payload).await;
        let settlement = match &outcome {
            Outcome::Finished | Outcome::Discarded(_) => Settlement::Finish,
            Outcome::Failed(failure) => Settlement::Fail(failure.to_json()),
            Outcome::Retried(wait, failure) => {
                Settlement::Retry(retried(id, stored(job, payload), *wait, failure))
            }
        };
        (outcome, settlement)
    }

    /// Goes on until the database took it: what was performed must not be performed again.
    async fn settle(&self, claim: claimed::Claim, settlement: Settlement) {
        let (settlement, preserve) = (Arc::new(settlement), self.preserve_finished_jobs);
        let mut backoff = Backoff::new();
        loop {
            let settlement = Arc::clone(&settlement);
            let write = self
                .database
                .write(move |connection| claimed::settle(connection, claim, &settlement, preserve));
            match write.await {
                Ok(true) => return,
                Ok(false) => {
                    warn!(name: "job.lost_claim", "others took this process for dead and decide about the job");
                    return;
                }
                Err(error) => {
                    warn!(error = %error, "could not note yet that the job ended");
                    backoff.wait().await;
                }
            }
        }
    }
}

fn unreadable(class_name: &str, error: &serde_json::Error) -> (Outcome, Settlement) {
    let failure = JobFailure::bad_arguments(class_name, error);
    error!(name: "job.fail", { error = failure.chain() }, "the job failed");
    let settlement = Settlement::Fail(failure.to_json());
    (Outcome::Failed(failure), settlement)
}

/// The job as it was enqueued.
fn stored(job: Claimed, payload: Payload) -> NewJob {
    NewJob {
        class_name: job.class_name,
        queue_name: job.queue_name,
        priority: job.priority,
        scheduled_at: db::Timestamp::now(),
        payload,
    }
}
