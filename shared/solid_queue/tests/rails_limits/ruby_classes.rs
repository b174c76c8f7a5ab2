//! Limits of classes that only Ruby knows.

use std::time::Duration;

use solid_queue::{Config, DispatcherConfig, Enqueue, PerformLater as _};

use super::support::controlled::{Still, limited};
use super::support::{Running, config, wait_for};
use super::{SEMAPHORES, app, registry, run};

/// Whose limits are known to Ruby only.
const RUBY: &str = "RubyJob";

#[tokio::test]
async fn delayed_jobs_of_ruby_classes_are_dispatched_within_what_their_semaphores_say() {
    let still = Still::new();
    for name in ["a", "b", "c"] {
        still.enqueue_in(60, limited(name, "k", 1)).await;
    }
    still.enqueue_in(60, limited("ours", "o", 1)).await;
    still
        .temp
        .execute(format!(
            "UPDATE solid_queue_jobs SET class_name = '{RUBY}' WHERE id <= 3;
             DELETE FROM trifecta_job_limits WHERE job_id <= 3;
             INSERT INTO solid_queue_semaphores (key, value, expires_at, created_at, updated_at)
               VALUES ('k', 2, '2026-11-23 13:00:00', '2026-11-23', '2026-11-23');"
        ))
        .await;
    still.advance(60);
    // Nobody here knows that class, so its jobs fail when they run. That frees their places one by one.
    run(&still).await;
    assert_eq!(still.temp.count("solid_queue_failed_executions").await, 3);
    assert!(still.context.has("ours ended"));
    assert_eq!(still.temp.texts(SEMAPHORES).await, ["k 2", "o 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatcher_alone_keeps_to_the_semaphores_of_ruby_classes() {
    let (temp, queue, context) = app();
    let past = Enqueue::new().wait(Duration::from_millis(1));
    for name in ["a", "b", "c"] {
        let job = limited(name, "k", 1).set(past.clone());
        job.perform_later(&queue).await.unwrap();
    }
    temp.execute(format!(
        "UPDATE solid_queue_jobs SET class_name = '{RUBY}'; DELETE FROM trifecta_job_limits;"
    ))
    .await;
    let dispatcher = Config {
        workers: Vec::new(),
        dispatchers: vec![DispatcherConfig {
            batch_size: 1,
            ..DispatcherConfig::default()
        }],
        ..config(1)
    };
    let running = Running::start(
        temp.database.clone(),
        dispatcher,
        registry(),
        context.clone(),
    );
    wait_for("the dispatch", async || {
        temp.count("solid_queue_scheduled_executions").await == 0
    })
    .await;
    assert_eq!(temp.count("solid_queue_ready_executions").await, 1);
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 2);
    // Ruby performs one, and dies before it signals: its semaphore expires.
    temp.execute(
        "DELETE FROM solid_queue_jobs WHERE id = (SELECT job_id FROM solid_queue_ready_executions);
         DELETE FROM solid_queue_semaphores;",
    )
    .await;
    wait_for("the next", async || {
        temp.count("solid_queue_ready_executions").await == 1
    })
    .await;
    assert_eq!(temp.count("solid_queue_blocked_executions").await, 1);
    running.stop().await;
}

#[tokio::test]
async fn a_blocked_job_of_a_ruby_class_follows_ours_under_the_same_key() {
    let still = Still::new();
    still.enqueue(limited("a", "k", 2)).await;
    still.enqueue(limited("b", "k", 2)).await;
    for name in ["ruby", "ours"] {
        still.enqueue(limited(name, "k", 2)).await;
    }
    still
        .temp
        .execute(format!(
            "UPDATE solid_queue_jobs SET class_name = '{RUBY}' WHERE id = 3;
             DELETE FROM trifecta_job_limits WHERE job_id = 3;"
        ))
        .await;
    run(&still).await;
    assert_eq!(still.temp.count("solid_queue_failed_executions").await, 1);
    assert!(still.context.has("ours ended"));
    assert_eq!(still.semaphore("k").await, ["2"]);
}
