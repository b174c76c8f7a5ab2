#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Jobs of which there is to be one only.

mod support;

use std::time::Duration;

use solid_queue::{
    ClearFinished, Enqueue, EnqueueError, PerformLater as _, clear_finished_in_batches,
};
use support::controlled::{Controlled, Only, Still, limited, only, registry};
use support::{Running, config, wait_for};

#[tokio::test]
async fn the_one_that_is_there_does_for_both() {
    let still = Still::new();
    let first = still.enqueue(only("a", "k")).await;
    assert_eq!(still.enqueue(only("b", "k")).await, first);
    assert_ne!(still.enqueue(only("c", "other")).await, first);
    assert_eq!(still.run().await, ["a", "c"]);
    assert_ne!(still.enqueue(only("d", "k")).await, first);
}

#[tokio::test]
async fn a_second_one_is_refused_where_that_is_wanted() {
    let still = Still::new();
    let refused = |name| only(name, "k").with(|it| it.on_duplicate = 2);
    let first = still.enqueue(refused("a")).await;
    let error = still.try_enqueue(refused("b")).await.unwrap_err();
    assert!(matches!(error, EnqueueError::Duplicate { id, .. } if id == first));
    let jobs = vec![refused("c"), only("d", "other")];
    let ids = still.queue.perform_all_later(jobs).await.unwrap();
    assert!(ids[0].is_none() && ids[1].is_some());
}

#[tokio::test]
async fn the_one_that_waits_becomes_the_new_one() {
    let still = Still::new();
    let first = still.enqueue(replacing("a", "k")).await;
    still.enqueue(only("between", "other")).await;
    let options = Enqueue::new().queue("low").priority(7);
    let replaced = replacing("b", "k")
        .set(options)
        .perform_later(&still.queue)
        .await;
    assert_eq!(replaced.unwrap(), first);
    assert_eq!(still.waiting().await, ["between", "b"]);
    let row = "SELECT queue_name || ' ' || priority AS value FROM solid_queue_jobs WHERE id = 1";
    assert_eq!(still.temp.texts(row).await, ["low 7"]);
    assert_eq!(still.run().await, ["between", "b"]);
}

#[tokio::test]
async fn a_delayed_one_waits_until_the_time_of_the_last() {
    let still = Still::new();
    still.enqueue_in(60, replacing("a", "k")).await;
    still.advance(30);
    still.enqueue_in(60, replacing("b", "k")).await;
    assert_eq!(still.waiting().await, ["b at 2026-11-23 12:01:30"]);
    // One that is to run now does so at once, without a dispatcher.
    still.enqueue(replacing("c", "k")).await;
    assert_eq!(still.waiting().await, ["c"]);
    let row = "SELECT scheduled_at AS value FROM solid_queue_jobs";
    assert_eq!(still.temp.texts(row).await, ["2026-11-23 12:00:30"]);
}

#[tokio::test]
async fn one_that_is_ready_does_not_wait_again() {
    let still = Still::new();
    still.enqueue(replacing("a", "k")).await;
    still.enqueue_in(60, replacing("b", "k")).await;
    assert_eq!(still.waiting().await, ["b"]);
    let row = "SELECT scheduled_at AS value FROM solid_queue_jobs";
    assert_eq!(still.temp.texts(row).await, ["2026-11-23 12:00:00"]);
}

