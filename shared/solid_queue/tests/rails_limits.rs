#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Limits that are shared with Rails: its rows, what it does to them, and what it leaves behind when it dies.

#[path = "rails_limits/ruby_classes.rs"]
mod ruby_classes;
mod support;

use std::time::Duration;

use db::Timestamp;
use serde::{Deserialize, Serialize};
use solid_queue::{
    Concurrency, Controls, Job, JobResult, OnConflict, PerformLater as _, Queue, Registry, testing,
};
use support::controlled::{Controlled, Still, limited, moment};
use support::jobs::Context;
use support::{ENQUEUED_SAMPLE, QUEUE_SAMPLE, Running, Temp, config, wait_for};

/// As the classes of the Rails application that wrote the samples.
#[derive(Serialize, Deserialize)]
struct LimitedJob(String, f64);

impl Job for LimitedJob {
    const NAME: &'static str = "LimitedJob";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(self.0);
        Ok(())
    }

    fn controls(&self) -> Controls {
        let limit = Concurrency::key(&self.0).duration(Duration::from_mins(5));
        Controls::new().concurrency(limit)
    }
}

#[derive(Serialize, Deserialize)]
struct DiscardLimitedJob(String, f64);

impl Job for DiscardLimitedJob {
    const NAME: &'static str = "DiscardLimitedJob";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(self.0);
        Ok(())
    }

    fn controls(&self) -> Controls {
        let limit = Concurrency::key(&self.0).duration(Duration::from_mins(5));
        Controls::new().concurrency(limit.on_conflict(OnConflict::Discard))
    }
}

fn registry() -> Registry<Context> {
    support::controlled::registry()
        .register::<LimitedJob>()
        .register::<DiscardLimitedJob>()
}

#[tokio::test]
async fn jobs_that_rails_enqueued_keep_their_limits() {
    let still = sample(ENQUEUED_SAMPLE).await;
    let blocked = testing::enqueued(&still.queue)
        .await
        .unwrap()
        .pop()
        .unwrap();
    let key = "LimitedJob/acct1".to_owned();
    assert_eq!(blocked.waits_for, testing::WaitsFor::Room { key });
    run(&still).await;
    assert_eq!(still.context.notes(), ["acct1", "acct1", "acct2", "acct3"]);
    assert_eq!(still.temp.texts(SEMAPHORES).await, FREE);
    assert_eq!(still.temp.count("solid_queue_blocked_executions").await, 0);
}

#[tokio::test]
async fn ours_wait_for_theirs() {
    let still = sample(ENQUEUED_SAMPLE).await;
    LimitedJob("acct2".into(), 1.0)
        .perform_later(&still.queue)
        .await
        .unwrap();
    let refused = DiscardLimitedJob("acct3".into(), 1.0)
        .perform_later(&still.queue)
        .await;
    refused.unwrap_err();
    let blocked = "SELECT concurrency_key AS value FROM solid_queue_blocked_executions ORDER BY 1";
    assert_eq!(
        still.temp.texts(blocked).await,
        ["LimitedJob/acct1", "LimitedJob/acct2"]
    );
}

