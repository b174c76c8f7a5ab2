#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What only the queue in memory does: it has bounds, and it ends.

mod support;

use solid_queue::{EnqueueError, InProcessConfig, PerformLater as _, Queue, testing};
use support::jobs::note;

#[tokio::test]
async fn a_full_in_process_queue_refuses_jobs() {
    let capacity = 2;
    let (queue, _runner) = Queue::in_process(InProcessConfig {
        capacity,
        ..InProcessConfig::default()
    });
    note("1").perform_later(&queue).await.unwrap();
    let two = vec![note("2"), note("3")];
    let refused = queue.perform_all_later(two).await.unwrap_err();
    assert!(matches!(
        refused,
        EnqueueError::Full {
            job: "Note",
            limit: 2
        }
    ));
    note("2").perform_later(&queue).await.unwrap();
    note("3").perform_later(&queue).await.unwrap_err();
    assert_eq!(testing::enqueued(&queue).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_in_process_queue_without_its_runner_refuses_jobs() {
    let (queue, runner) = Queue::in_process(InProcessConfig::default());
    drop(runner);
    let refused = note("1").perform_later(&queue).await.unwrap_err();
    assert!(matches!(refused, EnqueueError::Stopped { job: "Note" }));
}
