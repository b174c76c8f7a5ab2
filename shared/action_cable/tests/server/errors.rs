//! What a client may do wrong. The protocol has no error frame: all of it is logged, and the socket stays open.

use action_cable::Config;
use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Harness, quiet};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;

async fn ignores(frames: &[&str]) {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    for frame in frames {
        client.send(frame).await;
        client.expect_nothing().await;
    }
    // The subscription has survived it all.
    harness.broadcast("room:1", &json!("still there")).await;
    client
        .expect(
            r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","message":"still there"}"#,
        )
        .await;
}

#[tokio::test]
async fn frames_that_are_no_commands_are_ignored() {
    ignores(&[
        "",
        "garbage",
        "{",
        "null",
        "[]",
        "\"subscribe\"",
        "{}",
        r#"{"command":null}"#,
        r#"{"command":7,"identifier":"x"}"#,
        r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":2}"}"#,
    ])
    .await;
}

#[tokio::test]
async fn unknown_commands_are_ignored() {
    ignores(&[
        r#"{"command":"fly","identifier":"{\"channel\":\"RoomChannel\",\"room\":2}"}"#,
        r#"{"command":"Subscribe","identifier":"{\"channel\":\"RoomChannel\",\"room\":2}"}"#,
    ])
    .await;
}

#[tokio::test]
async fn commands_without_an_identifier_are_ignored() {
    ignores(&[
        r#"{"command":"subscribe"}"#,
        r#"{"command":"unsubscribe"}"#,
        r#"{"command":"message","data":"{}"}"#,
        r#"{"command":"subscribe","identifier":null}"#,
        r#"{"command":"subscribe","identifier":{"channel":"RoomChannel","room":2}}"#,
    ])
    .await;
}

#[tokio::test]
async fn a_second_subscription_of_one_identifier_is_ignored() {
    ignores(&[
        r#"{"command":"subscribe","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}"}"#,
        // The same identifier, escaped differently.
        r#"{"command":"subscribe","identifier":"{\"channel\":\"\u0052oomChannel\",\"room\":1}"}"#,
    ])
    .await;
}

#[tokio::test]
async fn unsubscribing_from_what_is_not_subscribed_is_ignored() {
    ignores(&[
        r#"{"command":"unsubscribe","identifier":"{\"channel\":\"RoomChannel\",\"room\":2}"}"#,
        r#"{"command":"unsubscribe","identifier":"nonsense"}"#,
    ])
    .await;
}

#[tokio::test]
async fn messages_that_cannot_be_performed_are_ignored() {
    let to_room_1 = |data: &str| {
        json!({ "command": "message", "identifier": ROOM_1, "data": data }).to_string()
    };
    ignores(&[
        // To nobody.
        r#"{"command":"message","identifier":"{\"channel\":\"RoomChannel\",\"room\":2}","data":"{}"}"#,
        // Without data, or with data of a wrong kind.
        r#"{"command":"message","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}"}"#,
        r#"{"command":"message","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","data":{"action":"leave"}}"#,
        &to_room_1("garbage"),
        &to_room_1("[]"),
        // Actions that there are not, among them methods of the channel itself.
        &to_room_1(r#"{"action":"fly"}"#),
        &to_room_1(r#"{"action":"subscribed"}"#),
        &to_room_1(r#"{"action":"unsubscribed"}"#),
        &to_room_1(r#"{"action":null}"#),
        &to_room_1(r#"{"action":"echo","number":"many"}"#),
        // One that fails.
        &to_room_1(r#"{"action":"fail"}"#),
    ])
    .await;
}

#[tokio::test]
async fn an_action_of_a_channel_without_actions_is_ignored() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let identifier = r#"{"channel":"Chats::EagerChannel"}"#;
    client.subscribe(identifier).await;
    client.next().await;
    client.next().await;
    client
        .message(identifier, &json!({ "action": "receive" }))
        .await;
    client.message(identifier, &json!({})).await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn binary_frames_are_ignored() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let command = format!(
        r#"{{"command":"subscribe","identifier":{}}}"#,
        json!(ROOM_1)
    );
    client.socket.send(Message::binary(command)).await.unwrap();
    client.expect_nothing().await;
}

#[tokio::test]
async fn unknown_channels_are_rejected_so_that_the_client_stops_asking() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    for (identifier, quoted) in [
        (
            r#"{"channel":"NoChannel"}"#,
            r#""{\"channel\":\"NoChannel\"}""#,
        ),
        (
            r#"{"channel":"ActionCable::Channel::Base"}"#,
            r#""{\"channel\":\"ActionCable::Channel::Base\"}""#,
        ),
        (r#"{"room":1}"#, r#""{\"room\":1}""#),
        (r#"{"channel":1}"#, r#""{\"channel\":1}""#),
        ("RoomChannel", r#""RoomChannel""#),
        ("", r#""""#),
    ] {
        client.subscribe(identifier).await;
        client
            .expect(&format!(
                r#"{{"identifier":{quoted},"type":"reject_subscription"}}"#
            ))
            .await;
    }
}

#[tokio::test]
async fn unknown_channels_get_no_answer_if_that_is_wanted_as_with_rails() {
    let harness = Harness::with(Config {
        reject_unknown_channels: false,
        ..quiet()
    });
    let mut client = harness.client().await;
    client.subscribe(r#"{"channel":"NoChannel"}"#).await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_rejected() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client
        .subscribe(r#"{"channel":"RoomChannel","room":"one"}"#)
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":\"one\"}","type":"reject_subscription"}"#)
        .await;
}

#[tokio::test]
async fn a_rejected_subscription_leaves_nothing_behind() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let identifier = r#"{"channel":"PickyChannel"}"#;
    // It can be asked for again, and is rejected again.
    for _ in 0..2 {
        client.subscribe(identifier).await;
        client
            .expect(
                r#"{"identifier":"{\"channel\":\"PickyChannel\"}","type":"reject_subscription"}"#,
            )
            .await;
    }
    assert_eq!(harness.server.stats().streams, 0);
    harness.broadcast("picky", &json!(1)).await;
    client
        .message(identifier, &json!({ "action": "receive" }))
        .await;
    client.unsubscribe(identifier).await;
    client.expect_nothing().await;
    assert!(harness.log.entries().is_empty());
}

#[tokio::test]
async fn one_clients_errors_do_not_touch_the_others() {
    let harness = Harness::start();
    let (mut good, mut bad) = (harness.client().await, harness.client().await);
    good.join(ROOM_1).await;
    bad.join(ROOM_1).await;
    bad.message(ROOM_1, &json!({ "action": "fail" })).await;
    bad.send("garbage").await;
    drop(bad);
    harness.broadcast("room:1", &json!(1)).await;
    assert!(good.next().await.ends_with(r#","message":1}"#));
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let harness = Harness::start();
    let (mut good, mut bad) = (harness.client().await, harness.client().await);
    good.join(ROOM_1).await;
    bad.join(ROOM_1).await;
    bad.message(ROOM_1, &json!({ "action": "panic" })).await;
    bad.expect(r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#)
        .await;
    bad.closed().await;
    harness.broadcast("room:1", &json!(1)).await;
    assert!(good.next().await.ends_with(r#","message":1}"#));
    let stats = harness.server.stats();
    assert_eq!((stats.connections, stats.subscriptions), (1, 1));
}
