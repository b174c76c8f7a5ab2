#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What people do by hand to batches and their jobs.

mod support;

use std::time::Duration;

use db::Timestamp;
use solid_queue::manage::{Jobs, Status};
use solid_queue::{
    Batch, ClearFinished, Enqueue, PerformLater as _, Queue, clear_finished_in_batches, testing,
};
use support::Temp;
use support::batch_jobs::{Broken, app, batch_registry, progress, reporting};
use support::jobs::{Context, note};

#[tokio::test]
async fn a_job_that_is_retried_before_the_end_counts_again() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let late = note("late").set(Enqueue::new().wait(Duration::from_mins(10)));
    let batch = reporting().add(Broken).add(late);
    let id = batch.enqueue(&queue).await.unwrap();
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Enqueued 2/0/1/1");

    assert_eq!(failed(&temp).retry_all().await.unwrap(), 1);
    assert_eq!(progress(&queue, id).await, "Enqueued 2/0/0/2");
    context.note("mended");
    make_due(&temp).await;
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Completed 2/2/0/0");
    assert!(context.has("success: 2 completed, 0 failed"));
}

#[tokio::test]
async fn a_job_that_is_retried_after_the_end_changes_nothing() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let id = reporting().add(Broken).enqueue(&queue).await.unwrap();
    run(&queue, &context).await;
    assert_eq!(progress(&queue, id).await, "Failed 1/0/1/0");

    context.note("mended");
    let notes = context.notes();
    assert_eq!(failed(&temp).retry_all().await.unwrap(), 1);
    assert_eq!(temp.count("solid_queue_batch_executions").await, 0);
    run(&queue, &context).await;
    assert_eq!(temp.count("solid_queue_failed_executions").await, 0);
    assert_eq!(context.notes(), notes, "no callback");
    assert_eq!(progress(&queue, id).await, "Failed 1/0/1/0");
}

#[tokio::test]
async fn jobs_that_are_discarded_by_hand_count_as_completed() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let batch = reporting().add(Broken).add_all(["a", "b"].map(note));
    let later = note("later").set(Enqueue::new().wait(Duration::from_mins(10)));
    let id = batch.add(later).enqueue(&queue).await.unwrap();
    let jobs = || Jobs::new(&temp.database).registry(&batch_registry());
    let waiting = jobs().class("Note").status(Status::Ready);
    assert_eq!(waiting.discard_all().await.unwrap(), 2);
    assert_eq!(progress(&queue, id).await, "Enqueued 4/2/0/2");
    run(&queue, &context).await;
    assert_eq!(failed(&temp).discard_all().await.unwrap(), 1);
    assert_eq!(progress(&queue, id).await, "Enqueued 4/3/0/1");
    let scheduled = jobs().status(Status::Scheduled);
    assert_eq!(scheduled.discard_all().await.unwrap(), 1);
    assert_eq!(progress(&queue, id).await, "Completed 4/4/0/0");
    run(&queue, &context).await;
    assert_eq!(
        context.notes(),
        [
            "success: 4 completed, 0 failed",
            "finish: 4 completed, 0 failed"
        ]
    );
}

#[tokio::test]
async fn finished_batches_are_cleared_unless_they_failed() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let succeeded = Batch::new().add(note("a")).enqueue(&queue).await.unwrap();
    let failed = Batch::new().add(Broken).enqueue(&queue).await.unwrap();
    run(&queue, &context).await;
    let open = Batch::new().add(note("b")).enqueue(&queue).await.unwrap();
    let which = ClearFinished {
        class_name: Some("Note".into()),
        ..ClearFinished::before(Timestamp::now())
    };
    assert_eq!(
        clear_finished_in_batches(&temp.database, &which)
            .await
            .unwrap(),
        1
    );
    assert_eq!(temp.count("solid_queue_batches").await, 3);
    let which = ClearFinished {
        batch_size: 1,
        ..ClearFinished::before(Timestamp::now())
    };
    assert_eq!(
        clear_finished_in_batches(&temp.database, &which)
            .await
            .unwrap(),
        0
    );
    assert_eq!(queue.batch(succeeded).await.unwrap(), None);
    assert_eq!(progress(&queue, failed).await, "Failed 1/0/1/0");
    assert_eq!(progress(&queue, open).await, "Enqueued 1/0/0/1");
}

fn failed(temp: &Temp) -> Jobs {
    Jobs::new(&temp.database)
        .registry(&batch_registry())
        .status(Status::Failed)
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