#[tokio::test]
async fn the_new_one_stands_under_its_own_limits() {
    let still = Still::new();
    let under = |name: &str, limit: &str| Controlled {
        unique: replacing("", "k").unique,
        ..limited(name, limit, 1)
    };
    still.enqueue(under("a", "x")).await;
    still.enqueue(limited("next", "x", 1)).await;
    still.enqueue(limited("in y", "y", 1)).await;
    assert_eq!(still.waiting().await, ["a", "in y", "next for x"]);
    still.enqueue(under("b", "y")).await;
    assert_eq!(still.waiting().await, ["next", "in y", "b for y"]);
    assert_eq!(still.run().await, ["next", "in y", "b"]);
    assert_eq!(still.semaphore("x").await, ["1"]);
    assert_eq!(still.semaphore("y").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_named_states_keep_others_out() {
    let still = Still::new();
    let waiting = |name: &str| only(name, "w").with(|it| it.states = vec!["waiting".into()]);
    let temp = &still.temp;
    let running = Running::start(
        temp.database.clone(),
        config(4),
        registry(),
        still.context.clone(),
    );
    let queue = solid_queue::Queue::solid(temp.database.clone());
    let first = waiting("a").held().perform_later(&queue).await.unwrap();
    let whole = only("b", "u").held().perform_later(&queue).await.unwrap();
    wait_for("both", async || {
        still.context.has("a") && still.context.has("b")
    })
    .await;
    assert_ne!(waiting("c").perform_later(&queue).await.unwrap(), first);
    assert_eq!(only("d", "u").perform_later(&queue).await.unwrap(), whole);
    // One that runs is not replaced.
    let kept = replacing("e", "u").perform_later(&queue).await.unwrap();
    assert_eq!(kept, whole);
    still.context.gate.add_permits(2);
    running.stop().await;
}

#[tokio::test]
async fn a_failed_one_keeps_others_out_if_that_is_wanted() {
    let still = Still::new();
    for (states, is_kept_out) in [
        (vec!["waiting".into(), "failed".into()], true),
        (vec![], false),
    ] {
        let key = format!("{is_kept_out}");
        let failing = only("a", &key).with(|it| it.states = states);
        let id = still.enqueue(failing.clone()).await;
        still
            .temp
            .execute(format!(
                "INSERT INTO solid_queue_failed_executions (job_id, error, created_at)
                   SELECT job_id, '{{}}', created_at FROM solid_queue_ready_executions WHERE job_id = {id};
                 DELETE FROM solid_queue_ready_executions WHERE job_id = {id};"
            ))
            .await;
        assert_eq!(still.enqueue(failing).await == id, is_kept_out);
    }
}

#[tokio::test]
async fn it_may_count_for_a_while_only() {
    let still = Still::new();
    let within = |name| only(name, "k").with(|it| it.within = Some(60));
    let first = still.enqueue(within("a")).await;
    still.advance(59);
    assert_eq!(still.enqueue(within("b")).await, first);
    still.advance(1);
    assert_ne!(still.enqueue(within("c")).await, first);
}

#[tokio::test]
async fn a_finished_one_keeps_others_out_also_when_it_is_deleted() {
    let still = Still::new();
    let once = |name| {
        only(name, "k").with(|it| {
            it.within = Some(60);
            it.states = vec!["waiting".into(), "running".into(), "finished".into()];
        })
    };
    let first = still.enqueue(once("a")).await;
    still.run().await;
    assert_eq!(still.enqueue(once("b")).await, first);
    let all = ClearFinished::before(still.clock.now().after(Duration::from_secs(1)));
    clear_finished_in_batches(&still.temp.database, &all)
        .await
        .unwrap();
    assert_eq!(still.temp.count("solid_queue_jobs").await, 0);
    assert_eq!(still.enqueue(once("c")).await, first);
    still.advance(60);
    assert_ne!(still.enqueue(once("d")).await, first);
}

#[tokio::test]
async fn the_key_goes_on_to_the_next_attempt() {
    let still = Still::new();
    let flaky = |name| Controlled {
        failures: 1,
        wait: 60,
        ..only(name, "k")
    };
    let first = still.enqueue(flaky("a")).await;
    assert_eq!(still.run().await, ["a"]);
    let second = still.enqueue(flaky("b")).await;
    assert_ne!(second, first);
    assert_eq!(still.waiting().await, ["a at 2026-11-23 12:01:00"]);
    still.advance(60);
    assert_eq!(still.run().await, ["a"]);
    assert_eq!(still.temp.count("trifecta_unique_keys").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_goes_on_where_finished_jobs_are_not_kept() {
    let still = Still::new();
    let queue = solid_queue::Queue::solid(still.temp.database.clone());
    let gone = solid_queue::Config {
        preserve_finished_jobs: false,
        ..config(1)
    };
    let temp = &still.temp;
    let running = Running::start(
        temp.database.clone(),
        gone,
        registry(),
        still.context.clone(),
    );
    let flaky = Controlled {
        failures: 1,
        wait: 3600,
        ..only("a", "k")
    };
    let first = flaky.perform_later(&queue).await.unwrap();
    wait_for("the retry", async || {
        temp.count("solid_queue_scheduled_executions").await == 1
    })
    .await;
    assert_eq!(temp.count("solid_queue_jobs").await, 1);
    let kept = only("b", "k").perform_later(&queue).await.unwrap();
    assert!(kept > first);
    assert_eq!(temp.count("solid_queue_jobs").await, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_jobs_that_somebody_deleted_are_free_and_forgotten() {
    let still = Still::new();
    let first = still.enqueue(only("a", "k")).await;
    let jobs = (0..1500).map(|number| only("many", &number.to_string()));
    still.queue.perform_all_later(jobs.collect()).await.unwrap();
    let temp = &still.temp;
    temp.execute("DELETE FROM solid_queue_jobs").await;
    assert_eq!(temp.count("trifecta_unique_keys").await, 1501);
    assert_ne!(still.enqueue(only("b", "k")).await, first);
    let idle = solid_queue::Config {
        workers: Vec::new(),
        ..config(1)
    };
    let running = Running::start(
        temp.database.clone(),
        idle,
        registry(),
        still.context.clone(),
    );
    wait_for("the sweep", async || {
        temp.count("trifecta_unique_keys").await == 1
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn one_that_found_no_room_keeps_nobody_out() {
    let still = Still::new();
    let once = |name: &str| Controlled {
        is_discarded: true,
        unique: Some(Only {
            key: name.into(),
            within: Some(3600),
            states: vec!["waiting".into(), "finished".into()],
            ..Only::default()
        }),
        ..limited(name, "k", 1)
    };
    still.enqueue(once("a")).await;
    still.try_enqueue(once("b")).await.unwrap_err();
    still.run().await;
    still.enqueue(once("b")).await;
    assert_eq!(still.run().await, ["b"]);
}

fn replacing(name: &str, key: &str) -> Controlled {
    only(name, key).with(|it| it.on_duplicate = 1)
}
