#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Limits on how many jobs start in a time.

mod support;

use solid_queue::{JobId, testing};
use support::controlled::{Controlled, Still, limited, moment, plain, rated};

#[tokio::test]
async fn the_first_ones_start_at_once_and_the_others_evenly_spread() {
    let still = Still::new();
    for name in ["a", "b", "c", "d", "e"] {
        still.enqueue(rated(name, "smtp", 2, 10)).await;
    }
    assert_eq!(still.run().await, ["a", "b"]);
    assert_eq!(
        still.waiting().await,
        [
            "c at 2026-11-23 12:00:05",
            "d at 2026-11-23 12:00:10",
            "e at 2026-11-23 12:00:15",
        ]
    );
    for name in ["c", "d", "e"] {
        still.advance(4);
        assert_eq!(still.run().await, [""; 0]);
        still.advance(1);
        assert_eq!(still.run().await, [name]);
    }
}

#[tokio::test]
async fn who_comes_later_queues_up_behind_those_who_wait() {
    let still = Still::new();
    for name in ["a", "b", "c"] {
        still.enqueue(rated(name, "smtp", 1, 10)).await;
    }
    assert_eq!(still.run().await, ["a"]);
    still.advance(9);
    still.enqueue(rated("d", "smtp", 1, 10)).await;
    assert_eq!(still.run().await, [""; 0]);
    assert_eq!(still.waiting().await[2], "d at 2026-11-23 12:00:30");
    still.enqueue(rated("elsewhere", "imap", 1, 10)).await;
    assert_eq!(still.run().await, ["elsewhere"]);
    still.advance(1);
    still.enqueue(rated("e", "smtp", 1, 10)).await;
    assert_eq!(still.run().await, ["b"]);
    assert_eq!(still.waiting().await[2], "e at 2026-11-23 12:00:40");
}

#[tokio::test]
async fn unused_time_is_saved_up_to_the_limit_only() {
    let still = Still::new();
    still.enqueue(rated("first", "smtp", 3, 30)).await;
    still.run().await;
    still.advance(3600);
    for name in ["a", "b", "c", "d"] {
        still.enqueue(rated(name, "smtp", 3, 30)).await;
    }
    assert_eq!(still.run().await, ["a", "b", "c"]);
    assert_eq!(still.waiting().await, ["d at 2026-11-23 13:00:10"]);
}

#[tokio::test]
async fn many_that_wait_for_their_turn_stop_no_others() {
    let still = Still::new();
    let jobs = (0..700).map(|number| rated(&number.to_string(), "smtp", 1, 10));
    still.queue.perform_all_later(jobs.collect()).await.unwrap();
    still.enqueue(plain("behind")).await;
    assert_eq!(still.run().await, ["0", "behind"]);
    let waiting = still.waiting().await;
    assert_eq!(waiting.len(), 699);
    assert_eq!(waiting[698], "699 at 2026-11-23 13:56:30");
}

#[tokio::test]
async fn those_whose_turn_was_missed_still_go_one_by_one_in_their_order() {
    let still = Still::new();
    for number in 0..6 {
        still
            .enqueue(rated(&number.to_string(), "smtp", 1, 10))
            .await;
    }
    assert_eq!(still.run().await, ["0"]);
    // Nobody worked for an hour.
    still.advance(3600);
    assert_eq!(still.run().await, ["1"]);
    assert_eq!(
        still.waiting().await,
        [
            "2 at 2026-11-23 13:00:10",
            "3 at 2026-11-23 13:00:20",
            "4 at 2026-11-23 13:00:30",
            "5 at 2026-11-23 13:00:40",
        ]
    );
}

#[tokio::test]
async fn a_clock_that_goes_back_an_hour_holds_up_no_new_jobs() {
    let still = Still::new();
    for name in ["a", "b", "c"] {
        still.enqueue(rated(name, "smtp", 1, 10)).await;
    }
    still.run().await;
    still.clock.set(moment("2026-11-23 11:00:00"));
    still.enqueue(rated("new", "smtp", 1, 10)).await;
    still.enqueue(rated("newer", "smtp", 1, 10)).await;
    still.run().await;
    assert_eq!(
        still.waiting().await[..2],
        ["new at 2026-11-23 11:00:10", "newer at 2026-11-23 11:00:20"]
    );
    still.advance(10);
    assert_eq!(still.run().await, ["new"]);
}

#[tokio::test]
async fn the_turns_of_jobs_that_are_gone_are_given_to_others() {
    let still = Still::new();
    for number in 0..100 {
        still
            .enqueue(rated(&number.to_string(), "smtp", 1, 10))
            .await;
    }
    still.run().await;
    still
        .temp
        .execute("DELETE FROM solid_queue_jobs WHERE finished_at IS NULL")
        .await;
    still.advance(15);
    still.enqueue(rated("new", "smtp", 1, 10)).await;
    still.enqueue(rated("newer", "smtp", 1, 10)).await;
    assert_eq!(still.run().await, ["new"]);
    assert_eq!(still.waiting().await, ["newer at 2026-11-23 12:00:25"]);
}

#[tokio::test]
async fn who_waits_for_its_turn_holds_no_place() {
    let still = Still::new();
    let both = |name| Controlled {
        rate: Some(("smtp".into(), 1, 10)),
        ..limited(name, "k", 1)
    };
    still.enqueue(both("a")).await;
    still.enqueue(both("b")).await;
    still.enqueue(limited("c", "k", 1)).await;
    assert_eq!(still.run().await, ["a", "c"]);
    assert_eq!(still.waiting().await, ["b at 2026-11-23 12:00:10"]);
    assert_eq!(still.semaphore("k").await, ["1"]);
    still.advance(10);
    still.enqueue(limited("d", "k", 1)).await;
    assert_eq!(still.run().await, ["d", "b"]);
    assert_eq!(still.semaphore("k").await, ["1"]);
}

#[tokio::test]
async fn a_retry_is_a_start_of_its_own() {
    let still = Still::new();
    let flaky = Controlled {
        failures: 1,
        ..rated("a", "smtp", 1, 10)
    };
    still.enqueue(flaky).await;
    still.enqueue(rated("b", "smtp", 1, 10)).await;
    assert_eq!(still.run().await, ["a"]);
    assert_eq!(
        still.waiting().await,
        ["b at 2026-11-23 12:00:10", "a at 2026-11-23 12:00:20"]
    );
}

#[tokio::test]
async fn a_delayed_job_takes_its_turn_when_it_is_due() {
    let still = Still::new();
    let later = still.enqueue_in(5, rated("later", "smtp", 1, 10)).await;
    still.enqueue(rated("now", "smtp", 1, 10)).await;
    assert_eq!(later, JobId(1));
    assert_eq!(still.run().await, ["now"]);
    assert_eq!(still.waiting().await, ["later at 2026-11-23 12:00:05"]);
    still.advance(5);
    assert_eq!(still.run().await, [""; 0]);
    assert_eq!(still.waiting().await, ["later at 2026-11-23 12:00:10"]);
}

#[tokio::test]
async fn a_test_need_not_wait_for_a_turn() {
    let still = Still::new();
    still.enqueue(rated("a", "smtp", 1, 10)).await;
    still.enqueue(rated("b", "smtp", 1, 10)).await;
    let registry = support::controlled::registry();
    let is_done = async || still.context.has("b ended");
    testing::run_until(&still.queue, registry, &still.context, is_done)
        .await
        .unwrap();
    assert_eq!(still.clock.now(), moment("2026-11-23 12:00:10"));
}
