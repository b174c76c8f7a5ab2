#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What becomes of jobs whose process died.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use db::{Database, DatabaseConfig, Timestamp};
use solid_queue::{Config, PerformLater as _, Queue};
use support::jobs::{Context, held, note, registry};
use support::{Running, Temp, config, insert, wait_for};

/// Set for the process that is to be killed: the queue database.
const VICTIM: &str = "SOLID_QUEUE_TEST_VICTIM";

/// Not a test by itself: the process that the next test kills. It runs a job that never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Some(path) = std::env::var_os(VICTIM) else {
        return;
    };
    let file = DatabaseConfig::new(PathBuf::from(path));
    let database = Database::open(&file, solid_queue::MIGRATIONS).unwrap();
    let context = Context::new(Queue::solid(database.clone()));
    Running::start(database, config(1), registry(), context);
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_outlives_the_kill_of_its_worker() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    held("a").perform_later(&queue).await.unwrap();
    let mut victim = start_victim(&temp);
    wait_for("a claim", async || {
        temp.count("solid_queue_claimed_executions").await == 1
    })
    .await;
    let survivor = Running::start(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    wait_for("the survivor", async || {
        temp.count("solid_queue_processes").await == 6
    })
    .await;

    // Nobody waits for the child, so it stays as a zombie.
    victim.kill().unwrap();
    // Its heartbeats would count for minutes, longer than this waits: it is missed by its pid.
    wait_for("the second run", async || context.has("a began")).await;
    // The rows of the dead go one by one, the worker's first.
    wait_for("the dead to be forgotten", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    context.gate.add_permits(1);
    wait_for("its end", async || finished(&temp).await == 1).await;
    survivor.stop().await;
    victim.wait().unwrap();
}

/// There every worker has pid 1, and a host of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_outlives_the_kill_of_its_container() {
    let mut unshare = Command::new("unshare");
    unshare.args([
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--uts",
    ]);
    let can_unshare = unshare.arg("true").output();
    if !can_unshare.is_ok_and(|output| output.status.success()) {
        println!("skipped: unshare cannot make a namespace of pids here");
        return;
    }
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    held("a").perform_later(&queue).await.unwrap();
    let hostname = "hostname elsewhere; exec \"$0\" --exact victim";
    let args: Vec<_> = unshare.get_args().map(ToOwned::to_owned).collect();
    let mut victim = Command::new("unshare")
        .args(&args[..args.len() - 1])
        .args(["sh", "-c", hostname])
        .arg(std::env::current_exe().unwrap())
        .env(VICTIM, temp.database.path())
        .spawn()
        .unwrap();
    wait_for("a claim", async || {
        temp.count("solid_queue_claimed_executions").await == 1
    })
    .await;
    let survivor = Running::start(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    wait_for("the survivor", async || {
        temp.count("solid_queue_processes").await == 6
    })
    .await;
    victim.kill().unwrap();
    wait_for("the second run", async || context.has("a began")).await;
    // The rows of the dead go one by one, the worker's first.
    wait_for("the dead to be forgotten", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    context.gate.add_permits(1);
    wait_for("its end", async || finished(&temp).await == 1).await;
    survivor.stop().await;
    victim.wait().unwrap();
}

fn start_victim(temp: &Temp) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim"])
        .env(VICTIM, temp.database.path())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_killed_its_process_too_often_fails() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    for crashes in 1..=3 {
        if crashes == 1 {
            note("poison").perform_later(&queue).await.unwrap();
        }
        dead_process(&temp, &identity(), Timestamp::now()).await;
        let running = Running::start(
            temp.database.clone(),
            no_work(),
            registry(),
            context.clone(),
        );
        wait_for("the recovery", async || {
            temp.count("solid_queue_claimed_executions").await == 0
        })
        .await;
        running.stop().await;
        let count = "SELECT json_extract(arguments, '$.crashes') AS value FROM solid_queue_jobs";
        assert_eq!(temp.texts(count).await, [crashes.to_string()]);
    }
    assert_eq!(temp.count("solid_queue_ready_executions").await, 0);
    assert_eq!(
        error_class(&temp).await,
        ["SolidQueue::Processes::ProcessExitError"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_this_program_does_not_know_fail_as_with_rails() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    note("ruby").perform_later(&queue).await.unwrap();
    temp.execute("UPDATE solid_queue_jobs SET class_name = 'RubyJob'")
        .await;
    dead_process(&temp, &identity(), Timestamp::now()).await;
    let running = Running::start(temp.database.clone(), no_work(), registry(), context);
    wait_for("the failure", async || {
        temp.count("solid_queue_failed_executions").await == 1
    })
    .await;
    running.stop().await;
    assert_eq!(
        error_class(&temp).await,
        ["SolidQueue::Processes::ProcessExitError"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_of_rails_is_dead_only_when_it_is_silent() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    note("ruby").perform_later(&queue).await.unwrap();
    temp.execute("UPDATE solid_queue_jobs SET class_name = 'RubyJob'")
        .await;
    dead_process(&temp, "NULL", Timestamp::now()).await;
    let running = Running::start(temp.database.clone(), no_work(), registry(), context);
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 4
    })
    .await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 1);

    let silent = Timestamp::now().before(Duration::from_mins(6));
    temp.execute(format!(
        "UPDATE solid_queue_processes SET last_heartbeat_at = '{silent}' WHERE pid = {NOBODY}"
    ))
    .await;
    wait_for("the failure", async || {
        temp.count("solid_queue_failed_executions").await == 1
    })
    .await;
    assert_eq!(
        error_class(&temp).await,
        ["SolidQueue::Processes::ProcessPrunedError"]
    );
    wait_for("the supervisor to be forgotten, too", async || {
        temp.count("solid_queue_processes").await == 2
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_a_process_is_recovered() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    note("orphan").perform_later(&queue).await.unwrap();
    dead_process(&temp, "NULL", Timestamp::now()).await;
    temp.execute("DELETE FROM solid_queue_processes").await;
    let running = Running::start(
        temp.database.clone(),
        config(1),
        registry(),
        context.clone(),
    );
    wait_for("the job", async || context.has("orphan")).await;
    running.stop().await;
}

const NOBODY: i32 = i32::MAX;

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

/// No worker that would perform what was put back.
fn no_work() -> Config {
    Config {
        workers: Vec::new(),
        ..config(1)
    }
}

/// That of a process of ours on this host, as SQL.
fn identity() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    let (boot, namespace) = (boot.trim(), namespace.display());
    format!(r#"'{{"boot_id":"{boot}","pid_namespace":"{namespace}","start_time":1}}'"#)
}

/// A supervisor and its worker that claimed all ready jobs and died.
async fn dead_process(temp: &Temp, metadata: &str, heartbeat: Timestamp) {
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let row = |kind: &str, supervisor: &str, metadata: &str| {
        format!(
            "INSERT INTO solid_queue_processes
               (kind, last_heartbeat_at, supervisor_id, pid, hostname, metadata, created_at, name)
             VALUES ('{kind}', '{heartbeat}', {supervisor}, {NOBODY}, '{}', {metadata}, '{heartbeat}',
               'dead-{kind}') RETURNING id",
            hostname.trim()
        )
    };
    let supervisor = insert(&temp.database, row("Supervisor(async)", "NULL", metadata)).await;
    let worker = row("Worker", &supervisor.to_string(), "NULL");
    let worker = insert(&temp.database, worker).await;
    temp.execute(format!(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
           SELECT job_id, {worker}, created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;"
    ))
    .await;
}

async fn finished(temp: &Temp) -> i64 {
    temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await
}

async fn error_class(temp: &Temp) -> Vec<String> {
    temp.texts(
        "SELECT json_extract(error, '$.exception_class') AS value FROM solid_queue_failed_executions",
    )
    .await
}