#[tokio::test]
async fn an_expired_semaphore_lets_nobody_in_while_their_job_runs() {
    // Job 19 runs in a worker of Rails, 20 is blocked by it. Its semaphore expired long ago.
    let still = sample(QUEUE_SAMPLE).await;
    LimitedJob("acct9".into(), 0.0)
        .perform_later(&still.queue)
        .await
        .unwrap();
    assert_eq!(still.temp.count("solid_queue_blocked_executions").await, 2);
    let semaphore = "SELECT value FROM solid_queue_semaphores WHERE key = 'LimitedJob/acct9'";
    assert_eq!(still.temp.texts(semaphore).await, ["0"]);
    // Nor when Rails deleted it.
    still
        .temp
        .execute("DELETE FROM solid_queue_semaphores")
        .await;
    LimitedJob("acct9".into(), 0.0)
        .perform_later(&still.queue)
        .await
        .unwrap();
    assert_eq!(still.temp.count("solid_queue_blocked_executions").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_semaphore_lets_nobody_in_while_our_job_runs() {
    let (temp, queue, context) = app();
    let running = start(&temp, &context);
    held("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    // What a dispatcher of Rails does once the duration is over.
    temp.execute("DELETE FROM solid_queue_semaphores").await;
    held("b").perform_later(&queue).await.unwrap();
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 0"]);
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 1);
    context.gate.add_permits(2);
    wait_for("the other job", async || context.has("b ended")).await;
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_semaphore_of_a_running_job_is_renewed() {
    let (temp, queue, context) = app();
    let running = start(&temp, &context);
    held("a").perform_later(&queue).await.unwrap();
    limited("short", "done", 1)
        .perform_later(&queue)
        .await
        .unwrap();
    let finished = "solid_queue_jobs WHERE finished_at IS NOT NULL";
    wait_for("the jobs", async || {
        context.has("a") && temp.count(finished).await == 1
    })
    .await;
    let soon = Timestamp::now().after(Duration::from_secs(5));
    temp.execute(format!(
        "UPDATE solid_queue_semaphores SET expires_at = '{soon}'"
    ))
    .await;
    let renewed = format!("solid_queue_semaphores WHERE expires_at > '{soon}'");
    wait_for("the renewal", async || temp.count(&renewed).await == 1).await;
    let left = "SELECT key AS value FROM solid_queue_semaphores ORDER BY expires_at DESC LIMIT 1";
    assert_eq!(temp.texts(left).await, ["k"]);
    context.gate.add_permits(1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_a_dead_process_of_rails_did_not_give_back_is_found() {
    let (temp, queue, context) = app();
    limited("a", "k", 1).perform_later(&queue).await.unwrap();
    limited("b", "k", 1).perform_later(&queue).await.unwrap();
    // A worker of Rails finished the first, and died before it signalled the semaphore.
    temp.execute(
        "DELETE FROM solid_queue_ready_executions;
         UPDATE solid_queue_jobs SET finished_at = updated_at WHERE id = 1;",
    )
    .await;
    let running = start(&temp, &context);
    wait_for("the blocked job", async || context.has("b ended")).await;
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_rails_gave_back_without_looking_for_blocked_jobs_is_found() {
    let (temp, queue, context) = app();
    limited("a", "k", 1).perform_later(&queue).await.unwrap();
    limited("b", "k", 1).perform_later(&queue).await.unwrap();
    temp.execute(
        "DELETE FROM solid_queue_jobs WHERE id = 1;
         UPDATE solid_queue_semaphores SET value = value + 1;",
    )
    .await;
    let running = start(&temp, &context);
    wait_for("the blocked job", async || context.has("b ended")).await;
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 1"]);
}

#[tokio::test]
async fn a_worker_of_rails_may_finish_our_job() {
    let still = Still::new();
    still.enqueue(limited("a", "k", 1)).await;
    still
        .temp
        .execute(
            "DELETE FROM solid_queue_ready_executions;
             UPDATE solid_queue_jobs SET finished_at = updated_at;
             UPDATE solid_queue_semaphores SET value = value + 1;",
        )
        .await;
    still.enqueue(limited("b", "k", 1)).await;
    assert_eq!(still.waiting().await, ["b"]);
    still.run().await;
    assert_eq!(still.semaphore("k").await, ["1"]);
}

#[tokio::test]
async fn a_semaphore_that_says_too_much_is_not_believed() {
    let still = Still::new();
    still.enqueue(limited("a", "k", 2)).await;
    still
        .temp
        .execute("UPDATE solid_queue_semaphores SET value = 9")
        .await;
    still.enqueue(limited("b", "k", 2)).await;
    assert_eq!(still.semaphore("k").await, ["0"]);
    still
        .temp
        .execute("UPDATE solid_queue_semaphores SET value = 9")
        .await;
    still.enqueue(limited("c", "k", 2)).await;
    assert_eq!(still.waiting().await, ["a", "b", "c for k"]);
}

#[tokio::test]
async fn a_job_that_rails_forced_in_leaves_the_semaphore_right() {
    let still = Still::new();
    // Mission Control's "run now" takes no place: the job runs beyond the limit.
    still.enqueue(limited("a", "k", 1)).await;
    still.enqueue(limited("forced", "k", 1)).await;
    still
        .temp
        .execute(
            "INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
               SELECT job_id, queue_name, priority, created_at FROM solid_queue_blocked_executions;
             DELETE FROM solid_queue_blocked_executions;",
        )
        .await;
    still.enqueue(limited("c", "k", 1)).await;
    assert_eq!(still.waiting().await, ["a", "forced", "c for k"]);
    assert_eq!(still.run().await, ["a", "forced", "c"]);
    assert_eq!(still.semaphore("k").await, ["1"]);
}

const SEMAPHORES: &str =
    "SELECT key || ' ' || value AS value FROM solid_queue_semaphores ORDER BY key";
const FREE: [&str; 3] = [
    "DiscardLimitedJob/acct3 1",
    "LimitedJob/acct1 1",
    "LimitedJob/acct2 1",
];

/// Rows of Rails, some days later.
async fn sample(dump: &str) -> Still {
    let still = Still::on(Temp::with_rows(dump).await);
    assert!(still.clock.now() > moment("2026-11-23 00:00:00"));
    still
}

async fn run(still: &Still) {
    testing::run_pending(&still.queue, registry(), &still.context)
        .await
        .unwrap();
}

fn app() -> (Temp, Queue, Context) {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    (temp, queue, context)
}

fn held(name: &str) -> Controlled {
    limited(name, "k", 1).held()
}

fn start(temp: &Temp, context: &Context) -> Running {
    Running::start(
        temp.database.clone(),
        config(2),
        registry(),
        context.clone(),
    )
}
