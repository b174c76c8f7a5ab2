#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What both queues do alike.

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use db::Timestamp;
use solid_queue::{Enqueue, InProcessConfig, InProcessRunner, PerformLater as _, Queue, testing};
use support::jobs::{Chain, Context, Dropped, Failing, Flaky, Panicking, held, note, registry};
use support::{Running, Temp, config, wait_for};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[derive(Clone, Copy)]
enum Kind {
    Solid,
    InProcess,
}

/// A queue that nobody empties yet.
struct App {
    queue: Queue,
    context: Context,
    worker: Worker,
}

enum Worker {
    Solid(Temp),
    InProcess(InProcessRunner),
}

enum Started {
    Solid(Running, Temp),
    InProcess(CancellationToken, JoinHandle<()>),
}

impl App {
    fn new(kind: Kind, threads: u32) -> Self {
        let (queue, worker) = match kind {
            Kind::Solid => {
                let temp = Temp::new();
                (Queue::solid(temp.database.clone()), Worker::Solid(temp))
            }
            Kind::InProcess => {
                let config = InProcessConfig {
                    threads,
                    ..InProcessConfig::default()
                };
                let (queue, runner) = Queue::in_process(config);
                (queue, Worker::InProcess(runner))
            }
        };
        let context = Context::new(queue.clone());
        Self {
            queue,
            context,
            worker,
        }
    }

    fn start(self, threads: u32) -> (Queue, Context, Started) {
        let context = self.context.clone();
        let started = match self.worker {
            Worker::Solid(temp) => {
                let database = temp.database.clone();
                let running = Running::start(database, config(threads), registry(), self.context);
                Started::Solid(running, temp)
            }
            Worker::InProcess(runner) => {
                let stop = CancellationToken::new();
                let run = runner.run(registry(), self.context, stop.clone());
                Started::InProcess(stop, tokio::spawn(run))
            }
        };
        (self.queue, context, started)
    }
}

impl Started {
    async fn stop(self) {
        match self {
            Self::Solid(running, _temp) => running.stop().await,
            Self::InProcess(stop, task) => {
                stop.cancel();
                task.await.unwrap();
            }
        }
    }
}

macro_rules! on_both {
    ($($test:ident,)*) => {
        mod solid {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Kind::Solid).await;
            })*
        }
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Kind::InProcess).await;
            })*
        }
    };
}

on_both! {
    performs_jobs_with_their_arguments,
    goes_by_priority_then_by_age,
    enqueues_many_in_order,
    keeps_delayed_jobs_until_they_are_due,
    lists_what_waits,
    tries_again_until_it_succeeds,
    gives_up_after_the_last_attempt,
    goes_on_after_failures_and_panics,
    runs_so_many_at_once_and_no_more,
    waits_for_running_jobs_when_it_stops,
    performs_what_is_pending,
    tells_how_pending_jobs_went,
}

async fn performs_jobs_with_their_arguments(kind: Kind) {
    let (queue, context, started) = App::new(kind, 3).start(3);
    note("one").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("one")).await;
    started.stop().await;
}

async fn goes_by_priority_then_by_age(kind: Kind) {
    let app = App::new(kind, 1);
    for (text, priority) in [("c", 5), ("b", 0), ("a", -1), ("d", 5)] {
        let options = Enqueue::new().priority(priority);
        let job = note(text).set(options);
        job.perform_later(&app.queue).await.unwrap();
    }
    let (_queue, context, started) = app.start(1);
    wait_for("all jobs", async || context.notes().len() == 4).await;
    assert_eq!(context.notes(), ["a", "b", "c", "d"]);
    started.stop().await;
}

async fn enqueues_many_in_order(kind: Kind) {
    let app = App::new(kind, 1);
    let jobs = (0..700).map(|number| note(&number.to_string())).collect();
    let ids = app.queue.perform_all_later(jobs).await.unwrap();
    assert_eq!(ids.len(), 700);
    assert!(ids.is_sorted());
    let (_queue, context, started) = app.start(1);
    wait_for("all jobs", async || context.notes().len() == 700).await;
    let expected: Vec<_> = (0..700).map(|number| number.to_string()).collect();
    assert_eq!(context.notes(), expected);
    started.stop().await;
}

async fn keeps_delayed_jobs_until_they_are_due(kind: Kind) {
    let (queue, context, started) = App::new(kind, 1).start(1);
    let hour = note("in an hour").set(Enqueue::new().wait(Duration::from_hours(1)));
    hour.perform_later(&queue).await.unwrap();
    note("now").perform_later(&queue).await.unwrap();
    wait_for("what is due", async || context.has("now")).await;
    let delay = Duration::from_millis(150);
    let start = Instant::now();
    let later = note("later").set(Enqueue::new().wait(delay));
    later.perform_later(&queue).await.unwrap();
    wait_for("the delayed job", async || context.has("later")).await;
    assert!(start.elapsed() >= delay);
    assert_eq!(context.notes(), ["now", "later"]);
    started.stop().await;
}

