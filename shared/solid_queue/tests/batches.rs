#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What becomes of the jobs of a batch, and what it enqueues then.

mod support;

use std::time::Duration;

use db::Timestamp;
use serde_json::json;
use solid_queue::{
    Batch, BatchError, BatchId, BatchState, Clock, Enqueue, InProcessConfig, PerformLater as _,
    Queue, testing,
};
use support::Temp;
use support::batch_jobs::{Grow, Single, app, batch_registry, progress, report, reporting};
use support::jobs::{Context, Dropped, Failing, Flaky, note};

#[tokio::test]
async fn a_batch_is_stored_as_rails_stores_it() {
    let temp = Temp::new();
    let now: Timestamp = "2026-11-23 12:00:00".parse().unwrap();
    let queue = Queue::solid_at(temp.database.clone(), Clock::fixed(now));
    let id = Batch::new()
        .on_success(report("success"))
        .add(note("a"))
        .add(note("b").set(Enqueue::new().wait(Duration::from_mins(1)).queue("low")))
        .enqueue(&queue)
        .await
        .unwrap();

    let row = "SELECT json_array(id, description, metadata, total_jobs, completed_jobs, failed_jobs, enqueued_at,
        finished_at, failed_at, created_at, updated_at, on_failure, on_finish, length(active_job_batch_id)) AS value
        FROM solid_queue_batches";
    let at = "2026-11-23 12:00:00";
    let expected = json!([
        id.0, null, "{}", 2, 0, 0, at, null, null, at, at, null, null, 36
    ]);
    assert_eq!(temp.texts(row).await, [expected.to_string()]);

    let callback = "SELECT on_success -> '$.job_class' || (on_success -> '$.queue_name') || (on_success -> '$.priority')
        || (on_success -> '$.scheduled_at') || coalesce(on_success -> '$.batch_id', ' none') AS value
        FROM solid_queue_batches";
    assert_eq!(
        temp.texts(callback).await,
        [r#""Report""reports"7null none"#]
    );

    let jobs = "SELECT json_array(jobs.queue_name, jobs.batch_id, arguments -> '$.batch_id', rows.batch_id, rows.created_at)
        AS value FROM solid_queue_jobs jobs JOIN solid_queue_batch_executions rows ON rows.job_id = jobs.id ORDER BY jobs.id";
    let expected = ["default", "low"].map(|queue| json!([queue, id.0, id.0, id.0, at]).to_string());
    assert_eq!(temp.texts(jobs).await, expected);
    assert_eq!(temp.count("solid_queue_scheduled_executions").await, 1);
}

#[tokio::test]
async fn a_batch_without_failures_succeeds() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let batch = reporting()
        .description("import")
        .metadata(json!({ "file": "a.csv" }));
    let id = batch
        .add_all(["a", "b", "c"].map(note))
        .enqueue(&queue)
        .await
        .unwrap();
    assert_eq!(progress(&queue, id).await, "Enqueued 3/0/0/3");
    run(&queue, &context).await;
    assert_eq!(
        context.notes(),
        [
            "a",
            "b",
            "c",
            "success: 3 completed, 0 failed",
            "finish: 3 completed, 0 failed"
        ]
    );
    let status = queue.batch(id).await.unwrap().unwrap();
    assert_eq!(status.state, BatchState::Completed);
    assert_eq!(status.description.as_deref(), Some("import"));
    assert_eq!(status.metadata["file"], "a.csv");
    assert!(status.finished_at > status.enqueued_at && status.failed_at.is_none());
    assert_eq!(temp.count("solid_queue_batch_executions").await, 0);
}

#[tokio::test]
async fn a_callback_is_an_ordinary_job_that_knows_its_batch() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = Batch::new()
        .on_finish(report("finish").set(Enqueue::new().wait(Duration::from_mins(1)).queue("late")))
        .add(note("a"))
        .enqueue(&queue)
        .await
        .unwrap();
    run(&queue, &context).await;
    let callback = "SELECT json_array(class_name, queue_name, priority, batch_id, concurrency_key,
        active_job_id = arguments ->> '$.job_id', arguments -> '$.callback_batch_id', arguments -> '$.batch_id') AS value
        FROM solid_queue_jobs jobs WHERE queue_name = 'late'";
    let expected = json!(["Report", "late", 7, null, "Report/finish", 1, id.0, null]);
    assert_eq!(temp.texts(callback).await, [expected.to_string()]);
    assert_eq!(temp.count("solid_queue_scheduled_executions").await, 1);
    assert_eq!(progress(&queue, id).await, "Completed 1/1/0/0");
}

#[tokio::test]
async fn a_batch_with_failures_fails_when_all_have_ended() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = reporting()
        .add(failing())
        .add(note("a"))
        .add(note("later").set(Enqueue::new().wait(Duration::from_mins(10))))
        .enqueue(&queue)
        .await
        .unwrap();
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Enqueued 3/1/1/1");
    let status = queue.batch(id).await.unwrap().unwrap();
    assert!((status.progress_percentage() - 66.67).abs() < f64::EPSILON);
    assert_eq!(context.notes(), ["a"]);

    make_due(&temp).await;
    run(&queue, &context).await;
    let status = queue.batch(id).await.unwrap().unwrap();
    assert_eq!(status.state, BatchState::Failed);
    assert_eq!(status.failed_at, status.finished_at);
    assert_eq!(
        context.notes()[2..],
        [
            "failure: 2 completed, 1 failed",
            "finish: 2 completed, 1 failed"
        ]
    );
}

