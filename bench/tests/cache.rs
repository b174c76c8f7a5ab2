//! That each benchmark of the cache works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use serde_json::Value;
use support::{measured, says_a_number};

#[tokio::test]
async fn read_compares_the_file_and_memory_with_others() {
    let result = measured("cache-read").await;
    says_a_number(&result, "/reads_per_second/bare_sqlite/median");
    says_a_number(&result, "/reads_per_second/first_level_2_threads/median");
    says_a_number(&result, "/goals/file_to_diesel/measured");
    says_a_number(&result, "/goals/first_level_to_moka/measured");
    says_which_redis(&result, "/reads_per_second/redis/median");
}

#[tokio::test]
async fn write_compares_callers_with_bare_sqlite() {
    let result = measured("cache-write").await;
    says_a_number(&result, "/writes_per_second/8_callers/median");
    says_a_number(&result, "/ratios/1_caller_to_bare_sqlite");
    says_which_redis(&result, "/goals/8_callers_to_redis/measured");
}

#[tokio::test]
async fn fetch_takes_the_time_of_each() {
    let result = measured("cache-fetch").await;
    says_a_number(&result, "/file/fetch/p50_ms");
    says_a_number(
        &result,
        "/first_level_beside_writes/other_writes_per_second/median",
    );
    says_a_number(&result, "/goals/first_level_p99_ms/measured");
}

#[tokio::test]
async fn cap_compares_a_full_cache_with_an_empty_one() {
    let result = measured("cache-cap").await;
    says_a_number(&result, "/8_callers/writes_per_second_by_slice/9");
    says_a_number(&result, "/8_callers/totals_at_the_end/0/file_bytes");
    says_a_number(
        &result,
        "/goals/write_multi_100/largest_file_to_max_size/measured",
    );
}

#[tokio::test]
async fn eviction_compares_hit_ratios() {
    let result = measured("cache-eviction").await;
    says_a_number(&result, "/hit_percent/alpha_0.9/sieve");
    says_a_number(&result, "/hit_percent/alpha_1.0/exact_in_memory/lru");
    says_a_number(&result, "/goals/alpha_1.0_sieve_to_fifo/measured");
}

/// Where Redis is not installed, its figures are left out.
#[track_caller]
fn says_which_redis(result: &Value, figure: &str) {
    let redis = result.pointer("/redis").and_then(Value::as_str).unwrap();
    if redis.ends_with("is not installed") {
        assert_eq!(result.pointer(figure), None, "{result:#}");
    } else {
        says_a_number(result, figure);
    }
}
