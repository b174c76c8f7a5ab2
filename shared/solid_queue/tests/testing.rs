#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The helpers for the tests of applications.

mod support;

use solid_queue::{Enqueue, InProcessConfig, PerformLater as _, Queue, testing};
use std::time::Duration;
use support::controlled::{Controlled, Still, limited, moment, plain};
use support::jobs::{Note, note};
use testing::WaitsFor;

#[tokio::test]
async fn jobs_are_found_by_what_is_said_of_them() {
    let still = Still::new();
    let options = Enqueue::new()
        .queue("low")
        .priority(3)
        .wait(Duration::from_mins(1));
    plain("a")
        .set(options.clone())
        .perform_later(&still.queue)
        .await
        .unwrap();

    let found = testing::assert_enqueued(&still.queue, plain("a")).await;
    assert_eq!(found.job::<Controlled>(), Some(plain("a")));
    assert_eq!(found.job::<Note>().map(|it| it.0), None);
    assert_eq!(found.waits_for, WaitsFor::Time);
    assert_eq!(found.scheduled_at, moment("2026-11-23 12:01:00"));
    testing::assert_enqueued(&still.queue, plain("a").set(options)).await;
    for other in [
        Enqueue::new().queue("high"),
        Enqueue::new().priority(4),
        Enqueue::new().wait_until(moment("2026-11-23 12:01:01")),
    ] {
        testing::assert_not_enqueued(&still.queue, plain("a").set(other)).await;
    }
    testing::assert_not_enqueued(&still.queue, plain("b")).await;
    testing::assert_not_enqueued(&still.queue, note("a")).await;
}

#[tokio::test]
async fn blocked_jobs_are_seen() {
    let still = Still::new();
    for name in ["a", "b"] {
        still.enqueue(limited(name, "k", 1)).await;
    }
    let blocked = testing::assert_enqueued(&still.queue, limited("b", "k", 1)).await;
    assert_eq!(blocked.waits_for, WaitsFor::Room { key: "k".into() });
}

#[tokio::test]
#[should_panic(
    expected = "expected Note[\"a\"] on low, but there are:\n  Note[\"a\"] on default, priority 0, at "
)]
async fn a_job_that_is_missing_is_told_with_those_that_are_there() {
    let (queue, _runner) = Queue::in_process(InProcessConfig::default());
    note("a").perform_later(&queue).await.unwrap();
    testing::assert_enqueued(&queue, note("a").set(Enqueue::new().queue("low"))).await;
}

#[tokio::test]
#[should_panic(expected = "expected no Note[\"a\"], but there are:")]
async fn a_job_that_should_not_be_there_is_told() {
    let still = Still::new();
    note("a").perform_later(&still.queue).await.unwrap();
    testing::assert_not_enqueued(&still.queue, note("a")).await;
}

#[tokio::test]
async fn jobs_run_until_it_is_so_or_none_is_left() {
    let still = Still::new();
    for (name, seconds) in [("a", 10), ("b", 20), ("c", 30)] {
        still.enqueue_in(seconds, plain(name)).await;
    }
    let run = async |until: &str| {
        let registry = support::controlled::registry();
        let is_so = async || still.context.has(until);
        let performed = testing::run_until(&still.queue, registry, &still.context, is_so);
        performed.await.unwrap().finished
    };
    assert_eq!(run("b ended").await, 2);
    assert_eq!(still.clock.now(), moment("2026-11-23 12:00:20"));
    assert_eq!(run("never").await, 1);
    assert_eq!(still.clock.now(), moment("2026-11-23 12:00:30"));
}
