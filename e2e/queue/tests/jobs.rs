//! Jobs that behave badly harm themselves only.

use anyhow::{Context as _, Result};
use queue_faults::Scene;
use queue_faults::jobs::{Blocking, Failing, Gone, Panicking, Short};
use solid_queue::PerformLater as _;
use test_support::wait_until;

/// Jobs that a worker runs at once.
const SLOTS: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panics_fail_their_jobs_and_no_other() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&[])?;
    for number in 0..20 {
        Panicking { number }.perform_later(&scene.queue).await?;
        short(&scene, 100 + number).await?;
    }
    scene.idle().await;
    worker.stop().await?;
    let messages = "SELECT error ->> 'exception_class' || ': ' || (error ->> 'message') AS value
      FROM solid_queue_failed_executions ORDER BY job_id";
    let expected: Vec<_> = (0..20)
        .map(|number| format!("Panic: job {number} panics"))
        .collect();
    assert_eq!(scene.texts(messages).await?, expected);
    assert_eq!(finished(&scene).await?, 20);
    assert!(scene.runs()?.repeated().is_empty());
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_blocks_its_thread_holds_up_no_other() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&["--heartbeat", "100"])?;
    block(&scene, 1).await?;
    for number in 100..120 {
        short(&scene, number).await?;
    }
    scene
        .has(20, "solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await;
    heartbeats(&scene).await?;
    scene.open_gate()?;
    scene.idle().await;
    worker.stop().await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_lives_though_jobs_block_all_their_threads() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&["--heartbeat", "100"])?;
    block(&scene, SLOTS).await?;
    heartbeats(&scene).await?;
    scene.open_gate()?;
    scene.idle().await;
    worker.stop().await?;
    assert!(scene.runs()?.repeated().is_empty());
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_blocked_worker_cannot_do_others_can() -> Result<()> {
    let scene = Scene::new().await?;
    let blocked = scene.worker(&[])?;
    block(&scene, SLOTS).await?;
    let other = scene.worker(&[])?;
    other.works().await;
    for number in 100..120 {
        short(&scene, number).await?;
    }
    scene
        .has(20, "solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await;
    scene.open_gate()?;
    scene.idle().await;
    blocked.stop().await?;
    other.stop().await?;
    assert!(scene.runs()?.repeated().is_empty());
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_stops_though_a_job_blocks_a_thread() -> Result<()> {
    stops_with_blocked(1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_stops_though_jobs_block_all_their_threads() -> Result<()> {
    stops_with_blocked(SLOTS).await
}

/// The gate stays shut until the process has ended. Then others perform the jobs.
async fn stops_with_blocked(jobs: u64) -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&["--shutdown-timeout", "100"])?;
    block(&scene, jobs).await?;
    worker.stop().await?;
    let other = scene.worker(&[])?;
    scene.started(jobs - 1, 2).await;
    scene.open_gate()?;
    scene.idle().await;
    other.stop().await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_a_megabyte_is_kept_whole() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&[])?;
    let (number, length) = (0, 1_000_000);
    Failing { number, length }
        .perform_later(&scene.queue)
        .await?;
    scene.has(1, "solid_queue_failed_executions").await;
    worker.stop().await?;
    let error = "SELECT error AS value FROM solid_queue_failed_executions WHERE json_valid(error)";
    let error = scene.texts(error).await?.pop().context("it is JSON")?;
    let error: serde_json::Value = serde_json::from_str(&error)?;
    assert!(error["message"] == Failing::text(length));
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_not_known_any_more_fails_and_can_be_retried() -> Result<()> {
    let scene = Scene::new().await?;
    let newer = scene.worker(&[])?;
    Gone { number: 0 }.perform_later(&scene.queue).await?;
    scene.has(1, "solid_queue_failed_executions").await;
    newer.stop().await?;
    let message = "SELECT error ->> 'message' AS value FROM solid_queue_failed_executions";
    let message = scene.texts(message).await?;
    let names = "(known: Blocking, Failing, Held, Panicking, Short)";
    assert_eq!(message, [format!("there is no job named `Gone` {names}")]);

    let older = scene.worker(&["--gone"])?;
    retry_all(&scene).await?;
    scene.started(0, 1).await;
    scene.idle().await;
    older.stop().await?;
    assert_eq!(finished(&scene).await?, 1);
    scene.end().await
}

/// As Rails' console does it.
async fn retry_all(scene: &Scene) -> Result<()> {
    let retry = "
        INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
          SELECT jobs.id, queue_name, priority, failed.created_at
          FROM solid_queue_jobs jobs JOIN solid_queue_failed_executions failed ON failed.job_id = jobs.id;
        DELETE FROM solid_queue_failed_executions;";
    scene.execute(retry).await
}

/// Enqueues jobs that block their threads, and waits until all do.
async fn block(scene: &Scene, jobs: u64) -> Result<()> {
    for number in 0..jobs {
        let gate = scene.gate();
        Blocking { number, gate }
            .perform_later(&scene.queue)
            .await?;
    }
    for number in 0..jobs {
        scene.started(number, 1).await;
    }
    Ok(())
}

async fn short(scene: &Scene, number: u64) -> Result<()> {
    let milliseconds = 1;
    let job = Short {
        number,
        milliseconds,
    };
    job.perform_later(&scene.queue).await?;
    Ok(())
}

async fn finished(scene: &Scene) -> Result<u64> {
    scene
        .count("solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await
}

/// Waits until each process has shown again, and once more, that it lives.
async fn heartbeats(scene: &Scene) -> Result<()> {
    let latest = "SELECT min(last_heartbeat_at) AS value FROM solid_queue_processes";
    for _ in 0..2 {
        let before = scene.texts(latest).await?;
        wait_until("the next heartbeat", || async {
            scene.texts(latest).await.is_ok_and(|now| now > before)
        })
        .await;
    }
    Ok(())
}
