//! The worker process with its workers and dispatchers inside, and with each in a process of its own.

mod support;

use std::time::{Duration, Instant};

use anyhow::Result;
use support::{Place, kill};
use test_support::{Process, Signal, run, wait_until};

const PROCESSES: &str = "solid_queue_processes";
const CLAIMED: &str = "solid_queue_claimed_executions";
const READY: &str = "solid_queue_ready_executions";
const JOBS: &str = "solid_queue_jobs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_child_is_replaced_and_its_job_recovered() -> Result<()> {
    let place = Place::new("fork", &[])?;
    let mut worker = place.start().await?;
    let lock = place.start_job().await?;
    let dead = place.claimer().await;
    kill(dead)?;

    wait_until("another claim", || async {
        place.count(CLAIMED).await == 1 && place.claimer().await != dead
    })
    .await;
    place.wait_for_count(PROCESSES, 4).await;
    drop(lock);
    place.wait_for_count(CLAIMED, 0).await;
    assert_eq!(place.count("solid_queue_failed_executions").await, 0);
    assert!(worker.stop().await?.success());
    assert_eq!(place.count(PROCESSES).await, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_end_after_the_kill_of_their_supervisor() -> Result<()> {
    let place = Place::new("fork", &[])?;
    let mut worker = place.start().await?;
    let lock = place.start_job().await?;
    worker.kill().await?;
    // The job takes longer than the children wait for it. The row of the dead supervisor stays.
    place.wait_for_count(PROCESSES, 1).await;
    assert_eq!(place.count(READY).await, 1);

    let mut next = place.start().await?;
    place.wait_for_count(CLAIMED, 1).await;
    drop(lock);
    place.wait_for_count(CLAIMED, 0).await;
    assert!(next.stop().await?.success());
    assert_eq!(place.count(PROCESSES).await, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn term_waits_for_the_job_however_often_it_comes() -> Result<()> {
    for mode in ["async", "fork"] {
        let place = Place::new(mode, &[])?;
        let mut worker = place.start().await?;
        let lock = place.start_job().await?;
        for _ in 0..5 {
            worker.signal(Signal::TERM)?;
        }
        worker.line_with("stopping").await;
        drop(lock);
        assert!(worker.ended().await?.success(), "{mode}");
        assert_eq!(place.count(READY).await, 0, "{mode}");
        assert_eq!(place.count(PROCESSES).await, 0, "{mode}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_puts_the_job_back_at_once() -> Result<()> {
    for mode in ["async", "fork"] {
        let place = Place::new(mode, &[])?;
        let mut worker = place.start().await?;
        let _lock = place.start_job().await?;
        let start = Instant::now();
        worker.signal(Signal::QUIT)?;
        assert!(worker.ended().await?.success(), "{mode}");
        // Less than the five seconds that TERM would wait. It takes one at most where the machine is free.
        assert!(start.elapsed() < Duration::from_secs(4), "{mode}");
        assert_eq!(place.count(READY).await, 1, "{mode}");
        assert_eq!(place.count(JOBS).await, 1, "{mode}");
        assert_eq!(place.count(PROCESSES).await, 0, "{mode}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_after_term_ends_the_waiting() -> Result<()> {
    let place = Place::new("fork", &[])?;
    let mut worker = place.start().await?;
    let _lock = place.start_job().await?;
    worker.signal(Signal::TERM)?;
    worker.line_with("stopping").await;
    worker.signal(Signal::QUIT)?;
    assert!(worker.ended().await?.success());
    assert_eq!(place.count(READY).await, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mode_is_an_option_too() -> Result<()> {
    let place = Place::new("async", &[])?;
    for arguments in [&["start", "--mode", "fork"][..], &["--mode=fork"]] {
        let mut worker = Process::start("worker", arguments, &place.variables)?;
        place.wait_for_count(PROCESSES, 4).await;
        let forks = "solid_queue_processes WHERE kind = 'Supervisor(fork)'";
        assert_eq!(place.count(forks).await, 1);
        assert!(worker.stop().await?.success());
    }
    Ok(())
}

#[tokio::test]
async fn another_mode_is_refused() -> Result<()> {
    let place = Place::new("threads", &[])?;
    let ended = run("worker", &["check"], &place.variables).await?;
    assert_eq!(ended.code, Some(1));
    let expected = "SOLID_QUEUE_SUPERVISOR_MODE: `threads`: expected async or fork";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    let ended = run("worker", &["--mode", "threads"], &place.variables).await?;
    assert_eq!(ended.code, Some(2));
    Ok(())
}
