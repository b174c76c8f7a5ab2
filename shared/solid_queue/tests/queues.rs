#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Which jobs a worker claims, and in which order.

mod support;

use solid_queue::{Config, Enqueue, PerformLater as _, Queue, WorkerConfig};
use support::jobs::{Context, note, registry};
use support::{Running, Temp, config, wait_for};

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

/// Enqueues a job on each queue, and returns those that one worker performs, in order.
async fn performed(temp: &Temp, queues: &[&str], on: &[&str], expected: usize) -> Vec<String> {
    let (queue, context) = app(temp);
    for name in on {
        let job = note(name).set(Enqueue::new().queue(*name));
        job.perform_later(&queue).await.unwrap();
    }
    let worker = WorkerConfig {
        queues: queues.iter().map(|&name| name.into()).collect(),
        threads: 1,
        ..WorkerConfig::default()
    };
    let config = Config {
        workers: vec![worker],
        ..config(1)
    };
    let running = start(temp, config, &context);
    wait_for("the jobs", async || context.notes().len() >= expected).await;
    running.stop().await;
    context.notes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_are_emptied_in_the_order_of_the_list() {
    let temp = Temp::new();
    let on = ["c", "mail_b", "mailers", "a", "maiL", "mail_a"];
    let notes = performed(&temp, &["a", " mail* ", "c", "x*y"], &on, 5).await;
    assert_eq!(notes, ["a", "mail_a", "mail_b", "mailers", "c"]);
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_means_all_queues_by_age() {
    let notes = performed(&Temp::new(), &["b", "*"], &["c", "b", "a"], 3).await;
    assert_eq!(notes, ["c", "b", "a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_queues_mean_all_queues() {
    let notes = performed(&Temp::new(), &[], &["c", "b"], 2).await;
    assert_eq!(notes, ["c", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_queues_wait() {
    let temp = Temp::new();
    let pause = |name| {
        format!(
            "INSERT INTO solid_queue_pauses (queue_name, created_at) VALUES ('{name}', '2026-01-01 00:00:00');"
        )
    };
    temp.execute(pause("b") + &pause("none")).await;
    assert_eq!(
        performed(&temp, &["*"], &["c", "b", "a"], 2).await,
        ["a", "c"]
    );
    assert_eq!(performed(&temp, &["b", "d"], &["d"], 1).await, ["d"]);
    temp.execute("DELETE FROM solid_queue_pauses").await;
    assert_eq!(performed(&temp, &["b*"], &[], 1).await, ["b"]);
}
