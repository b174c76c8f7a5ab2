#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Limits on how many jobs run at once.

mod support;
#[path = "concurrency/versions.rs"]
mod versions;

use solid_queue::{Config, Enqueue, EnqueueError, PerformLater as _, Queue};
use support::controlled::{Controlled, Still, limited, plain, registry};
use support::jobs::Context;
use support::{Running, Temp, config, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_run_at_once_than_the_limit_whoever_runs_them() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let one = start(&temp, config(8), &context);
    let other = Running::start(temp.other(), config(8), registry(), context.clone());
    for number in 0..8 {
        let job = limited(&number.to_string(), "k", 2).held();
        job.perform_later(&queue).await.unwrap();
    }
    let notes = || i64::try_from(context.notes().len()).unwrap();
    for done in 0..8 {
        let running = (8 - done).min(2);
        let is_running = async || notes() == 2 * done + running;
        wait_for("the next jobs", is_running).await;
        let claimed = temp.count("solid_queue_claimed_executions").await;
        assert_eq!(claimed, running);
        context.gate.add_permits(1);
        let is_done = async || finished(&temp).await == done + 1;
        wait_for("the end of one", is_done).await;
    }
    one.stop().await;
    other.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 2"]);
}

#[tokio::test]
async fn blocked_jobs_go_by_priority_then_by_age() {
    let still = Still::new();
    still.enqueue(limited("first", "k", 1)).await;
    for (name, priority) in [("d", 5), ("b", 0), ("a", -1), ("e", 5), ("c", 0)] {
        let options = Enqueue::new().priority(priority);
        let job = limited(name, "k", 1).set(options);
        job.perform_later(&still.queue).await.unwrap();
    }
    still.enqueue(limited("other", "o", 1)).await;
    let waiting = [
        "first", "other", "a for k", "b for k", "c for k", "d for k", "e for k",
    ];
    assert_eq!(still.waiting().await, waiting);
    let order = ["a", "b", "c", "d", "e"];
    let ran = still.run().await;
    let ran: Vec<_> = ran
        .iter()
        .filter(|it| order.contains(&it.as_str()))
        .collect();
    assert_eq!(ran, order);
    assert_eq!(still.semaphore("k").await, ["1"]);
}

#[tokio::test]
async fn a_job_under_several_limits_waits_for_room_in_all() {
    let still = Still::new();
    let both = Controlled {
        keys: vec![("a".into(), 1), ("b".into(), 1)],
        ..plain("both")
    };
    still.enqueue(limited("in b", "b", 1)).await;
    still.enqueue(both).await;
    still.enqueue(limited("in a", "a", 1)).await;
    // It waits for the limit that is full, and takes no place in the other meanwhile.
    assert_eq!(still.waiting().await, ["in b", "in a", "both for b"]);
    assert_eq!(still.run().await, ["in b", "in a", "both"]);
    assert_eq!(still.semaphore("a").await, ["1"]);
    assert_eq!(still.semaphore("b").await, ["1"]);
}

#[tokio::test]
async fn many_that_find_room_here_but_not_there_do_not_stop_the_next() {
    let still = Still::new();
    let both = |name: String| Controlled {
        keys: vec![("a".into(), 1), ("b".into(), 1)],
        ..plain(&name)
    };
    still.enqueue(limited("in a", "a", 1)).await;
    for number in 0..40 {
        still.enqueue(both(format!("{number:02}"))).await;
    }
    still.enqueue(limited("behind", "a", 1)).await;
    still.enqueue_in(3600, limited("later", "b", 1)).await;
    still
        .temp
        .execute("UPDATE solid_queue_scheduled_executions SET scheduled_at = '2026-01-01 00:00:00'")
        .await;
    // `later` takes the only place in b, and has it when the place in a is free.
    let ran = still.run().await;
    assert_eq!(ran[..3], ["in a", "behind", "later"].map(str::to_owned));
    assert_eq!(ran.len(), 43);
    assert_eq!(still.semaphore("b").await, ["1"]);
}

#[tokio::test]
async fn who_does_not_wait_is_refused_and_leaves_nothing() {
    let still = Still::new();
    let job = Controlled {
        is_discarded: true,
        ..limited("a", "k", 1)
    };
    still.enqueue(job.clone()).await;
    let refused = still.try_enqueue(job.clone()).await.unwrap_err();
    assert!(matches!(
        refused,
        EnqueueError::Discarded { job: "Controlled" }
    ));
    let jobs = vec![plain("b"), job.clone()];
    let ids = still.queue.perform_all_later(jobs).await.unwrap();
    assert!(ids[0].is_some() && ids[1].is_none());
    assert_eq!(still.temp.count("solid_queue_jobs").await, 2);
    still.run().await;
    still.enqueue(job).await;
    assert_eq!(still.waiting().await, ["a"]);
}

