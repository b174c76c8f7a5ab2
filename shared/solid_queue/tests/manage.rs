#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What people can do about jobs and queues.

#[path = "manage/discarding.rs"]
mod discarding;
#[path = "manage/scene.rs"]
mod scene;
mod support;

use std::time::Duration;

use scene::{Exclusive, Limited, Scene, classes, fail_many};
use serde_json::json;
use solid_queue::manage::{Cancelled, Queues, Retried, RunNow, Status};
use solid_queue::{Batch, BatchState, Enqueue, EnqueueError, JobId, PerformLater as _};
use support::jobs::{Failing, held, note};
use support::{Running, config, wait_for};

#[tokio::test]
async fn a_retried_job_begins_anew() {
    let scene = Scene::new();
    let id = scene.failed().await;
    scene
        .temp
        .execute(
            "UPDATE solid_queue_jobs SET arguments = json_set(arguments, '$.executions', 3, \
        '$.exception_executions', json('{\"[E]\":3}'), '$.crashes', 2, '$.unknown', 1)",
        )
        .await;
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.jobs.retry(id).await.unwrap(), Retried::Ready);
    let details = scene.jobs.find(id).await.unwrap().unwrap();
    let payload = details.payload;
    assert_eq!(payload["executions"], 0);
    assert_eq!(payload["exception_executions"], json!({}));
    assert_eq!(
        (&payload["crashes"], &payload["unknown"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(details.summary.status, Status::Ready);
    assert_eq!(details.summary.since, Some(scene.clock.now()));
    assert_eq!(scene.temp.count("solid_queue_failed_executions").await, 0);
    assert_eq!(scene.run_pending().await.failures.len(), 1);
}

#[tokio::test]
async fn only_failed_jobs_are_retried() {
    let scene = Scene::new();
    let id = note("x").perform_later(&scene.queue).await.unwrap();
    let error = scene.jobs.retry(id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("job {id} is ready: only failed jobs can be retried")
    );
    let error = scene.jobs.retry(JobId(99)).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no job 99");
    assert_eq!(
        scene
            .jobs
            .clone()
            .status(Status::Ready)
            .retry_all()
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_retried_job_meets_its_limit() {
    let scene = Scene::new();
    let job = Limited {
        account: 1,
        fails: true,
    };
    let failed = job.perform_later(&scene.queue).await.unwrap();
    scene.run_pending().await;
    let ready = scene.limited(1).await;
    assert_eq!(scene.jobs.retry(failed).await.unwrap(), Retried::Blocked);
    scene.jobs.discard(ready).await.unwrap();
    assert_eq!(scene.status(failed).await, Some(Status::Ready));
}

#[tokio::test]
async fn a_retried_job_waits_even_where_a_new_one_would_not() {
    let scene = Scene::new();
    let failed = Exclusive.perform_later(&scene.queue).await.unwrap();
    scene.run_pending().await;
    scene.temp.execute("DELETE FROM trifecta_unique_keys").await;
    Exclusive.perform_later(&scene.queue).await.unwrap();
    assert_eq!(scene.jobs.retry(failed).await.unwrap(), Retried::Blocked);
}

#[tokio::test]
async fn a_job_that_failed_before_its_time_waits_for_it() {
    let scene = Scene::new();
    let id = scene.failed().await;
    scene
        .temp
        .execute("UPDATE solid_queue_jobs SET scheduled_at = '2026-11-23 13:00:00'")
        .await;
    assert_eq!(scene.jobs.retry(id).await.unwrap(), Retried::Scheduled);
    let due = scene
        .temp
        .texts("SELECT scheduled_at AS value FROM solid_queue_scheduled_executions");
    assert_eq!(due.await, ["2026-11-23 13:00:00"]);
}

#[tokio::test]
async fn all_failed_jobs_are_retried_in_batches_through_their_limits() {
    let scene = Scene::new();
    fail_many(&scene).await;
    assert_eq!(
        scene.jobs.clone().queue("odd").retry_all().await.unwrap(),
        650
    );
    assert_eq!(scene.count(Status::Failed).await, 650);
    assert_eq!(scene.jobs.retry_all().await.unwrap(), 650);
    assert_eq!(scene.count(Status::Ready).await, 1_210);
    assert_eq!(scene.count(Status::Blocked).await, 90);
    let executions =
        "SELECT DISTINCT json_extract(arguments, '$.executions') AS value FROM solid_queue_jobs";
    assert_eq!(scene.temp.texts(executions).await, ["0"]);
    assert_eq!(scene.run_pending().await.finished, 1_300);
}

#[tokio::test]
async fn each_batch_is_a_transaction_of_500() {
    let scene = Scene::new();
    fail_many(&scene).await;
    // Who sees a change sees a whole batch.
    let (other, mut seen) = (scene.temp.other(), Vec::new());
    let failed = scene.jobs.clone().class("Note");
    let retrying = tokio::spawn(async move { failed.retry_all().await.unwrap() });
    while !retrying.is_finished() {
        let count = support::texts(
            &other,
            "SELECT count(*) AS value FROM solid_queue_failed_executions",
        );
        seen.push(count.await[0].parse::<i64>().unwrap());
        tokio::task::yield_now().await;
    }
    assert_eq!(retrying.await.unwrap(), 1_200);
    assert!(
        seen.iter()
            .all(|count| [1_300, 800, 300, 100].contains(count)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_await() {
    let scene = Scene::new();
    let running = held("running").perform_later(&scene.queue).await.unwrap();
    let supervisor = Running::start(
        scene.temp.other(),
        config(1),
        classes(),
        scene.context.clone(),
    );
    wait_for("it runs", async || scene.context.has("running began")).await;
    let waiting = held("waiting").perform_later(&scene.queue).await.unwrap();
    assert_eq!(
        scene.jobs.cancel(waiting).await.unwrap(),
        Cancelled::Discarded
    );
    assert_eq!(scene.status(waiting).await, None);
    assert_eq!(
        scene.jobs.cancel(running).await.unwrap(),
        Cancelled::Requested
    );
    wait_for("it is gone", async || scene.status(running).await.is_none()).await;
    assert!(!scene.context.has("running ended"));
    supervisor.stop().await;
    let failed = scene.failed().await;
    let error = scene.jobs.cancel(failed).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("job {failed} is failed: only waiting and running jobs can be cancelled")
    );
}

#[tokio::test]
async fn a_scheduled_job_runs_now() {
    let scene = Scene::new();
    let later = Enqueue::new().wait(Duration::from_mins(1));
    let id = note("later")
        .set(later)
        .perform_later(&scene.queue)
        .await
        .unwrap();
    assert_eq!(scene.run_pending().await.finished, 0);
    assert_eq!(scene.jobs.run_now(id).await.unwrap(), RunNow::Due);
    assert_eq!(scene.run_pending().await.finished, 1);
    let error = scene.jobs.run_now(id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("job {id} is finished: only scheduled and blocked jobs can be run now")
    );
}

#[tokio::test]
async fn a_blocked_job_runs_now_past_its_limit() {
    let scene = Scene::new();
    scene.limited(1).await;
    let (second, third) = (scene.limited(1).await, scene.limited(1).await);
    assert_eq!(scene.jobs.run_now(second).await.unwrap(), RunNow::Ready);
    assert_eq!(scene.count(Status::Ready).await, 2);
    // It took no place, so it gives none back.
    scene.jobs.discard(second).await.unwrap();
    assert_eq!(scene.status(third).await, Some(Status::Blocked));
    assert_eq!(scene.run_pending().await.finished, 2);
    assert_eq!(
        scene
            .temp
            .texts("SELECT value FROM solid_queue_semaphores")
            .await,
        ["1"]
    );
}

#[tokio::test]
async fn batches_hear_of_jobs_that_are_discarded_and_retried() {
    let scene = Scene::new();
    let failing = Failing {
        message: "no".into(),
    };
    let batch = Batch::new()
        .add(failing)
        .add(note("waits").set(Enqueue::new().wait(Duration::from_mins(1))));
    let batch = batch.enqueue(&scene.queue).await.unwrap();
    scene.run_pending().await;
    let jobs = scene.jobs.clone().batch(batch);
    assert_eq!(jobs.count().await.unwrap().jobs, 2);
    assert_eq!(jobs.retry_all().await.unwrap(), 1);
    let pending = async || scene.queue.batch(batch).await.unwrap().unwrap();
    assert_eq!(pending().await.pending, 2);
    assert_eq!(jobs.discard_all().await.unwrap(), 2);
    assert_eq!(pending().await.state, BatchState::Completed);
}

#[tokio::test]
async fn a_paused_queue_stands_still() {
    let scene = Scene::new();
    let queues = Queues::new(&scene.temp.database).clock(scene.clock.clone());
    note("x").perform_later(&scene.queue).await.unwrap();
    assert!(queues.pause("default").await.unwrap());
    assert!(!queues.pause("default").await.unwrap());
    assert_eq!(scene.run_pending().await.finished, 0);
    assert!(queues.resume("default").await.unwrap());
    assert!(!queues.resume("default").await.unwrap());
    assert_eq!(scene.run_pending().await.finished, 1);
}

#[tokio::test]
async fn a_job_is_enqueued_by_its_name() {
    let scene = Scene::new();
    let enqueue = async |name: &str, arguments| {
        let options = Enqueue::new().priority(7);
        let id = scene
            .queue
            .enqueue_named(&classes(), name, &arguments, options)
            .await?;
        let details = scene.jobs.find(id).await.unwrap().unwrap();
        assert_eq!(details.summary.priority, 7);
        Ok::<_, EnqueueError>(details.summary)
    };
    assert_eq!(
        enqueue("Note", json!("x")).await.unwrap().arguments,
        json!(["x"])
    );
    assert_eq!(
        enqueue("Note", json!(["x"])).await.unwrap().arguments,
        json!(["x"])
    );
    assert_eq!(
        enqueue("Chain", json!(null)).await.unwrap().arguments,
        json!([])
    );
    let limited = json!({ "account": 1, "fails": false, "other": 2 });
    let stored = enqueue("Limited", limited.clone()).await.unwrap();
    assert_eq!(stored.arguments, json!([{ "account": 1, "fails": false }]));
    // Its controls hold.
    assert_eq!(
        enqueue("Limited", limited).await.unwrap().status,
        Status::Blocked
    );
    let error = enqueue("Nte", json!(null)).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("there is no job named `Nte` (known: Chain, "),
        "{error}"
    );
    let error = enqueue("Limited", json!({ "account": "one" }))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "`Limited` cannot read these arguments");
    assert_eq!(scene.temp.count("solid_queue_jobs").await, 5);
}
