//! Signals: who is told to stop does it, and leaves nothing half-done.

use std::collections::VecDeque;

use anyhow::{Context as _, Result};
use queue_faults::jobs::Held;
use queue_faults::{Program, Scene};
use solid_queue::PerformLater as _;
use test_support::{Signal, wait_until};

const CYCLES: usize = 100;
const WORKERS: usize = 4;
/// Waits for running jobs however long they take.
const PATIENT: [&str; 2] = ["--shutdown-timeout", "0"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn term_ends_what_runs_and_begins_nothing() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&PATIENT)?;
    hold(&scene, &[0]).await?;
    scene.started(0, 1).await;
    worker.process.signal(Signal::TERM)?;
    worker.process.line_with("stopping on TERM").await;
    hold(&scene, &[1]).await?;
    scene.open_gate()?;
    worker.ended().await?;

    let runs = scene.runs()?;
    assert!(runs.of(0).first().context("it ran")?.end.is_some());
    assert!(runs.of(1).is_empty(), "it was claimed after TERM");
    assert_eq!(scene.count("solid_queue_ready_executions").await?, 1);
    nothing_left(&scene).await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_outlasts_the_stop_runs_elsewhere() -> Result<()> {
    let scene = Scene::new().await?;
    let hasty = scene.worker(&["--shutdown-timeout", "100"])?;
    hold(&scene, &[0]).await?;
    scene.started(0, 1).await;
    hasty.stop().await?;
    nothing_left(&scene).await?;

    let other = scene.worker(&[])?;
    scene.started(0, 2).await;
    scene.open_gate()?;
    scene.idle().await;
    other.stop().await?;
    assert_eq!(scene.runs()?.of(0).len(), 2);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_waits_for_no_job_and_others_run_them_again() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&PATIENT)?;
    hold(&scene, &[0, 1]).await?;
    scene.started(0, 1).await;
    scene.started(1, 1).await;
    let other = scene.worker(&[])?;
    other.works().await;
    // The gate is shut, so that it would never end if it waited for its jobs.
    let (status, said) = worker.end_by(Signal::QUIT).await?;
    assert!(status.success(), "{status}: {said}");
    scene.started(0, 2).await;
    scene.started(1, 2).await;
    scene.open_gate()?;
    scene.idle().await;
    other.stop().await?;
    nothing_left(&scene).await?;
    let crashed = "solid_queue_jobs WHERE arguments ->> 'crashes' IS NOT NULL";
    assert_eq!(scene.count(crashed).await?, 0, "QUIT is no crash");
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_terms_stop_like_one() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&PATIENT)?;
    hold(&scene, &[0, 1]).await?;
    scene.started(0, 1).await;
    scene.started(1, 1).await;
    for _ in 0..5 {
        worker.process.signal(Signal::TERM)?;
    }
    worker.process.line_with("stopping on TERM").await;
    scene.open_gate()?;
    worker.ended().await?;
    let runs = scene.runs()?;
    assert!(runs.repeated().is_empty());
    assert!(
        runs.of(0)
            .iter()
            .chain(runs.of(1))
            .all(|run| run.end.is_some())
    );
    nothing_left(&scene).await?;
    scene.idle().await;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_stops_under_load_leave_nothing_behind() -> Result<()> {
    let scene = Scene::new().await?;
    let producer = scene.producer(0, &[])?;
    let mut workers: VecDeque<_> = (0..WORKERS)
        .map(|_| scene.worker(&[]))
        .collect::<Result<_>>()?;
    for cycle in 0..CYCLES {
        workers.push_back(scene.worker(&[])?);
        let oldest = workers.pop_front().context("there are always some")?;
        stop_in_its_course(&scene, oldest, cycle).await?;
    }
    producer.process.line_with("enqueued").await;
    producer.stop().await?;
    scene.idle().await;
    for worker in workers {
        worker.process.line_with("listening").await;
        worker.stop().await?;
    }

    let runs = scene.runs()?;
    assert!(runs.repeated().is_empty(), "{:?}", runs.repeated());
    assert!(runs.numbers().count() > CYCLES, "there was load");
    nothing_left(&scene).await?;
    scene.end().await
}

/// At one of the moments of its life: while it starts, when it has just begun, or at work.
async fn stop_in_its_course(scene: &Scene, worker: Program, cycle: usize) -> Result<()> {
    worker.process.line_with("listening").await;
    if !cycle.is_multiple_of(3) {
        worker.works().await;
    }
    if cycle % 3 == 2 {
        wait_until("a job of it", || async {
            scene.has_run(worker.name()).is_ok_and(|has| has)
        })
        .await;
    }
    worker.stop().await?;
    Ok(())
}

/// Enqueues jobs that run until the gate opens.
async fn hold(scene: &Scene, numbers: &[u64]) -> Result<()> {
    for &number in numbers {
        let gate = scene.gate();
        Held { number, gate }.perform_later(&scene.queue).await?;
    }
    Ok(())
}

/// No process is registered, and no job is claimed.
async fn nothing_left(scene: &Scene) -> Result<()> {
    assert_eq!(scene.count("solid_queue_processes").await?, 0);
    assert_eq!(scene.count("solid_queue_claimed_executions").await?, 0);
    Ok(())
}
