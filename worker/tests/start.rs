//! The worker process with its workers and dispatchers inside, and with each in a process of its own.

mod support;

use anyhow::{Context as _, Result};
use support::{Place, kill};
use test_support::{Process, Signal, run, wait_until};

const PROCESSES: &str = "solid_queue_processes";
const CLAIMED: &str = "solid_queue_claimed_executions";
const READY: &str = "solid_queue_ready_executions";
const JOBS: &str = "solid_queue_jobs";
/// Longer than a test waits for the end of a worker.
const PATIENT: &[(&str, &str)] = &[("QUEUE__SHUTDOWN_TIMEOUT", "3600")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_child_is_replaced_and_its_job_recovered() -> Result<()> {
    let place = Place::new("fork", &[])?;
    let mut worker = place.start().await?;
    let lock = place.start_job().await?;
    let dead = place.claimer().await.context("nobody runs the job")?;
    kill(dead)?;

    wait_until("another claim", || async {
        place.claimer().await.is_some_and(|pid| pid != dead)
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
        let place = Place::new(mode, PATIENT)?;
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
        let place = Place::new(mode, PATIENT)?;
        let mut worker = place.start().await?;
        let _lock = place.start_job().await?;
        worker.signal(Signal::QUIT)?;
        assert!(worker.ended().await?.success(), "{mode}");
        assert_eq!(place.count(READY).await, 1, "{mode}");
        assert_eq!(place.count(JOBS).await, 1, "{mode}");
        assert_eq!(place.count(PROCESSES).await, 0, "{mode}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_after_term_ends_the_waiting() -> Result<()> {
    let place = Place::new("fork", PATIENT)?;
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
    let expected = "SOLID_QUEUE_SUPERVISOR_MODE: expected async or fork";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    let ended = run("worker", &["--mode", "threads"], &place.variables).await?;
    assert_eq!(ended.code, Some(2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_are_served() -> Result<()> {
    let place = Place::new("async", &[("WORKER_PORT", "0")])?;
    let mut worker = place.start().await?;
    let address = worker.address().await;
    wait_until("health", || async { is_well(&address).await }).await;
    place.enqueue().await?;
    wait_until("the job in the metrics", || async {
        let performed =
            r#"solid_queue_jobs_performed_total{class="BroadcastTodosJob",outcome="finished"} 1"#;
        get(&address, "/metrics")
            .await
            .is_ok_and(|(_, body)| body.contains(performed))
    })
    .await;
    let (status, body) = get(&address, "/metrics").await?;
    assert_eq!(status, 200);
    for line in [
        "# HELP solid_queue_job_duration_seconds How long executions took.",
        "# TYPE solid_queue_job_duration_seconds histogram",
        "solid_queue_job_latency_seconds_bucket{queue=\"default\",le=\"60\"} 1",
        "solid_queue_processes{kind=\"Worker\"} 2",
    ] {
        assert!(body.contains(line), "no `{line}` in {body}");
    }

    // Who lost the cache does its work without; who lost another file does none.
    std::fs::remove_file(place.folder.path().join("production_cache.sqlite3"))?;
    assert_eq!(get(&address, "/up").await?.0, 200);
    std::fs::remove_file(place.folder.path().join("production_queue.sqlite3"))?;
    assert_eq!(get(&address, "/up").await?.0, 503);
    assert!(worker.stop().await?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forking_supervisor_is_well_while_all_its_children_run() -> Result<()> {
    let place = Place::new("fork", &[("WORKER_PORT", "0")])?;
    let mut worker = place.start().await?;
    let address = worker.address().await;
    wait_until("health", || async { is_well(&address).await }).await;
    let child =
        place.text("SELECT pid AS value FROM solid_queue_processes WHERE kind = 'Dispatcher'");
    kill(child.await.context("a dispatcher")?.parse()?)?;
    wait_until("the replacement", || async {
        worker.output().matches("started a process").count() == 4 && is_well(&address).await
    })
    .await;
    assert!(worker.stop().await?.success());
    Ok(())
}

async fn is_well(address: &str) -> bool {
    get(address, "/up")
        .await
        .is_ok_and(|(status, _)| status == 200)
}

/// Status and body.
async fn get(address: &str, path: &str) -> Result<(u16, String)> {
    let response = reqwest::get(format!("http://{address}{path}")).await?;
    Ok((response.status().as_u16(), response.text().await?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pidfile_keeps_a_second_supervisor_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pidfile = folder.path().join("worker.pid");
    let path = pidfile.display().to_string();
    let place = Place::new("fork", &[("QUEUE__SUPERVISOR_PIDFILE", path.as_str())])?;
    std::fs::write(&pidfile, i32::MAX.to_string())?;
    let mut worker = place.start().await?;
    let pid = worker.id()?;
    assert_eq!(std::fs::read_to_string(&pidfile)?.trim(), pid.to_string());

    let second = run("worker", &[], &place.variables).await?;
    assert_eq!(second.code, Some(1));
    let expected = format!("error: the process with pid {pid} in `{path}` is running already");
    assert!(second.stderr.contains(&expected), "{}", second.stderr);
    assert_eq!(std::fs::read_to_string(&pidfile)?.trim(), pid.to_string());

    assert!(worker.stop().await?.success());
    assert!(!pidfile.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_file_can_say_what_to_run() -> Result<()> {
    let place = Place::new("fork", &[("QUEUE__WORKERS__0__PROCESSES", "")])?;
    let file = place.folder.path().join("other.yml");
    std::fs::write(&file, "workers:\n  - queues: low\n    processes: 3\n")?;
    let path = file.display().to_string();
    let arguments = ["start", "-c", &path, "--skip_recurring"];
    let mut worker = Process::start("worker", &arguments, &place.variables)?;
    // The children read the same file.
    let low = "solid_queue_processes WHERE json_extract(metadata, '$.queues') = 'low'";
    place.wait_for_count(low, 3).await;
    assert_eq!(place.count(PROCESSES).await, 4);
    assert!(worker.stop().await?.success());
    Ok(())
}
