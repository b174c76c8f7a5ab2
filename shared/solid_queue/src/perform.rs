//! Performing one job, whoever keeps it: the outcome says what is to become of it.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use db::Timestamp;
use telemetry::Trace;
use tracing::Span;

use crate::batch::performing;
use crate::enqueue::NewJob;
use crate::events::{self, PerformMeters};
use crate::payload::{Payload, RetriedPayload};
use crate::registry::{Performing, Registered};
use crate::{BatchId, JobError, JobFailure, JobId, JobResult, Registry, Retry, TimedOut};

/// What is to become of a job that was performed.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Finished,
    Failed(JobFailure),
    Retried(Duration, JobFailure),
    Discarded(JobFailure),
}

/// The span around everything that happens to one job.
pub(crate) fn job_span(id: JobId, class_name: &str, queue_name: &str, trace: &Trace) -> Span {
    let span = tracing::info_span!(
        "job.perform",
        otel.kind = telemetry::is_traced().then_some("consumer"),
        job.id = id.0,
        job.class = class_name,
        queue.name = queue_name,
        request.id = trace.request_id().map(tracing::field::display),
        process.id = tracing::field::Empty
    );
    trace.cause(&span);
    span
}

/// The job that takes the place of one that failed and is to run again after `wait`.
pub(crate) fn retried(
    id: JobId,
    failed: NewJob,
    wait: Duration,
    failure: &JobFailure,
    now: Timestamp,
) -> NewJob {
    let scheduled_at = now.after(wait);
    let payload = failed.payload.retried(&RetriedPayload {
        provider_job_id: id.0,
        exception_class: &failure.exception_class,
        enqueued_at: now,
        scheduled_at,
    });
    NewJob {
        scheduled_at,
        payload,
        ..failed
    }
}

/// Performs the job and logs how it went. Never panics, whatever the job does.
pub(crate) async fn perform<C: Clone + Send + Sync + 'static>(
    registry: &Registry<C>,
    context: C,
    class_name: &str,
    payload: &Payload,
) -> Outcome {
    logged(registry.meters(), class_name, async {
        match registry.get(class_name) {
            Some(job) => {
                let batch = payload.batch_id().map(BatchId);
                let performed = performing(batch, outcome(job, context, class_name, payload));
                // What the job enqueues comes from where it came from itself.
                payload.trace().scope(performed).await
            }
            None => Outcome::Failed(unknown_job(registry, class_name)),
        }
    })
    .await
}

/// Tells how it went.
pub(crate) async fn logged(
    meters: &PerformMeters,
    class_name: &str,
    work: impl Future<Output = Outcome>,
) -> Outcome {
    let (_running, start) = (meters.running(), std::time::Instant::now());
    let outcome = work.await;
    events::perform(meters, class_name, &outcome, start.elapsed());
    outcome
}

fn unknown_job<C: Clone + Send + Sync + 'static>(
    registry: &Registry<C>,
    class_name: &str,
) -> JobFailure {
    let known: Vec<_> = registry.names().collect();
    JobFailure::unknown_job(class_name, &known.join(", "))
}

async fn outcome<C>(
    job: &Registered<C>,
    context: C,
    class_name: &str,
    payload: &Payload,
) -> Outcome {
    let performing = caught((job.perform)(payload.arguments().to_owned(), context));
    match in_time(job.timeout, performing).await {
        Ok(Ok(Ok(Ok(())))) => Outcome::Finished,
        Ok(Ok(Ok(Err(error)))) => after_error(job, &error, payload),
        Ok(Ok(Err(error))) => Outcome::Failed(JobFailure::bad_arguments(class_name, &error)),
        Ok(Err(panic)) => Outcome::Failed(JobFailure::panic(message(&*panic))),
        Err(timed_out) => after_error(job, &timed_out.into(), payload),
    }
}

/// Drops the work when it takes longer than the limit.
async fn in_time<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Result<T, TimedOut> {
    match limit {
        None => Ok(work.await),
        Some(limit) => tokio::time::timeout(limit, work)
            .await
            .map_err(|_| TimedOut { limit }),
    }
}

/// What the class says about the error.
pub(crate) fn after_error<C>(job: &Registered<C>, error: &JobError, payload: &Payload) -> Outcome {
    let count = |name: &str| payload.exception_executions(name);
    let attempt = payload.executions().saturating_add(1);
    let decided = catch_unwind(AssertUnwindSafe(|| {
        let named = job.policy.decide(error, count);
        named.map_or_else(
            || ((job.on_error)(error, attempt), JobFailure::of(error)),
            |(retry, name)| (retry, JobFailure::named(name, error)),
        )
    }));
    let (retry, failure) = match decided {
        Ok(decided) => decided,
        Err(panic) => return Outcome::Failed(JobFailure::panic(message(&*panic))),
    };
    match retry {
        Retry::Fail => Outcome::Failed(failure),
        Retry::After(wait) => Outcome::Retried(wait, failure),
        Retry::Discard => Outcome::Discarded(failure),
    }
}

/// Runs the job to its end or to its panic.
async fn caught(
    mut performing: Performing,
) -> Result<Result<JobResult, serde_json::Error>, Box<dyn Any + Send>> {
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| performing.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = owned.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the job panicked without a message")
}