async fn lists_what_waits(kind: Kind) {
    let app = App::new(kind, 1);
    let moment: Timestamp = "2100-01-01 00:00:00".parse().unwrap();
    let options = Enqueue::new().wait_until(moment).queue("low").priority(7);
    let later = note("later").set(options);
    let id = later.perform_later(&app.queue).await.unwrap();
    Chain.perform_later(&app.queue).await.unwrap();
    let jobs = testing::enqueued(&app.queue).await.unwrap();
    let names: Vec<_> = jobs.iter().map(|job| job.class_name.as_str()).collect();
    assert_eq!(names, ["Chain", "Note"]);
    let later = &jobs[1];
    assert_eq!((later.id, later.priority), (id, 7));
    assert_eq!(later.queue_name, "low");
    assert_eq!(later.scheduled_at, moment);
    assert_eq!(later.arguments, serde_json::json!(["later"]));
}

async fn tries_again_until_it_succeeds(kind: Kind) {
    let (queue, context, started) = App::new(kind, 1).start(1);
    let flaky = Flaky { failures: 2 };
    flaky.perform_later(&queue).await.unwrap();
    wait_for("the third attempt", async || context.notes().len() == 3).await;
    started.stop().await;
    assert!(testing::enqueued(&queue).await.unwrap().is_empty());
}

async fn gives_up_after_the_last_attempt(kind: Kind) {
    let (queue, context, started) = App::new(kind, 1).start(1);
    let flaky = Flaky { failures: 9 };
    flaky.perform_later(&queue).await.unwrap();
    wait_for("the third attempt", async || context.notes().len() == 3).await;
    note("the next").perform_later(&queue).await.unwrap();
    wait_for("the next", async || context.has("the next")).await;
    started.stop().await;
    assert_eq!(context.notes().len(), 4);
}

async fn goes_on_after_failures_and_panics(kind: Kind) {
    let (queue, context, started) = App::new(kind, 1).start(1);
    let message = "no".to_owned();
    Failing { message }.perform_later(&queue).await.unwrap();
    Panicking.perform_later(&queue).await.unwrap();
    Dropped.perform_later(&queue).await.unwrap();
    note("last").perform_later(&queue).await.unwrap();
    wait_for("the last job", async || context.has("last")).await;
    started.stop().await;
}

async fn runs_so_many_at_once_and_no_more(kind: Kind) {
    let (queue, context, started) = App::new(kind, 3).start(3);
    let jobs = (0..8).map(|number| held(&number.to_string())).collect();
    queue.perform_all_later(jobs).await.unwrap();
    wait_for("three at once", async || context.notes().len() == 3).await;
    context.gate.add_permits(8);
    wait_for("all jobs", async || context.notes().len() == 16).await;
    assert_eq!(context.most_at_once.load(Ordering::SeqCst), 3);
    started.stop().await;
}

async fn waits_for_running_jobs_when_it_stops(kind: Kind) {
    let (queue, context, started) = App::new(kind, 1).start(1);
    held("a").perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a began")).await;
    let stopping = tokio::spawn(started.stop());
    context.gate.add_permits(1);
    stopping.await.unwrap();
    assert!(context.has("a ended"));
}

async fn performs_what_is_pending(kind: Kind) {
    let app = App::new(kind, 1);
    Chain.perform_later(&app.queue).await.unwrap();
    let later = note("later").set(Enqueue::new().wait(Duration::from_hours(1)));
    later.perform_later(&app.queue).await.unwrap();
    let performed = testing::run_pending(&app.queue, registry(), &app.context);
    assert_eq!(performed.await.unwrap().finished, 2);
    assert_eq!(app.context.notes(), ["chained"]);
    assert_eq!(testing::enqueued(&app.queue).await.unwrap().len(), 1);
}

async fn tells_how_pending_jobs_went(kind: Kind) {
    let app = App::new(kind, 1);
    let message = "boom".to_owned();
    Failing { message }.perform_later(&app.queue).await.unwrap();
    Panicking.perform_later(&app.queue).await.unwrap();
    Dropped.perform_later(&app.queue).await.unwrap();
    let performed = testing::run_pending(&app.queue, registry(), &app.context);
    let performed = performed.await.unwrap();
    let failures: Vec<_> = performed
        .failures
        .iter()
        .map(|failure| (failure.exception_class.as_str(), failure.message.as_str()))
        .collect();
    assert_eq!(failures, [("JobError", "boom"), ("Panic", "what now")]);
    assert_eq!(performed.discarded, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_in_process_queue_performs_what_is_due_before_it_stops() {
    let (queue, context, started) = App::new(Kind::InProcess, 1).start(1);
    held("a").perform_later(&queue).await.unwrap();
    note("b").perform_later(&queue).await.unwrap();
    wait_for("the first job", async || context.has("a began")).await;
    let stopping = tokio::spawn(started.stop());
    context.gate.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(context.notes(), ["a began", "a ended", "b"]);
}
