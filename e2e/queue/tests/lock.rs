//! Another program holds the write lock and does not let go.

use anyhow::Result;
use queue_faults::Scene;
use queue_faults::jobs::Held;
use solid_queue::PerformLater as _;
use test_support::{Signal, wait_until};

/// Jobs that end while the lock is held. Their numbers are those of none who enqueues.
const HELD: [u64; 2] = [1_000_000, 1_000_001];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_lock_delays_and_loses_nothing() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&["--heartbeat", "100"])?;
    for number in HELD {
        let gate = scene.gate();
        Held { number, gate }.perform_later(&scene.queue).await?;
        scene.started(number, 1).await;
    }
    let lock = scene.lock().await?;
    let patient = scene.producer(0, &["--timeout", "60000", "--count", "10"])?;
    let hasty = scene.producer(100, &["--timeout", "200"])?;
    scene.open_gate()?;
    // Each waits 5 s for the lock.
    wait_until("two heartbeats that fail", || async {
        worker
            .process
            .output()
            .matches("the heartbeat failed")
            .count()
            >= 2
    })
    .await;
    lock.stop().await?;
    hasty.process.line_with("enqueued").await;
    let hasty = hasty.stop().await?;
    let patient = patient.ended().await?;
    scene.idle().await;
    worker.stop().await?;

    assert_eq!(patient.matches("enqueued").count(), 10, "{patient}");
    assert!(!patient.contains("refused"), "{patient}");
    let refused: Vec<_> = hasty
        .lines()
        .filter(|line| line.starts_with("refused"))
        .collect();
    assert!(!refused.is_empty());
    let told = |line: &&str| line.contains("another process held the write lock for 0.2 s");
    assert!(refused.iter().all(told), "{refused:#?}");
    let runs = scene.runs()?;
    assert!(runs.repeated().is_empty());
    let jobs = scene
        .count("solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await?;
    assert_eq!(jobs, u64::try_from(runs.numbers().count())?);
    assert_eq!(scene.count("solid_queue_jobs").await?, jobs);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_starts_while_the_lock_is_held_works_once_it_is_free() -> Result<()> {
    let scene = Scene::new().await?;
    let lock = scene.lock().await?;
    let worker = scene.worker(&["--timeout", "100"])?;
    let registers = "could not register";
    worker.process.line_with(registers).await;
    lock.stop().await?;
    let producer = scene.producer(0, &["--count", "10"])?;
    producer.ended().await?;
    scene
        .has(10, "solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await;
    worker.stop().await?;
    scene.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_stops_while_the_lock_is_held() -> Result<()> {
    let scene = Scene::new().await?;
    let worker = scene.worker(&["--timeout", "100", "--shutdown-timeout", "100"])?;
    let number = HELD[0];
    let gate = scene.gate();
    Held { number, gate }.perform_later(&scene.queue).await?;
    scene.started(number, 1).await;
    let lock = scene.lock().await?;
    let (status, said) = worker.end_by(Signal::TERM).await?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: the queue database failed at shutdown"),
        "{said}"
    );
    lock.stop().await?;
    // Its rows and its claim stayed. The next one finds them by the dead process.
    let other = scene.worker(&[])?;
    scene.started(number, 2).await;
    scene.open_gate()?;
    scene.idle().await;
    other.stop().await?;
    scene.end().await
}
