//! That each benchmark of the queue works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use support::{measured, says_a_number};

#[tokio::test]
async fn enqueue_compares_callers_and_bulk_with_bare_sqlite() {
    let result = measured("queue-enqueue").await;
    says_a_number(&result, "/bare_sqlite/jobs_per_second/median");
    says_a_number(&result, "/perform_later_1_caller/calls/p99_ms");
    says_a_number(&result, "/ratios/64_callers_to_bare");
    says_a_number(&result, "/goals/all_later_1000_per_second/measured");
}

#[tokio::test]
async fn work_compares_processes_with_bare_sqlite() {
    let result = measured("queue-work").await;
    says_a_number(&result, "/ways/bare_sqlite_deleted/jobs_per_second/median");
    says_a_number(&result, "/ways/1_process_3_threads_kept/ratio_to_bare");
    says_a_number(
        &result,
        "/ways/4_processes_50_threads_kept/perform_to_finished_at/max_ms",
    );
    says_a_number(&result, "/goals/4_processes_per_second/measured");
}

#[tokio::test]
async fn latency_compares_the_watch_with_polling() {
    let result = measured("queue-latency").await;
    says_a_number(&result, "/watching_the_files/enqueue_to_start/p50_ms");
    says_a_number(&result, "/ratio_polling_to_watching");
}

#[tokio::test]
async fn idle_counts_writes() {
    let result = measured("queue-idle").await;
    says_a_number(&result, "/watching_the_files/core_percent");
    says_a_number(&result, "/watching_the_files/resident_mb");
    says_a_number(&result, "/goals/writes_other_than_heartbeats/measured");
}

#[tokio::test]
async fn depth_compares_a_long_queue_with_a_short_one() {
    let result = measured("queue-depth").await;
    says_a_number(&result, "/long/queue/finished");
    says_a_number(&result, "/ratio_long_to_short");
}
