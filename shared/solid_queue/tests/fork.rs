#![allow(clippy::unwrap_used, reason = "helpers of a test")]
#![allow(
    clippy::disallowed_methods,
    reason = "the program is told by its environment what it is"
)]
//! Supervisors whose workers and dispatchers are processes of the operating system.

#[path = "support/program.rs"]
mod program;
mod support;

use std::time::Duration;

use program::{Block, Hold, Mark, Poison, Program, send};
use rustix::process::{Signal, test_kill_process};
use solid_queue::{PerformLater as _, Queue};
use support::{Temp, wait_for};

const PATIENT: Duration = Duration::from_hours(1);

/// Not a test by itself: the processes of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program() {
    program::run().await;
}

#[tokio::test]
async fn each_process_has_a_row_with_its_own_pid() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    let kinds = temp
        .texts("SELECT kind AS value FROM solid_queue_processes ORDER BY kind")
        .await;
    assert_eq!(
        kinds,
        ["Dispatcher", "Supervisor(fork)", "Worker", "Worker"]
    );
    let pids = temp
        .texts("SELECT DISTINCT pid AS value FROM solid_queue_processes")
        .await;
    assert_eq!(pids.len(), 4);
    let supervised = temp
        .texts(&format!(
            "SELECT count(*) AS value FROM solid_queue_processes child JOIN solid_queue_processes parent
               ON parent.id = child.supervisor_id WHERE parent.pid = {}",
            supervisor.pid()
        ))
        .await;
    assert_eq!(supervised, ["3"]);

    Mark("done".into())
        .perform_later(&queue(&temp))
        .await
        .unwrap();
    wait_for("the job", async || has(&temp, "done")).await;
    supervisor.signal(Signal::TERM);
    assert!(supervisor.ended().await.success());
    assert_eq!(temp.count("solid_queue_processes").await, 0);
    assert!(pids.iter().all(|pid| is_gone(pid.parse().unwrap())));
    told(&temp, &pids, supervisor.pid());
}

/// Each of the processes called its own hooks.
fn told(temp: &Temp, pids: &[String], supervisor: i32) {
    for moment in ["Start", "Stop", "Exit"] {
        assert!(has(temp, &format!("Supervisor {moment} {supervisor}")));
        let told = pids.iter().filter(|pid| {
            has(temp, &format!("Worker {moment} {pid}"))
                || has(temp, &format!("Dispatcher {moment} {pid}"))
        });
        assert_eq!(told.count(), 3);
    }
}

#[tokio::test]
async fn a_killed_child_is_replaced_and_its_job_runs_again() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    wait_for("the job", async || has(&temp, "a began")).await;
    let pid = claimer(&temp).await;
    std::fs::remove_file(temp.folder.path().join("a began")).unwrap();
    send(pid, Signal::KILL);

    wait_for("the second run", async || has(&temp, "a began")).await;
    wait_for("the replacement", async || processes(&temp).await == 4).await;
    assert_eq!(
        temp.count(&format!("solid_queue_processes WHERE pid = {pid}"))
            .await,
        0
    );
    let crashes = "SELECT json_extract(arguments, '$.crashes') AS value FROM solid_queue_jobs";
    assert_eq!(temp.texts(crashes).await, ["1"]);
    allow(&temp, "a");
    wait_for("its end", async || has(&temp, "a")).await;
    supervisor.signal(Signal::TERM);
    assert!(supervisor.ended().await.success());
}

#[tokio::test]
async fn a_job_that_ends_its_process_fails_with_the_status() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Poison.perform_later(&queue(&temp)).await.unwrap();
    wait_for("the failure", async || {
        temp.count("solid_queue_failed_executions").await == 1
    })
    .await;
    let message =
        "SELECT json_extract(error, '$.message') AS value FROM solid_queue_failed_executions";
    let message = temp.texts(message).await.remove(0);
    assert!(
        message.ends_with(" exited unexpectedly. Exited with status 3."),
        "{message}"
    );
    wait_for("the replacement", async || processes(&temp).await == 4).await;
    supervisor.signal(Signal::TERM);
    assert!(supervisor.ended().await.success());
}

#[tokio::test]
async fn children_outlive_their_supervisor_by_no_more_than_their_jobs() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    wait_for("the job", async || has(&temp, "a began")).await;
    supervisor.signal(Signal::KILL);
    supervisor.ended().await;

    // The one that is busy ends its job; the others are gone at once. The dead one's row stays for its successor.
    wait_for("the idle ones", async || processes(&temp).await == 2).await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 1);
    allow(&temp, "a");
    wait_for("the busy one", async || processes(&temp).await == 1).await;
    assert!(has(&temp, "a"));
    let mut next = start_only(&temp, PATIENT);
    wait_for("the next ones", async || processes(&temp).await == 4).await;
    next.signal(Signal::TERM);
    assert!(next.ended().await.success());
}

