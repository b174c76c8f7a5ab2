#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What becomes of processes that others took for dead.

mod support;

use std::time::Duration;

use solid_queue::{Config, PerformLater as _, Queue};
use support::jobs::{Context, held, note, registry};
use support::{Running, Temp, config, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_his_claim_decides_nothing() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    held("a").perform_later(&queue).await.unwrap();
    let running = Running::start(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    wait_for("the job", async || context.has("a began")).await;
    temp.execute(
        "INSERT INTO solid_queue_failed_executions (job_id, error, created_at)
           SELECT job_id, '{}', created_at FROM solid_queue_claimed_executions;
         DELETE FROM solid_queue_claimed_executions;",
    )
    .await;
    context.gate.add_permits(1);
    note("b").perform_later(&queue).await.unwrap();
    wait_for("the next job", async || finished(&temp).await == 1).await;
    running.stop().await;
    assert_eq!(temp.count("solid_queue_failed_executions").await, 1);
    let unfinished = "SELECT class_name AS value FROM solid_queue_jobs WHERE finished_at IS NULL";
    assert_eq!(temp.texts(unfinished).await, ["Held"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_others_removed_is_replaced() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let running = Running::start(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    temp.execute("DELETE FROM solid_queue_processes WHERE kind = 'Worker'")
        .await;
    note("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    assert_eq!(temp.count("solid_queue_processes").await, 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_that_others_removed_begins_anew() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let fast = Config {
        process_heartbeat_interval: Duration::from_millis(20),
        ..config(1)
    };
    let running = Running::start(temp.database.clone(), fast, registry(), context.clone());
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    temp.execute("DELETE FROM solid_queue_processes").await;
    wait_for("the new start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    note("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    running.stop().await;
    assert_eq!(temp.count("solid_queue_processes").await, 0);
}

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

async fn finished(temp: &Temp) -> i64 {
    temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await
}
