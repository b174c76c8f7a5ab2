#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Jobs that are stopped: by their time limit, by somebody, by the end of their process.

mod support;

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use solid_queue::{
    Concurrency, Config, Controls, Job, JobId, JobResult, PerformLater as _, Policy, Queue,
    Registry, Retry, RetryOn, Supervisor, TimedOut, Unique, WorkerConfig, cancel,
};
use support::{Running, Temp, config, wait_for};
use tokio_util::sync::CancellationToken;

/// What the jobs left behind, and a door that blocks the threads of those who wait at it.
#[derive(Clone, Default)]
struct Context {
    notes: Arc<Mutex<Vec<String>>>,
    door: Arc<(Mutex<bool>, Condvar)>,
}

impl Context {
    fn note(&self, note: &str) {
        self.notes.lock().unwrap().push(note.into());
    }

    fn count(&self, note: &str) -> usize {
        self.notes
            .lock()
            .unwrap()
            .iter()
            .filter(|it| *it == note)
            .count()
    }

    fn has(&self, note: &str) -> bool {
        self.count(note) > 0
    }

    fn open_door(&self) {
        *self.door.0.lock().unwrap() = true;
        self.door.1.notify_all();
    }

    fn wait_at_door(&self) {
        let is_closed = |is_open: &mut bool| !*is_open;
        drop(
            self.door
                .1
                .wait_while(self.door.0.lock().unwrap(), is_closed)
                .unwrap(),
        );
    }
}

/// Never ends by itself.
#[derive(Serialize, Deserialize)]
struct Endless {
    name: String,
}

impl Job for Endless {
    const NAME: &'static str = "Endless";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let _dropped = OnDrop(|| context.note(&format!("{} dropped", self.name)));
        context.note(&self.name);
        std::future::pending().await
    }

    fn controls(&self) -> Controls {
        let limit = Concurrency::key("k").group("Endless");
        Controls::new()
            .concurrency(limit)
            .unique(Unique::key(&self.name))
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn endless(name: &str) -> Endless {
    Endless { name: name.into() }
}

/// Takes too long.
#[derive(Serialize, Deserialize)]
struct Slow;

impl Job for Slow {
    const NAME: &'static str = "Slow";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("slow");
        std::future::pending().await
    }

    fn policy() -> Policy {
        let at_once = solid_queue::Backoff::fixed(Duration::ZERO);
        Policy::new().retry_on::<TimedOut>(RetryOn::new().attempts(2).wait(at_once))
    }
}

/// Blocks its thread for longer than it may take.
#[derive(Serialize, Deserialize)]
struct Blocking;

impl Job for Blocking {
    const NAME: &'static str = "Blocking";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("blocking");
        context.wait_at_door();
        context.note("blocking ended");
        Ok(())
    }
}

/// Blocks its thread, and may.
#[derive(Serialize, Deserialize)]
struct Stubborn;

impl Job for Stubborn {
    const NAME: &'static str = "Stubborn";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("stubborn");
        context.wait_at_door();
        context.note("stubborn ended");
        Ok(())
    }
}

/// Panics when it is dropped before its end.
#[derive(Serialize, Deserialize)]
struct Explosive;

impl Job for Explosive {
    const NAME: &'static str = "Explosive";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        let _bang = OnDrop(|| panic!("bang"));
        std::future::pending().await
    }

    fn on_error(_: &solid_queue::JobError, _: u32) -> Retry {
        Retry::Fail
    }
}

#[derive(Serialize, Deserialize)]
struct Quick;

impl Job for Quick {
    const NAME: &'static str = "Quick";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("quick");
        Ok(())
    }
}

