#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What becomes of jobs after errors.

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use solid_queue::{
    Backoff, Job, JobResult, OnCrash, PerformLater as _, Policy, Queue, Registry, RetryOn, testing,
};
use support::controlled::{Still, moment};
use support::jobs::Context;
use support::{Running, Temp, config, wait_for};

#[derive(Debug, thiserror::Error)]
#[error("unplugged")]
struct Unplugged;

#[derive(Debug, thiserror::Error)]
#[error("busy")]
struct Busy;

#[derive(Debug, thiserror::Error)]
#[error("not found")]
struct NotFound;

#[derive(Debug, thiserror::Error)]
#[error("could not call")]
struct Outer(#[source] Unplugged);

/// Ends with each of these errors in turn, and well when there are no more.
#[derive(Serialize, Deserialize)]
struct Call {
    errors: Vec<String>,
}

impl Job for Call {
    const NAME: &'static str = "Call";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let attempt = context.notes().len();
        context.note("call");
        match self.errors.get(attempt).map(String::as_str) {
            None => Ok(()),
            Some("unplugged") => Err(Unplugged.into()),
            Some("outer") => Err(Outer(Unplugged).into()),
            Some("busy") => Err(Busy.into()),
            Some("not found") => Err(NotFound.into()),
            Some(other) => Err(other.into()),
        }
    }

    fn policy() -> Policy {
        let patient = Backoff::exponential(Duration::from_secs(10)).jitter(0.0);
        Policy::new()
            .retry_on::<Unplugged>(RetryOn::new().attempts(3).wait(patient))
            .retry_on::<Busy>(
                RetryOn::new()
                    .unlimited()
                    .wait(Backoff::fixed(Duration::ZERO)),
            )
            .discard_on::<NotFound>()
    }
}

#[tokio::test]
async fn an_error_is_tried_again_until_its_attempts_are_used_up() {
    let still = Still::new();
    let performed = call(&still, &["unplugged"; 9]).await;
    assert_eq!((performed.retried, performed.failures.len()), (2, 1));
    // After ten seconds and after twenty more.
    assert_eq!(still.clock.now(), moment("2026-11-23 12:00:30"));
    let error = "SELECT json_extract(error, '$.exception_class') AS value FROM solid_queue_failed_executions";
    let class = still.temp.texts(error).await;
    assert!(class[0].ends_with("Unplugged"), "{class:?}");
}

#[tokio::test]
async fn the_attempts_of_each_error_are_counted_apart() {
    let still = Still::new();
    let errors = ["unplugged", "busy", "unplugged", "busy", "busy"];
    let performed = call(&still, &errors).await;
    assert_eq!((performed.retried, performed.finished), (5, 1));
    let counts =
        "SELECT max(json_extract(arguments, '$.executions')) AS value FROM solid_queue_jobs";
    assert_eq!(still.temp.texts(counts).await, ["5"]);
}

#[tokio::test]
async fn causes_are_errors_too() {
    let still = Still::new();
    let performed = call(&still, &["outer"]).await;
    assert_eq!((performed.retried, performed.finished), (1, 1));
}

#[tokio::test]
async fn a_dropped_error_ends_the_job_well() {
    let still = Still::new();
    let performed = call(&still, &["not found"]).await;
    assert_eq!(performed.discarded, 1);
    let finished = "solid_queue_jobs WHERE finished_at IS NOT NULL";
    assert_eq!(still.temp.count(finished).await, 1);
}

#[tokio::test]
async fn an_error_that_nobody_names_fails_the_job() {
    let still = Still::new();
    let performed = call(&still, &["what now"]).await;
    assert_eq!(performed.failures[0].message, "what now");
}

#[derive(Serialize, Deserialize)]
struct Once;

impl Job for Once {
    const NAME: &'static str = "Once";
    const ON_CRASH: OnCrash = OnCrash::Fail;
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("once");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_must_not_run_twice_fails_when_its_process_dies() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    Once.perform_later(&queue).await.unwrap();
    temp.execute(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
           SELECT job_id, 99, created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;",
    )
    .await;
    let registry = Registry::new().register::<Once>();
    let running = Running::start(temp.database.clone(), config(1), registry, context.clone());
    wait_for("the failure", async || {
        temp.count("solid_queue_failed_executions").await == 1
    })
    .await;
    running.stop().await;
    assert!(!context.has("once"));
}

async fn call(still: &Still, errors: &[&str]) -> testing::Performed {
    let errors = errors.iter().map(|it| (*it).to_owned()).collect();
    Call { errors }.perform_later(&still.queue).await.unwrap();
    let registry = Arc::new(Registry::new().register::<Call>());
    testing::run_until(&still.queue, registry, &still.context, async || false)
        .await
        .unwrap()
}
