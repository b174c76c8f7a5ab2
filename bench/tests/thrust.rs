//! That each benchmark of the front proxy works and says what it should. Not how fast it is.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use serde_json::Value;
use support::{measured, says_a_number};

const PROXIES: [&str; 3] = ["thrust", "nginx", "caddy"];

#[tokio::test]
async fn dynamic_compares_proxies_with_the_backend_alone() {
    let result = measured("thrust-dynamic").await;
    says_a_number(&result, "/http1/direct/per_second/median");
    for proxy in PROXIES {
        says_of(&result, proxy, &format!("/http1/{proxy}/p99_us/median"));
        let processor = format!("/http2_tls/{proxy}/processor_us_each/median");
        says_of(&result, proxy, &processor);
    }
}

#[tokio::test]
async fn asset_compares_encodings() {
    let result = measured("thrust-asset").await;
    for proxy in PROXIES {
        for encoding in ["browser", "gzip_only"] {
            let figures = format!("/figures/{encoding}");
            let bytes = format!("{figures}/sent/http2_tls/{proxy}/bytes");
            says_of(&result, proxy, &bytes);
            let rate = format!("{figures}/http2_tls/{proxy}/per_second/median");
            says_of(&result, proxy, &rate);
        }
    }
}

#[tokio::test]
async fn websocket_takes_the_time_beyond_the_backend_alone() {
    let result = measured("thrust-websocket").await;
    says_a_number(&result, "/figures/direct/p50_us/median");
    for proxy in PROXIES {
        let beyond = format!("/figures/{proxy}/p50_us_beyond_direct");
        says_of(&result, proxy, &beyond);
    }
}

#[tokio::test]
async fn connections_are_weighed() {
    let result = measured("thrust-connections").await;
    says_a_number(&result, "/connections");
    for proxy in PROXIES {
        let each = format!("/figures/{proxy}/kilobytes_a_connection");
        says_of(&result, proxy, &each);
    }
}

#[tokio::test]
async fn idle_weighs_each_proxy() {
    let result = measured("thrust-idle").await;
    for proxy in PROXIES {
        says_of(&result, proxy, &format!("/figures/{proxy}/resident_mb"));
        let time = format!("/figures/{proxy}/processor_ms_a_minute");
        says_of(&result, proxy, &time);
    }
}

/// Where a proxy is not there, its figures are left out.
#[track_caller]
fn says_of(result: &Value, proxy: &str, figure: &str) {
    let says = result.pointer(&format!("/proxies/{proxy}"));
    let says = says.and_then(Value::as_str).unwrap();
    if says.ends_with("is not installed") || says.ends_with("is not built") {
        assert_eq!(result.pointer(figure), None, "{result:#}");
    } else {
        says_a_number(result, figure);
    }
}
