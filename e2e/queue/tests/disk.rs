//! The disk fails for a while, under those who enqueue and those who work.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use queue_faults::jobs::Held;
use queue_faults::{Control, Program, Scene, WriteError};
use solid_queue::PerformLater as _;
use test_support::{Signal, wait_until};

/// A job that ends while the disk fails. Its number is that of none who enqueues.
const HELD: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_jobs_and_loses_none() -> Result<()> {
    survives(WriteError::NoSpace, "database or disk is full").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_disk_refuses_jobs_and_loses_none() -> Result<()> {
    survives(WriteError::Io, "disk I/O error").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_what_is_wrong_with_the_disk() -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    let worker = scene.worker(&["--heartbeat", "100"])?;
    hold(&scene).await?;
    control.fail_writes(WriteError::NoSpace)?;
    let line = worker.process.line_with("the heartbeat failed").await;
    control.heal_writes()?;
    scene.open_gate()?;
    scene.idle().await;
    worker.stop().await?;
    assert!(line.contains("database or disk is full"), "{line}");
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_on_a_full_disk_says_so_and_ends() -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    control.fail_writes(WriteError::NoSpace)?;
    let (status, said) = scene.worker(&[])?.end().await?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("database or disk is full"), "{said}");
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stops_on_a_full_disk_leaves_its_jobs_to_others() -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    let worker = scene.worker(&["--shutdown-timeout", "100"])?;
    hold(&scene).await?;
    control.fail_writes(WriteError::NoSpace)?;
    let (status, said) = worker.end_by(Signal::TERM).await?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("database or disk is full"), "{said}");
    control.heal_writes()?;
    let other = scene.worker(&[])?;
    scene.started(HELD, 2).await;
    scene.open_gate()?;
    scene.idle().await;
    other.stop().await?;
    scene.end().await
}

/// A job that runs until the gate opens.
async fn hold(scene: &Scene) -> Result<()> {
    let (number, gate) = (HELD, scene.gate());
    Held { number, gate }.perform_later(&scene.queue).await?;
    scene.started(HELD, 1).await;
    Ok(())
}

async fn survives(error: WriteError, says: &str) -> Result<()> {
    let (scene, control) = Scene::with_faults().await?;
    let worker = scene.worker(&["--heartbeat", "1000"])?;
    let producer = scene.producer(0, &[])?;
    hold(&scene).await?;
    enqueues(&producer, 20).await;

    fail(&scene, &control, &worker, &producer, error).await?;
    control.heal_writes()?;
    let before = said(&producer, "enqueued").len();
    enqueues(&producer, before + 20).await;
    let said = producer.stop().await?;
    scene.idle().await;
    worker.stop().await?;

    refused_with(&said, says);
    judge(&scene, &said).await?;
    scene.end().await
}

/// Lets writes fail until everybody has met it several times.
async fn fail(
    scene: &Scene,
    control: &Control,
    worker: &Program,
    producer: &Program,
    error: WriteError,
) -> Result<()> {
    control.fail_writes(error)?;
    scene.open_gate()?;
    wait_until("jobs to be refused", || async {
        said(producer, "refused").len() >= 20
    })
    .await;
    // For some seconds: each comes one after the one before.
    wait_until("three heartbeats that fail", || async {
        worker
            .process
            .output()
            .matches("the heartbeat failed")
            .count()
            >= 3
    })
    .await;
    Ok(())
}

/// Waits until so many jobs were acknowledged.
async fn enqueues(producer: &Program, jobs: usize) {
    wait_until(&format!("{jobs} jobs"), || async {
        said(producer, "enqueued").len() >= jobs
    })
    .await;
}

fn said(program: &Program, word: &str) -> BTreeSet<u64> {
    numbers(&program.process.output(), word)
}

/// The jobs of which a program said this.
fn numbers(output: &str, word: &str) -> BTreeSet<u64> {
    let words = output
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let own = words.filter(|words| words.first() == Some(&word));
    own.filter_map(|words| words.get(1)?.parse().ok()).collect()
}

/// Each caller was told what is wrong.
fn refused_with(said: &str, says: &str) {
    let refused = said.lines().filter(|line| line.starts_with("refused"));
    let others: Vec<_> = refused.filter(|line| !line.contains(says)).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// What was acknowledged ran, what was refused left nothing, and nothing ran twice.
async fn judge(scene: &Scene, said: &str) -> Result<()> {
    let (enqueued, refused) = (numbers(said, "enqueued"), numbers(said, "refused"));
    let runs = scene.runs()?;
    let ran: BTreeSet<_> = runs.numbers().filter(|&number| number != HELD).collect();
    assert_eq!(ran.intersection(&refused).next(), None, "refused, and run");
    assert_eq!(enqueued.difference(&ran).next(), None, "lost");
    assert!(runs.repeated().is_empty(), "{:?}", runs.repeated());
    let held = runs.of(HELD).first().context("it ran")?;
    assert!(held.end.is_some());
    let unfinished = "solid_queue_jobs WHERE finished_at IS NULL";
    assert_eq!(scene.count(unfinished).await?, 0);
    let jobs = scene.count("solid_queue_jobs").await?;
    assert_eq!(jobs, u64::try_from(ran.len())? + 1, "rows of refused jobs");
    Ok(())
}