#[tokio::test]
async fn what_a_whole_killed_suite_ran_is_recovered() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    wait_for("the job", async || has(&temp, "a began")).await;
    let pids = temp
        .texts("SELECT pid AS value FROM solid_queue_processes")
        .await;
    for pid in pids {
        // Those that have seen their supervisor die may be gone already.
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap());
        let _ = rustix::process::kill_process(pid.unwrap(), Signal::KILL);
    }
    supervisor.ended().await;
    allow(&temp, "a");
    let mut next = start_only(&temp, PATIENT);
    wait_for("the second run", async || has(&temp, "a")).await;
    wait_for("the dead to be forgotten", async || {
        processes(&temp).await == 4
    })
    .await;
    next.signal(Signal::TERM);
    assert!(next.ended().await.success());
}

#[tokio::test]
async fn term_waits_for_jobs_however_often_it_comes() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    wait_for("the job", async || has(&temp, "a began")).await;
    for _ in 0..5 {
        supervisor.signal(Signal::TERM);
    }
    wait_for("the idle ones", async || processes(&temp).await == 2).await;
    Mark("too late".into())
        .perform_later(&queue(&temp))
        .await
        .unwrap();
    allow(&temp, "a");
    assert!(supervisor.ended().await.success());
    assert!(has(&temp, "a"));
    assert!(!has(&temp, "too late"));
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    assert_eq!(processes(&temp).await, 0);
}

#[tokio::test]
async fn jobs_that_take_too_long_are_put_back() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, Duration::from_millis(100)).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    Block.perform_later(&queue(&temp)).await.unwrap();
    wait_for("the jobs", async || {
        has(&temp, "a began") && has(&temp, "blocked")
    })
    .await;
    supervisor.signal(Signal::TERM);
    assert!(supervisor.ended().await.success());
    assert_eq!(temp.count("solid_queue_ready_executions").await, 2);
    assert_eq!(processes(&temp).await, 0);
}

#[tokio::test]
async fn quit_waits_for_nobody() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, PATIENT).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    Block.perform_later(&queue(&temp)).await.unwrap();
    wait_for("the jobs", async || {
        has(&temp, "a began") && has(&temp, "blocked")
    })
    .await;
    supervisor.signal(Signal::QUIT);
    // The test waits for it, but not for as long as the supervisor would for its jobs.
    assert!(supervisor.ended().await.success());
    assert_eq!(temp.count("solid_queue_ready_executions").await, 2);
    assert_eq!(processes(&temp).await, 0);
}

#[tokio::test]
async fn a_child_that_hangs_is_killed_in_the_end() {
    let temp = Temp::new();
    let mut supervisor = start(&temp, Duration::from_millis(100)).await;
    Hold("a".into()).perform_later(&queue(&temp)).await.unwrap();
    wait_for("the job", async || has(&temp, "a began")).await;
    send(claimer(&temp).await, Signal::STOP);
    supervisor.signal(Signal::TERM);
    assert!(supervisor.ended().await.success());
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    assert_eq!(processes(&temp).await, 0);
}

async fn start(temp: &Temp, shutdown_timeout: Duration) -> Program {
    let supervisor = start_only(temp, shutdown_timeout);
    wait_for("the start", async || processes(temp).await == 4).await;
    supervisor
}

fn start_only(temp: &Temp, shutdown_timeout: Duration) -> Program {
    Program::start(temp.folder.path(), shutdown_timeout)
}

fn queue(temp: &Temp) -> Queue {
    Queue::solid(temp.database.clone())
}

fn has(temp: &Temp, file: &str) -> bool {
    temp.folder.path().join(file).exists()
}

fn allow(temp: &Temp, job: &str) {
    std::fs::write(temp.folder.path().join(format!("{job} may end")), "").unwrap();
}

async fn processes(temp: &Temp) -> i64 {
    temp.count("solid_queue_processes").await
}

/// The pid of the process that runs the one claimed job.
async fn claimer(temp: &Temp) -> i32 {
    let query = "SELECT pid AS value FROM solid_queue_processes
        WHERE id = (SELECT process_id FROM solid_queue_claimed_executions)";
    temp.texts(query).await.remove(0).parse().unwrap()
}

fn is_gone(pid: i32) -> bool {
    test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_err()
}
