//! That each benchmark of the cache works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use serde_json::Value;
use test_support::run;

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

async fn measured(benchmark: &str) -> Value {
    let ended = run("bench", &[benchmark, "--quick"], &Vec::new())
        .await
        .unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    says_a_number(&result, "/machine/cores");
    result
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

#[track_caller]
fn says_a_number(result: &Value, pointer: &str) {
    let figure = result.pointer(pointer).and_then(Value::as_f64);
    assert!(figure.is_some(), "no number at {pointer}: {result:#}");
}
