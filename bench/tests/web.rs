//! That the benchmark of the pages works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use support::{measured, says_a_number};

#[tokio::test]
async fn todos_compare_pages_with_plain_bytes() {
    let result = measured("web-todos").await;
    says_a_number(&result, "/plain/first_visit/per_second/median");
    says_a_number(&result, "/null_store/inertia_visit/bytes");
    says_a_number(&result, "/ratios/first_visit_to_plain");
    says_a_number(&result, "/goals/inertia_visit_per_second/measured");
}
