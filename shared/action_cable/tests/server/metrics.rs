//! What a server counts, as a recorder gets it.

use std::collections::BTreeMap;

use action_cable::Config;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;

use crate::support::{Client, Harness, quiet};

const ROOM: &str = r#"{"channel":"RoomChannel","room":1}"#;

/// The metrics of a server by name, as they are now.
fn record(harness: &Harness) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || harness.server.record_metrics());
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .map(|(key, _, _, value)| (key.key().name().to_owned(), number(&value)))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "they are small")]
fn number(value: &DebugValue) -> f64 {
    match value {
        DebugValue::Counter(count) => *count as f64,
        DebugValue::Gauge(gauge) => gauge.0,
        DebugValue::Histogram(_) => f64::NAN,
    }
}

async fn expect(harness: &Harness, expected: &[(&str, f64)]) {
    let what = format!("{expected:?}");
    test_support::wait_until(&what, async || {
        let metrics = record(harness);
        let is_so = |(name, value): &(&str, f64)| {
            metrics
                .get(*name)
                .is_some_and(|found| (found - value).abs() < 1e-9)
        };
        expected.iter().all(is_so)
    })
    .await;
}

#[tokio::test]
async fn messages_and_clients_are_counted() {
    let harness = Harness::start();
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut anna = Client::connect_with(harness.address, "/cable?as=anna", &headers)
        .await
        .unwrap();
    let mut again = Client::connect_with(harness.address, "/cable?as=anna", &headers)
        .await
        .unwrap();
    let mut anonymous = harness.client().await;
    for client in [&mut anna, &mut again] {
        client.expect(r#"{"type":"welcome"}"#).await;
    }
    anna.join(ROOM).await;
    harness.broadcast("room:1", &json!("hi")).await;
    harness.broadcast("nobody", &json!("hi")).await;
    anna.next().await;
    anonymous.send("{").await;
    harness.cable.disconnect("anna", false).await.unwrap();
    anna.next().await;
    anna.closed().await;
    expect(
        &harness,
        &[
            ("anycable_go_client_msg_total", 2.0),
            ("anycable_go_failed_client_msg_total", 1.0),
            ("anycable_go_broadcast_msg_total", 3.0),
            ("anycable_go_failed_broadcast_msg_total", 0.0),
            ("anycable_go_remote_commands_total", 1.0),
            ("anycable_go_failed_auths_total", 0.0),
            ("anycable_go_disconnected_slow_clients_total", 0.0),
            ("action_cable_messages_delivered_total", 1.0),
            ("action_cable_listener_up", 1.0),
        ],
    )
    .await;
    let metrics = record(&harness);
    let command = json!({ "command": "subscribe", "identifier": ROOM }).to_string();
    let received = u32::try_from(command.len() + 1).unwrap();
    assert!((metrics["anycable_go_data_rcvd_total"] - f64::from(received)).abs() < 1e-9);
    assert!(metrics["anycable_go_data_sent_total"] > 100.0);
    assert!(metrics["anycable_go_server_msg_total"] >= 6.0);
}

#[tokio::test]
async fn clients_of_one_identity_are_one() {
    let harness = Harness::start();
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut clients = Vec::new();
    for path in [
        "/cable?as=anna",
        "/cable?as=anna",
        "/cable?as=ben",
        "/cable",
    ] {
        let mut client = Client::connect_with(harness.address, path, &headers)
            .await
            .unwrap();
        client.expect(r#"{"type":"welcome"}"#).await;
        clients.push(client);
    }
    clients[0].join(ROOM).await;
    let expected = [
        ("anycable_go_clients_num", 4.0),
        ("anycable_go_clients_uniq_num", 3.0),
        ("action_cable_subscriptions", 1.0),
        // The room's, and those of orders for anna and ben.
        ("anycable_go_broadcast_streams_num", 3.0),
    ];
    expect(&harness, &expected).await;
    drop(clients);
    let nobody = [
        ("anycable_go_clients_num", 0.0),
        ("anycable_go_clients_uniq_num", 0.0),
    ];
    expect(&harness, &nobody).await;
}

#[tokio::test]
async fn the_refused_and_the_slow_are_counted() {
    let harness = Harness::with(Config {
        outgoing_queue_size: 100_000,
        ..quiet()
    });
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut mallory = Client::connect_with(harness.address, "/cable?as=mallory", &headers)
        .await
        .unwrap();
    mallory.next().await;
    let mut slow = harness.client().await;
    slow.join(ROOM).await;
    let long = json!("x".repeat(60_000));
    test_support::wait_until("the slow client to be cut", async || {
        harness.broadcast("room:1", &long).await;
        record(&harness)["anycable_go_disconnected_slow_clients_total"] > 0.5
    })
    .await;
    let expected = [
        ("anycable_go_failed_auths_total", 1.0),
        ("anycable_go_disconnected_slow_clients_total", 1.0),
        ("anycable_go_failed_server_msg_total", 1.0),
    ];
    expect(&harness, &expected).await;
}

#[tokio::test]
async fn subscriptions_count_while_their_client_is_there() {
    let harness = Harness::start();
    let subscriptions = |count| [("action_cable_subscriptions", count)];
    let (mut client, welcome) = harness.extended("/cable").await;
    client.join(ROOM).await;
    expect(&harness, &subscriptions(1.0)).await;
    drop(client);
    expect(&harness, &subscriptions(0.0)).await;
    let path = format!("/cable?sid={}", welcome["sid"].as_str().unwrap());
    let (mut client, back) = harness.extended(&path).await;
    assert_eq!(back["restored"], true);
    expect(&harness, &subscriptions(1.0)).await;
    client.unsubscribe(ROOM).await;
    expect(&harness, &subscriptions(0.0)).await;
}