#[tokio::test]
async fn an_empty_batch_finishes_at_once() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = reporting().enqueue(&queue).await.unwrap();
    assert_eq!(progress(&queue, id).await, "Completed 0/0/0/0");
    let keys = "SELECT concurrency_key AS value FROM solid_queue_jobs ORDER BY id";
    assert_eq!(temp.texts(keys).await, ["Report/success", "Report/finish"]);
    run(&queue, &context).await;
    assert_eq!(context.notes().len(), 2);
}

#[tokio::test]
async fn a_job_that_is_tried_again_counts_once() {
    let temp = Temp::new();
    let clock = Clock::fixed(Timestamp::now());
    let queue = Queue::solid_at(temp.database.clone(), clock.clone());
    let context = Context::new(queue.clone());
    let batch = reporting().add(Flaky { failures: 2 });
    let id = batch.enqueue(&queue).await.unwrap();
    for attempt in 1..=2 {
        run(&queue, &context).await;
        assert_eq!(context.notes().len(), attempt);
        assert_eq!(progress(&queue, id).await, "Enqueued 1/0/0/1");
        clock.advance(Duration::from_secs(1));
    }
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Completed 1/1/0/0");
    let attempts = format!("solid_queue_jobs WHERE batch_id = {id} AND finished_at IS NOT NULL");
    assert_eq!(temp.count(&attempts).await, 3);
    assert_eq!(context.notes()[3..].len(), 2);
}

#[tokio::test]
async fn discarded_jobs_count_as_completed() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let later = Single.set(Enqueue::new().wait(Duration::from_mins(10)));
    // The second is kept out at once, the third when its time comes.
    let batch = reporting().add(Dropped).add(Single).add(Single).add(later);
    let id = batch.enqueue(&queue).await.unwrap();
    assert_eq!(progress(&queue, id).await, "Enqueued 4/1/0/3");
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Enqueued 4/3/0/1");

    Single.perform_later(&queue).await.unwrap();
    make_due(&temp).await;
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Completed 4/4/0/0");
    assert_eq!(
        context.notes(),
        [
            "single",
            "single",
            "success: 4 completed, 0 failed",
            "finish: 4 completed, 0 failed"
        ]
    );
}

#[tokio::test]
async fn jobs_add_jobs_to_their_own_batch() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = reporting().add(Grow(3)).enqueue(&queue).await.unwrap();
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Completed 4/4/0/0");
    assert_eq!(context.notes().len(), 4 + 2);
    Grow(3).perform_later(&queue).await.unwrap();
    run(&queue, &context).await;
    assert_eq!(context.notes().len(), 7, "no batch, nothing to grow");
}

#[tokio::test]
async fn a_finished_batch_takes_no_more_jobs() {
    let temp = Temp::new();
    let (queue, _) = app(&temp);
    let id = Batch::new().enqueue(&queue).await.unwrap();
    let refused = id
        .add(note("late"))
        .add_all([note("later")])
        .enqueue(&queue)
        .await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, BatchError::Finished { id: of } if of == id));
    assert_eq!(
        refused.to_string(),
        format!("could not add jobs to batch {id}: it is finished")
    );
    let nobody = BatchId(99);
    let refused = nobody.add(note("late")).enqueue(&queue).await.unwrap_err();
    assert!(matches!(refused, BatchError::Missing { id } if id == nobody));
    assert_eq!(temp.count("solid_queue_jobs").await, 0);
    assert_eq!(queue.batch(nobody).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_of_a_batch_that_is_gone_runs_as_any_other() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let batch = Batch::new()
        .add(note("a"))
        .add(Flaky { failures: 2 })
        .add(failing());
    batch.enqueue(&queue).await.unwrap();
    temp.execute("DELETE FROM solid_queue_batches").await;
    run(&queue, &context).await;
    make_due(&temp).await;
    run(&queue, &context).await;
    assert_eq!(context.notes(), ["a", "tried", "tried"]);
    assert_eq!(temp.count("solid_queue_failed_executions").await, 1);
    assert_eq!(temp.count("solid_queue_batch_executions").await, 0);
}

#[tokio::test]
async fn metadata_are_an_object() {
    let temp = Temp::new();
    let (queue, _) = app(&temp);
    let refused = Batch::new().metadata(json!([1])).enqueue(&queue).await;
    assert!(matches!(refused.unwrap_err(), BatchError::Metadata));
    assert_eq!(temp.count("solid_queue_batches").await, 0);
}

#[tokio::test]
async fn the_in_process_queue_keeps_no_batches() {
    let (queue, _runner) = Queue::in_process(InProcessConfig::default());
    let refused = Batch::new().add(note("a")).enqueue(&queue).await;
    assert!(matches!(refused.unwrap_err(), BatchError::InProcess));
    let refused = BatchId(1).add(note("a")).enqueue(&queue).await;
    assert!(matches!(refused.unwrap_err(), BatchError::InProcess));
    let refused = queue.batch(BatchId(1)).await;
    assert!(matches!(refused.unwrap_err(), BatchError::InProcess));
    assert_eq!(testing::enqueued(&queue).await.unwrap(), []);
}

async fn run(queue: &Queue, context: &Context) {
    testing::run_pending(queue, batch_registry(), context)
        .await
        .unwrap();
}

/// As if the time of the scheduled jobs had come.
async fn make_due(temp: &Temp) {
    temp.execute(
        "UPDATE solid_queue_scheduled_executions SET scheduled_at = '2020-01-01 00:00:00'",
    )
    .await;
}

fn failing() -> Failing {
    Failing {
        message: "no".into(),
    }
}