fn registry() -> Registry<Context> {
    Registry::new()
        .register::<Endless>()
        .register::<Slow>()
        .register::<Blocking>()
        .register::<Stubborn>()
        .register::<Explosive>()
        .register::<Quick>()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_takes_too_long_is_dropped_with_an_error() {
    let (temp, queue, context) = app();
    let running = start(&temp, config(1), &context);
    Slow.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    assert_eq!(context.count("slow"), 2);
    let error =
        "SELECT json_extract(error, '$.message') AS value FROM solid_queue_failed_executions";
    let message = "the job took longer than its limit of 0.02 s";
    assert_eq!(temp.texts(error).await, [message]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_blocks_its_thread_for_too_long_is_given_up() {
    let (temp, queue, context) = app();
    // Nobody would look for an hour, were there no time limit.
    let running = start(&temp, seldom(2), &context);
    Blocking.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 0);
    assert!(!context.has("blocking ended"));
    // Its thread is taken, the other is free.
    Quick.perform_later(&queue).await.unwrap();
    wait_for("another job", async || context.has("quick")).await;
    context.open_door();
    wait_for("its end", async || context.has("blocking ended")).await;
    running.stop().await;
    assert_eq!(failed(&temp).await, 1);
    assert_eq!(
        temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_panics_when_it_is_dropped_fails() {
    let (temp, queue, context) = app();
    let running = start(&temp, config(1), &context);
    Explosive.perform_later(&queue).await.unwrap();
    wait_for("the failure", async || failed(&temp).await == 1).await;
    running.stop().await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_is_gone_and_its_place_and_key_are_free() {
    let (temp, queue, context) = app();
    let running = start(&temp, seldom(1), &context);
    let first = endless("a").perform_later(&queue).await.unwrap();
    let second = endless("b").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    assert!(
        !cancel(&temp.database, second).await.unwrap(),
        "it is blocked"
    );
    assert!(!cancel(&temp.database, JobId(99)).await.unwrap());

    // The worker has no room, and looks for cancellations nevertheless.
    assert!(cancel(&temp.other(), first).await.unwrap());
    wait_for("the next", async || context.has("b")).await;
    assert!(context.has("a dropped"));
    assert_eq!(
        temp.texts("SELECT id AS value FROM solid_queue_jobs").await,
        ["2"]
    );
    assert_eq!(temp.count("trifecta_cancellations").await, 0);
    assert_ne!(endless("a").perform_later(&queue).await.unwrap(), first);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_cancelled_job_that_blocks_its_thread_is_gone_too() {
    let (temp, queue, context) = app();
    let running = start(&temp, seldom(1), &context);
    let job = Stubborn.perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("stubborn")).await;
    assert!(cancel(&temp.database, job).await.unwrap());
    wait_for("its end", async || {
        temp.count("solid_queue_jobs").await == 0
    })
    .await;
    assert!(!context.has("stubborn ended"));
    context.open_door();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_to_be_cancelled_does_not_run_again_after_a_crash() {
    let (temp, queue, context) = app();
    let job = endless("a").perform_later(&queue).await.unwrap();
    // A worker without a row: one that died.
    temp.execute(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
           SELECT job_id, 99, created_at FROM solid_queue_ready_executions;
         DELETE FROM solid_queue_ready_executions;",
    )
    .await;
    assert!(cancel(&temp.database, job).await.unwrap());
    let running = start(&temp, config(1), &context);
    wait_for("its end", async || {
        temp.count("solid_queue_jobs").await == 0
    })
    .await;
    running.stop().await;
    assert!(!context.has("a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_puts_running_jobs_back_at_once() {
    let (temp, queue, context) = app();
    let (task, stop, quit) = quittable(&temp, &context);
    endless("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    quit.cancel();
    task.await.unwrap();
    assert!(!stop.is_cancelled());
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    assert_eq!(temp.count("solid_queue_processes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_cuts_a_graceful_stop_short() {
    let (temp, queue, context) = app();
    let (task, stop, quit) = quittable(&temp, &context);
    endless("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    stop.cancel();
    wait_for("the dispatcher's end", async || {
        temp.count("solid_queue_processes").await == 2
    })
    .await;
    assert_eq!(temp.count("solid_queue_claimed_executions").await, 1);
    quit.cancel();
    task.await.unwrap();
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn quit_does_not_wait_for_jobs_that_block_their_threads() {
    let (temp, queue, context) = app();
    let (task, _stop, quit) = quittable(&temp, &context);
    Stubborn.perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("stubborn")).await;
    quit.cancel();
    task.await.unwrap();
    assert!(!context.has("stubborn ended"));
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    context.open_door();
    wait_for("its end", async || context.has("stubborn ended")).await;
    // Whatever it did yet: it runs again.
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
}

#[test]
fn jobs_that_block_all_threads_delay_neither_heartbeats_nor_time_limits() {
    let jobs = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let looking = tokio::runtime::Runtime::new().unwrap();
    looking.block_on(async {
        let (temp, queue, context) = app();
        let beating = Config {
            process_heartbeat_interval: Duration::from_millis(20),
            ..config(1)
        };
        let stop = CancellationToken::new();
        let supervisor =
            Supervisor::new(temp.database.clone(), beating, registry(), context.clone());
        let task = jobs.spawn(supervisor.run(stop.clone()));
        Blocking.perform_later(&queue).await.unwrap();
        wait_for("the job", async || context.has("blocking")).await;
        let heartbeats = "SELECT min(last_heartbeat_at) AS value FROM solid_queue_processes";
        let before = temp.texts(heartbeats).await;
        wait_for("heartbeats", async || temp.texts(heartbeats).await > before).await;
        wait_for("the failure", async || failed(&temp).await == 1).await;
        context.open_door();
        stop.cancel();
        task.await.unwrap().unwrap();
    });
}

fn app() -> (Temp, Queue, Context) {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    (temp, queue, Context::default())
}

/// A worker that looks for jobs once an hour if nobody tells it to.
fn seldom(threads: u32) -> Config {
    let worker = WorkerConfig {
        polling_interval: Duration::from_hours(1),
        threads,
        ..WorkerConfig::default()
    };
    Config {
        workers: vec![worker],
        shutdown_timeout: Duration::from_millis(20),
        ..config(1)
    }
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    let config = Config {
        shutdown_timeout: Duration::from_millis(20),
        ..config
    };
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

type Task = tokio::task::JoinHandle<()>;

/// A supervisor that would wait for hours for its jobs.
fn quittable(temp: &Temp, context: &Context) -> (Task, CancellationToken, CancellationToken) {
    let patient = Config {
        shutdown_timeout: Duration::from_hours(1),
        ..config(1)
    };
    let (stop, quit) = (CancellationToken::new(), CancellationToken::new());
    let supervisor = Supervisor::new(temp.database.clone(), patient, registry(), context.clone());
    let run = supervisor.quit_on(quit.clone()).run(stop.clone());
    let task = tokio::spawn(async move {
        let start = Instant::now();
        run.await.unwrap();
        assert!(start.elapsed() < Duration::from_mins(1));
    });
    (task, stop, quit)
}

async fn failed(temp: &Temp) -> i64 {
    temp.count("solid_queue_failed_executions").await
}
