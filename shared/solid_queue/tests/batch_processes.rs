#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Batches among several processes, after crashes, and beside Rails.

mod support;

use std::time::Duration;

use db::{Database, Timestamp};
use serde_json::json;
use solid_queue::{Batch, BatchId, Config, DispatcherConfig};
use support::batch_jobs::{Fragile, app, batch_registry, progress, reporting};
use support::jobs::{Context, Failing, held, note};
use support::{Running, Temp, config, insert, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_are_enqueued_once_when_two_workers_end_the_last_jobs() {
    const BATCHES: usize = 20;
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let others = temp.other();
    let workers =
        [temp.database.clone(), others].map(|database| start(database, config(1), &context));
    for round in 0..BATCHES {
        let batch = Batch::new().on_finish(note(&format!("finish {round}")));
        let batch = batch.add_all(["a", "b"].map(held));
        let id = batch.enqueue(&queue).await.unwrap();
        let claims = "solid_queue_claimed_executions";
        wait_for("two claims", async || temp.count(claims).await == 2).await;
        context.gate.add_permits(2);
        wait_for("the callback", async || {
            context.has(&format!("finish {round}"))
        })
        .await;
        assert_eq!(progress(&queue, id).await, "Completed 2/2/0/0");
        wait_for("its end", async || temp.count(claims).await == 0).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(temp.count("solid_queue_jobs").await, 3 * 20);
    assert_eq!(
        temp.count("solid_queue_jobs WHERE finished_at IS NULL")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_failed_by_a_crash_ends_its_batch() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let batch = reporting().add(Fragile).add(note("put back"));
    let id = batch.enqueue(&queue).await.unwrap();
    temp.execute(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
           SELECT job_id, 99, created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;",
    )
    .await;
    let running = start(temp.database.clone(), config(1), &context);
    wait_for("the callbacks", async || context.notes().len() == 3).await;
    running.stop().await;
    assert_eq!(progress(&queue, id).await, "Failed 2/1/1/0");
    assert_eq!(
        context.notes(),
        [
            "put back",
            "failure: 1 completed, 1 failed",
            "finish: 1 completed, 1 failed"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_counts_as_completed() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = reporting().add(held("a")).enqueue(&queue).await.unwrap();
    let running = start(temp.database.clone(), config(1), &context);
    wait_for("the job", async || context.has("a began")).await;
    temp.execute(
        "INSERT INTO trifecta_cancellations SELECT job_id, created_at FROM solid_queue_claimed_executions",
    )
    .await;
    wait_for("the callbacks", async || context.notes().len() == 3).await;
    running.stop().await;
    assert_eq!(progress(&queue, id).await, "Completed 1/1/0/0");
    assert!(!context.has("a ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_finish_where_finished_jobs_are_not_kept() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let batch = reporting().add_all(["a", "b"].map(note)).add(failing());
    let id = batch.enqueue(&queue).await.unwrap();
    let config = Config {
        preserve_finished_jobs: false,
        ..config(1)
    };
    let running = start(temp.database.clone(), config, &context);
    wait_for("the callbacks", async || context.notes().len() == 4).await;
    running.stop().await;
    assert_eq!(progress(&queue, id).await, "Failed 3/2/1/0");
    assert_eq!(temp.count("solid_queue_jobs").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_rails_made_enqueues_what_rails_stored() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = rails_batch(&temp).await;
    let worker = Config {
        workers: vec![solid_queue::WorkerConfig {
            queues: vec!["default".into()],
            ..solid_queue::WorkerConfig::default()
        }],
        ..config(1)
    };
    let running = start(temp.database.clone(), worker, &context);
    wait_for("the end", async || {
        temp.count("solid_queue_batches WHERE finished_at IS NOT NULL")
            .await
            == 1
    })
    .await;
    running.stop().await;
    assert_eq!(progress(&queue, id).await, "Completed 1/1/0/0");
    let callback =
        "SELECT json_array(class_name, jobs.queue_name, jobs.priority, active_job_id, batch_id,
          arguments -> '$.callback_batch_id', arguments -> '$.arguments', arguments ->> '$.locale',
          arguments ->> '$.own_key', jobs.scheduled_at = batches.finished_at) AS value
        FROM solid_queue_jobs jobs JOIN solid_queue_ready_executions ready ON ready.job_id = jobs.id
        JOIN solid_queue_batches batches";
    let expected = json!([
        "NotifyJob",
        "ruby",
        5,
        JOB_ID,
        null,
        id.0,
        ["x"],
        "de",
        17,
        1
    ]);
    assert_eq!(temp.texts(callback).await, [expected.to_string()]);
}

const JOB_ID: &str = "0b6d1f0e-7a53-4f7b-9d61-2e1a7f5c1d11";

/// One job and a callback of a Ruby class, with a key of its own.
async fn rails_batch(temp: &Temp) -> BatchId {
    let callback = json!({
        "job_class": "NotifyJob", "job_id": JOB_ID, "provider_job_id": null, "queue_name": "ruby", "priority": 5,
        "arguments": ["x"], "executions": 0, "exception_executions": {}, "locale": "de", "timezone": "UTC",
        "enqueued_at": "2026-11-23T12:00:00.000000000Z", "scheduled_at": null, "own_key": 17
    });
    let at = "2026-11-23 12:00:00.5";
    let id = insert(&temp.database, format!(
        "INSERT INTO solid_queue_batches (active_job_batch_id, on_success, metadata, total_jobs, enqueued_at, created_at, updated_at)
         VALUES ('f7c0', '{callback}', '{{}}', 1, '{at}', '{at}', '{at}') RETURNING id"
    )).await;
    let arguments =
        json!({ "job_class": "Note", "job_id": "1", "arguments": ["a"], "batch_id": id });
    temp.execute(format!(
        "INSERT INTO solid_queue_jobs (queue_name, class_name, arguments, active_job_id, scheduled_at, created_at, updated_at, batch_id)
           VALUES ('default', 'Note', '{arguments}', '1', '{at}', '{at}', '{at}', {id});
         INSERT INTO solid_queue_batch_executions (job_id, batch_id, created_at)
           SELECT id, batch_id, created_at FROM solid_queue_jobs;
         INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
           SELECT id, queue_name, priority, created_at FROM solid_queue_jobs;"
    ))
    .await;
    BatchId(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dispatcher_finishes_batches_that_nobody_finished() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(reporting().add(note("a")).enqueue(&queue).await.unwrap());
    }
    let &[finished, failed, deleted, unstarted, starting, open] = ids.as_slice() else {
        unreachable!("there are six");
    };
    let (now, old) = (
        Timestamp::now(),
        Timestamp::now().before(Duration::from_mins(6)),
    );
    temp.execute(format!(
        "UPDATE solid_queue_jobs SET finished_at = '{now}' WHERE batch_id = {finished};
         INSERT INTO solid_queue_failed_executions (job_id, created_at)
           SELECT id, created_at FROM solid_queue_jobs WHERE batch_id = {failed};
         DELETE FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_jobs WHERE batch_id IN ({deleted}, {unstarted}, {starting});
         UPDATE solid_queue_batches SET enqueued_at = NULL WHERE id IN ({unstarted}, {starting});
         UPDATE solid_queue_batches SET created_at = '{old}' WHERE id = {unstarted};"
    ))
    .await;
    let running = start(temp.database.clone(), dispatcher_only(), &context);
    wait_for("the ends", async || {
        temp.count("solid_queue_batches WHERE finished_at IS NOT NULL")
            .await
            == 4
    })
    .await;
    running.stop().await;
    assert_eq!(progress(&queue, finished).await, "Completed 1/1/0/0");
    assert_eq!(progress(&queue, failed).await, "Failed 1/0/1/0");
    assert_eq!(progress(&queue, deleted).await, "Completed 1/1/0/0");
    assert_eq!(progress(&queue, unstarted).await, "Completed 1/1/0/0");
    assert_eq!(progress(&queue, starting).await, "Pending 1/1/0/0");
    assert_eq!(progress(&queue, open).await, "Enqueued 1/0/0/1");
    let callbacks = "SELECT arguments ->> '$.arguments[0].on' AS value FROM solid_queue_jobs
        WHERE class_name = 'Report' ORDER BY value";
    let expected = [vec!["failure"], vec!["finish"; 4], vec!["success"; 3]].concat();
    assert_eq!(temp.texts(callbacks).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_left_alone_where_their_maintenance_is_off() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = Batch::new().add(note("a")).enqueue(&queue).await.unwrap();
    temp.execute(
        "DELETE FROM solid_queue_jobs;
         INSERT INTO solid_queue_semaphores (key, expires_at, created_at, updated_at)
           VALUES ('old', '2020-01-01 00:00:00', '2020-01-01 00:00:00', '2020-01-01 00:00:00');",
    )
    .await;
    let mut off = dispatcher_only();
    off.dispatchers[0].batch_maintenance = false;
    let running = start(temp.database.clone(), off, &context);
    wait_for("the maintenance", async || {
        temp.count("solid_queue_semaphores").await == 0
    })
    .await;
    running.stop().await;
    assert_eq!(progress(&queue, id).await, "Enqueued 1/1/0/0");
}

fn start(database: Database, config: Config, context: &Context) -> Running {
    Running::start(database, config, batch_registry(), context.clone())
}

fn dispatcher_only() -> Config {
    Config {
        workers: Vec::new(),
        dispatchers: vec![DispatcherConfig::default()],
        ..Config::default()
    }
}

fn failing() -> Failing {
    Failing {
        message: "no".into(),
    }
}
