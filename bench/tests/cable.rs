//! That each benchmark of the cable works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use support::{measured, says_a_number};

#[tokio::test]
async fn fanout_compares_the_cable_with_a_plain_one() {
    let result = measured("cable-fanout").await;
    says_a_number(&result, "/plain/last_client/p99_ms");
    says_a_number(&result, "/cable_ext_json/last_client/p50_ms");
    says_a_number(&result, "/ratios/json_to_plain_p50");
    says_a_number(&result, "/goals/last_client_p50_ms/measured");
    says_a_number(&result, "/goals/polling_beyond_watching_p50_ms/measured");
}

#[tokio::test]
async fn connections_are_weighed_at_rest_and_at_work() {
    let result = measured("cable-connections").await;
    says_a_number(&result, "/plain/kilobytes_a_client");
    says_a_number(&result, "/cable_json/idle_core_percent");
    says_a_number(&result, "/goals/ext_json/last_client_p99_ms/measured");
}

#[tokio::test]
async fn broadcasts_compare_callers_with_bare_sqlite() {
    let result = measured("cable-broadcasts").await;
    says_a_number(&result, "/64_callers/calls/p99_ms");
    says_a_number(&result, "/ratios/64_callers_to_bare_64");
    says_a_number(&result, "/goals/per_second/measured");
}

#[tokio::test]
async fn streams_compare_many_with_few() {
    let result = measured("cable-streams").await;
    says_a_number(&result, "/among_many/received/p50_ms");
    says_a_number(&result, "/goals/received_p50_ratio/measured");
}

#[tokio::test]
async fn resume_takes_the_time_to_the_last() {
    let result = measured("cable-resume").await;
    says_a_number(&result, "/all_missed_ms/median");
    says_a_number(&result, "/ratio_missed_to_nothing");
}