#[tokio::test]
async fn a_delayed_job_that_does_not_wait_is_dropped_when_there_is_no_room() {
    let still = Still::new();
    let job = |name| Controlled {
        is_discarded: true,
        ..limited(name, "k", 1)
    };
    still.enqueue_in(60, job("later")).await;
    still.enqueue_in(60, job("too late")).await;
    still.advance(60);
    assert_eq!(still.run().await, ["later"]);
    assert_eq!(still.waiting().await, [""; 0]);
    assert_eq!(still.temp.count("solid_queue_jobs").await, 1);
}

#[tokio::test]
async fn a_retry_takes_its_turn_and_is_never_dropped() {
    let still = Still::new();
    let flaky = Controlled {
        failures: 1,
        is_discarded: true,
        ..limited("flaky", "k", 1)
    };
    still.enqueue(flaky).await;
    assert_eq!(still.run().await, ["flaky", "flaky"]);

    let flaky = Controlled {
        failures: 1,
        ..limited("second", "k", 1)
    };
    still.enqueue(flaky).await;
    still.enqueue(limited("blocked", "k", 1)).await;
    assert_eq!(still.run().await, ["second", "blocked", "second"]);
    assert_eq!(still.semaphore("k").await, ["1"]);
    assert_eq!(
        still
            .temp
            .count("solid_queue_jobs WHERE finished_at IS NULL")
            .await,
        0
    );
}

#[tokio::test]
async fn a_job_that_fails_or_panics_frees_its_place() {
    let still = Still::new();
    let failing = Controlled {
        failures: 9,
        wait: 3600,
        ..limited("failing", "k", 1)
    };
    still.enqueue(failing).await;
    still.enqueue(limited("next", "k", 1)).await;
    assert_eq!(still.run().await, ["failing", "next"]);
    assert_eq!(still.waiting().await, ["failing at 2026-11-23 13:00:00"]);
    assert_eq!(still.semaphore("k").await, ["1"]);
}

#[tokio::test]
async fn a_job_of_a_paused_queue_keeps_its_place_until_the_queue_goes_on() {
    let still = Still::new();
    still.enqueue(limited("a", "k", 1)).await;
    let paused = limited("paused", "k", 1).set(Enqueue::new().queue("slow"));
    paused.perform_later(&still.queue).await.unwrap();
    still.enqueue(limited("b", "k", 1)).await;
    still
        .temp
        .execute(
            "INSERT INTO solid_queue_pauses (queue_name, created_at) VALUES ('slow', '2026-11-23')",
        )
        .await;
    assert_eq!(still.run().await, ["a"]);
    assert_eq!(still.waiting().await, ["paused", "b for k"]);
    still.temp.execute("DELETE FROM solid_queue_pauses").await;
    assert_eq!(still.run().await, ["paused", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_of_a_job_that_was_deleted_while_it_ran_is_found() {
    let temp = Temp::new();
    let (queue, context) = app(&temp);
    let running = start(&temp, config(2), &context);
    limited("a", "k", 1)
        .held()
        .perform_later(&queue)
        .await
        .unwrap();
    limited("b", "k", 1).perform_later(&queue).await.unwrap();
    wait_for("the job", async || context.has("a")).await;
    temp.execute("DELETE FROM solid_queue_jobs WHERE id = 1")
        .await;
    wait_for("the blocked job", async || context.has("b ended")).await;
    context.gate.add_permits(1);
    running.stop().await;
    assert_eq!(temp.texts(SEMAPHORES).await, ["k 1"]);
}

const SEMAPHORES: &str =
    "SELECT key || ' ' || value AS value FROM solid_queue_semaphores ORDER BY key";

fn app(temp: &Temp) -> (Queue, Context) {
    let queue = Queue::solid(temp.database.clone());
    (queue.clone(), Context::new(queue))
}

fn start(temp: &Temp, config: Config, context: &Context) -> Running {
    Running::start(temp.database.clone(), config, registry(), context.clone())
}

async fn finished(temp: &Temp) -> i64 {
    temp.count("solid_queue_jobs WHERE finished_at IS NOT NULL")
        .await
}
