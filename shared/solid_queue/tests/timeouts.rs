#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Jobs that are stopped: by their time limit, by somebody, by the end of their process.

#[path = "support/stoppable.rs"]
mod stoppable;
mod support;

use std::time::Duration;

use solid_queue::{Config, JobId, PerformLater as _, Queue, Supervisor, WorkerConfig, cancel};
use stoppable::{Blocking, Context, Explosive, Quick, Slow, Stubborn, endless, registry};
use support::{Running, Temp, config, wait_for};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_takes_too_long_is_dropped_with_an_error() {
    let (temp, queue, context) = app();
    let running = start(&temp, config(1), &context);
    Slow.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    assert_eq!(context.count("slow"), 2);
    let error =
        "SELECT json_extract(error, '$.message') AS value FROM solid_queue_failed_executions";
    let message = "the job took longer than its limit of 0.02 s";
    assert_eq!(temp.texts(error).await, [message]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_blocks_its_thread_for_too_long_is_given_up() {
    let (temp, queue, context) = app();
    // Nobody would look for an hour, were there no time limit.
    let running = start(&temp, seldom(2), &context);
    Blocking.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 0);
    assert!(!context.has("blocking ended"));
    // Its thread is taken, the other is free.
    Quick.perform_later(&queue).await.unwrap();
    wait_for("another job", async || context.has("quick")).await;
    context.open_door();
    wait_for("its end", async || context.has("blocking ended")).await;
    running.stop().await;
    assert_eq!(failed(&temp).await, 1);
    assert_eq!(
        temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_panics_when_it_is_dropped_fails() {
    let (temp, queue, context) = app();
    let running = start(&temp, config(1), &context);
    Explosive.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    running.stop().await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_is_gone_and_its_place_and_key_are_free() {
    let (temp, queue, context) = app();
    let running = start(&temp, seldom(1), &context);
    let first = endless("a").perform_later(&queue).await.unwrap();
    let second = endless("b").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    assert!(
        !cancel(&temp.database, second).await.unwrap(),
        "it is blocked"
    );
    assert!(!cancel(&temp.database, JobId(99)).await.unwrap());

    // The worker has no room, and looks for cancellations nevertheless.
    assert!(cancel(&temp.other(), first).await.unwrap());
    wait_for("the next", async || context.has("b")).await;
    assert!(context.has("a dropped"));
    assert_eq!(
        temp.texts("SELECT id AS value FROM solid_queue_jobs").await,
        ["2"]
    );
    assert_eq!(temp.count("trifecta_cancellations").await, 0);
    assert_ne!(endless("a").perform_later(&queue).await.unwrap(), first);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_cancelled_job_that_blocks_its_thread_is_gone_too() {
    let (temp, queue, context) = app();
    let running = start(&temp, seldom(1), &context);
    let job = Stubborn.perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("stubborn")).await;
    assert!(cancel(&temp.database, job).await.unwrap());
    wait_for("its end", async || {
        temp.count("solid_queue_jobs").await == 0
    })
    .await;
    assert!(!context.has("stubborn ended"));
    context.open_door();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_to_be_cancelled_does_not_run_again_after_a_crash() {
    let (temp, queue, context) = app();
    let job = endless("a").perform_later(&queue).await.unwrap();
    // A worker without a row: one that died.
    temp.execute(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
           SELECT job_id, 99, created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;",
    )
    .await;
    assert!(cancel(&temp.database, job).await.unwrap());
    let running = start(&temp, config(1), &context);
    wait_for("its end", async || {
        temp.count("solid_queue_jobs").await == 0
    })
    .await;
    running.stop().await;
    assert!(!context.has("a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_puts_running_jobs_back_at_once() {
    let (temp, queue, context) = app();
    let (task, stop, quit) = quittable(&temp, &context);
    endless("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    quit.cancel();
    task.await.unwrap();
    assert!(!stop.is_cancelled());
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    assert_eq!(temp.count("solid_queue_processes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_cuts_a_graceful_stop_short() {
    let (temp, queue, context) = app();
    let (task, stop, quit) = quittable(&temp, &context);
    endless("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    stop.cancel();
    wait_for("the dispatcher's end", async || {
        temp.count("solid_queue_processes").await == 2
    })
    .await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 1);
    quit.cancel();
    task.await.unwrap();
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn quit_does_not_wait_for_jobs_that_block_their_threads() {
    let (temp, queue, context) = app();
    let (task, _stop, quit) = quittable(&temp, &context);
    Stubborn.perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("stubborn")).await;
    quit.cancel();
    task.await.unwrap();
    assert!(!context.has("stubborn ended"));
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    context.open_door();
    wait_for("its end", async || context.has("stubborn ended")).await;
    // Whatever it did yet: it runs again.
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
}

#[test]
fn jobs_that_block_all_threads_delay_neither_heartbeats_nor_time_limits() {
    let jobs = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let looking = tokio::runtime::Runtime::new().unwrap();
    looking.block_on(async {
        let (temp, queue, context) = app();
        let beating = Config {
            process_heartbeat_interval: Duration::from_millis(20),
            ..config(1)
        };
        let stop = CancellationToken::new();
        let supervisor =
            Supervisor::new(temp.database.clone(), beating, registry(), context.clone());
        let task = jobs.spawn(supervisor.run(stop.clone()));
        Blocking.perform_later(&queue).await.unwrap();
        wait_for("the job", async || context.has("blocking")).await;
        let heartbeats = "SELECT min(last_heartbeat_at) AS value FROM solid_queue_processes";
        let before = temp.texts(heartbeats).await;
        wait_for("heartbeats", async || temp.texts(heartbeats).await > before).await;
        wait_for("the failure", async || failed(&temp).await == 1).await;
        context.open_door();
        stop.cancel();
        task.await.unwrap().unwrap();
    });
}

fn app() -> (Temp, Queue, Context) {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    (temp, queue, Context::default())
}

/// A worker that looks for jobs once an hour if nobody tells it to.
fn seldom(threads: u32) -> Config {
    let worker = WorkerConfig {
        polling_interval: Duration::from_hours(1),
        threads,
        ..WorkerConfig::default()
    };
    Config {
        workers: vec![worker],
        shutdown_timeout: Duration::from_millis(20),
        ..config(1)
    }
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    let config = Config {
        shutdown_timeout: Duration::from_millis(20),
        ..config
    };
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

type Task = tokio::task::JoinHandle<()>;

/// A supervisor that would wait for hours for its jobs.
fn quittable(temp: &Temp, context: &Context) -> (Task, CancellationToken, CancellationToken) {
    let patient = Config {
        shutdown_timeout: Duration::from_hours(1),
        ..config(1)
    };
    let (stop, quit) = (CancellationToken::new(), CancellationToken::new());
    let supervisor = Supervisor::new(temp.database.clone(), patient, registry(), context.clone());
    let run = supervisor.quit_on(quit.clone()).run(stop.clone());
    let task = tokio::spawn(async move {
        let ended = tokio::time::timeout(Duration::from_mins(5), run).await;
        ended.expect("it waits for its jobs").unwrap();
    });
    (task, stop, quit)
}

async fn failed(temp: &Temp) -> i64 {
    temp.count("solid_queue_failed_executions").await
}
