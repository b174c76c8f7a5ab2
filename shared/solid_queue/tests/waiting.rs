#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! How workers and dispatchers wait: for jobs, for locks, for nothing.

mod support;

use std::sync::mpsc;
use std::time::Duration;

use db::{Database, DatabaseConfig};
use solid_queue::{Config, EnqueueError, PerformLater as _, Queue, WorkerConfig};
use support::jobs::{Context, held, note, registry};
use support::{Running, Temp, config, wait_for};

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_other_connections_are_noticed_at_once() {
    let temp = Temp::new();
    let (_, context) = app(&temp);
    let slow = WorkerConfig {
        polling_interval: Duration::from_hours(1),
        ..WorkerConfig::default()
    };
    let config = Config {
        workers: vec![slow],
        ..config(1)
    };
    let running = start(&temp, config, &context);
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    let other = Queue::solid(temp.other());
    note("a").perform_later(&other).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_is_enough_where_commits_are_not_noticed() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let blind = DatabaseConfig {
        watch: false,
        ..DatabaseConfig::new(temp.database.path())
    };
    let blind = Database::open(&blind, solid_queue::MIGRATIONS).unwrap();
    let running = Running::start(blind, config(1), registry(), context.clone());
    note("a").perform_later(&queue).await.unwrap();
    note("b").perform_later(&queue).await.unwrap();
    wait_for("the jobs", async || context.has("b")).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_loses_no_job() {
    let temp = Temp::new();
    let impatient = DatabaseConfig {
        timeout: Duration::from_millis(20),
        ..DatabaseConfig::new(temp.database.path())
    };
    let impatient = Database::open(&impatient, solid_queue::MIGRATIONS).unwrap();
    let queue = Queue::solid(impatient.clone());
    let context = Context::new(queue.clone());
    let running = Running::start(impatient, config(1), registry(), context.clone());
    held("a").perform_later(&queue).await.unwrap();
    note("b").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a began")).await;

    let lock = Lock::take(&temp).await;
    let refused = note("c").perform_later(&queue).await.unwrap_err();
    assert!(matches!(
        refused,
        EnqueueError::Database { job: "Note", .. }
    ));
    context.gate.add_permits(1);
    wait_for("the end of the job", async || context.has("a ended")).await;
    note("c").perform_later(&queue).await.unwrap_err();
    lock.release().await;

    wait_for("the other job", async || context.has("b")).await;
    running.stop().await;
    assert_eq!(
        temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
            .await,
        2
    );
    assert_eq!(context.notes(), ["a began", "a ended", "b"]);
}

/// The write lock, held by somebody else.
struct Lock {
    release: mpsc::Sender<()>,
    writing: tokio::task::JoinHandle<()>,
}

impl Lock {
    async fn take(temp: &Temp) -> Self {
        let (taken, is_taken) = tokio::sync::oneshot::channel();
        let (release, released) = mpsc::channel();
        let other = temp.other();
        let handle = tokio::runtime::Handle::current();
        let writing = tokio::task::spawn_blocking(move || {
            let write = other.write(move |_| {
                taken.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            });
            handle.block_on(write).unwrap();
        });
        is_taken.await.unwrap();
        Self { release, writing }
    }

    async fn release(self) {
        self.release.send(()).unwrap();
        self.writing.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_supervisor_writes_nothing() {
    let temp = Temp::new();
    let (_, context) = app(&temp);
    let running = start(&temp, config(3), &context);
    wait_for("the start", async || {
        temp.count("solid_queue_processes").await == 3
    })
    .await;
    let other = temp.other();
    let commits = || other.foreign_generation(Duration::ZERO).unwrap();
    // The start may write a little after its rows are there: from some moment on, nobody does.
    wait_for("nobody to write through many polls", async || {
        let before = commits();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        commits() == before
    })
    .await;
    running.stop().await;
}
