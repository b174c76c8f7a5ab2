//! The wall clock is set, as by an operator or after a machine slept, while programs work.

use anyhow::{Context as _, Result};
use queue_faults::jobs::Held;
use queue_faults::{Program, Scene};
use solid_queue::PerformLater as _;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A job that runs while the clock is set. Its number is that of none who enqueues.
const HELD: u64 = 1_000_000;

/// All jobs of a program are due at once, but every fifth, which is delayed by ten minutes.
const TEN_MINUTES: [&str; 4] = ["--count", "5", "--delay", "600000"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_holds_up_no_job_that_is_due() -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    let worker = scene.worker(&[])?;
    scene.producer(0, &TEN_MINUTES)?.ended().await?;
    finished(&scene, 4).await;

    control.shift_clock(-HOUR)?;
    scene.producer(5, &TEN_MINUTES)?.ended().await?;
    finished(&scene, 8).await;
    assert_eq!(scheduled(&scene).await?, 2);

    // Those were due in ten minutes by the clock of an hour ago; the others still are in an hour and ten minutes.
    control.shift_clock(-HOUR + 11 * MINUTE)?;
    finished(&scene, 9).await;
    assert_eq!(scheduled(&scene).await?, 1);
    control.shift_clock(11 * MINUTE)?;
    finished(&scene, 10).await;
    worker.stop().await?;
    once(&scene)?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_kills_nobody() -> Result<()> {
    outlives(-HOUR).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_forward_kills_nobody() -> Result<()> {
    outlives(2 * HOUR).await
}

/// Two programs stay registered and keep their jobs though the clock jumps.
async fn outlives(seconds: i64) -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    let workers = [scene.worker(&[])?, scene.worker(&[])?];
    for worker in &workers {
        worker.works().await;
    }
    scene.has(6, "solid_queue_processes").await;
    let (number, gate) = (HELD, scene.gate());
    Held { number, gate }.perform_later(&scene.queue).await?;
    scene.started(HELD, 1).await;
    let before = processes(&scene).await?;

    control.shift_clock(seconds)?;
    for _ in 0..3 {
        all_are_looked_at(&scene).await?;
    }
    assert_eq!(processes(&scene).await?, before);
    scene.producer(0, &["--count", "5"])?.ended().await?;
    finished(&scene, 5).await;
    scene.open_gate()?;
    scene.idle().await;
    for worker in workers {
        nobody_died(worker).await?;
    }
    once(&scene)?;
    scene.end().await
}

/// Waits until somebody looked for dead processes, with the clock as it is: it removes this one, of another host and
/// silent for years, after it looked at all others.
async fn all_are_looked_at(scene: &Scene) -> Result<()> {
    let long_ago = "'2000-01-01 00:00:00'";
    let silent = format!(
        "INSERT INTO solid_queue_processes (kind, last_heartbeat_at, pid, hostname, created_at, name)
         VALUES ('Worker', {long_ago}, 1, 'elsewhere', {long_ago}, 'silent')"
    );
    scene.execute(&silent).await?;
    scene
        .has(0, "solid_queue_processes WHERE name = 'silent'")
        .await;
    Ok(())
}

async fn nobody_died(worker: Program) -> Result<()> {
    let said = worker.stop().await?;
    let died = said.lines().filter(|line| line.contains("a process died"));
    // The silent one did.
    let others: Vec<_> = died
        .filter(|line| !line.contains("process.pid=1 "))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    Ok(())
}

async fn processes(scene: &Scene) -> Result<Vec<String>> {
    scene
        .texts("SELECT name AS value FROM solid_queue_processes")
        .await
}

/// Waits until so many jobs of those who enqueue are finished.
async fn finished(scene: &Scene, jobs: u64) {
    let finished = "solid_queue_jobs WHERE class_name = 'Short' AND finished_at IS NOT NULL";
    scene.has(jobs, finished).await;
}

async fn scheduled(scene: &Scene) -> Result<u64> {
    scene.count("solid_queue_scheduled_executions").await
}

fn once(scene: &Scene) -> Result<()> {
    let runs = scene.runs()?;
    assert!(runs.repeated().is_empty(), "{:?}", runs.repeated());
    runs.numbers().next().context("some ran")?;
    Ok(())
}
