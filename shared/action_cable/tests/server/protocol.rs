//! What client and server say to each other when all goes well: raw frames, byte for byte.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use action_cable::Config;
use serde_json::{Value, json};
use test_support::wait_until;

use crate::support::{Client, Harness, confirmation, quiet};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;

#[tokio::test]
async fn a_whole_conversation() {
    let harness = Harness::start();
    let mut client = Client::connect(harness.address).await;
    client.expect(r#"{"type":"welcome"}"#).await;
    client
        .send(r#"{"command":"subscribe","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}"}"#)
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","type":"confirm_subscription"}"#)
        .await;
    harness
        .broadcast("room:1", &json!({ "text": "<hi>" }))
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","message":{"text":"\u003chi\u003e"}}"#)
        .await;
    client
        .send(r#"{"command":"message","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","data":"{\"action\":\"echo\",\"number\":18446744073709551615}"}"#)
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":1}","message":{"number":18446744073709551615}}"#)
        .await;
    client
        .send(
            r#"{"command":"unsubscribe","identifier":"{\"channel\":\"RoomChannel\",\"room\":1}"}"#,
        )
        .await;
    client.expect_nothing().await;
    harness
        .broadcast("room:1", &json!("nobody hears this"))
        .await;
    client.expect_nothing().await;
    assert_eq!(harness.log.entries()[0], "left room 1");
}

#[tokio::test]
async fn the_identifier_is_echoed_byte_for_byte() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    for identifier in [
        r#"{"room":1,"channel":"RoomChannel"}"#,
        r#"{ "channel" : "RoomChannel", "room" : 1, "more" : [1e3, null, "ünïcode ☃"] }"#,
        "{\"channel\":\"RoomChannel\",\n\"room\":1}",
    ] {
        client.subscribe(identifier).await;
        let reply: Value = serde_json::from_str(&client.next().await).unwrap();
        assert_eq!(reply["identifier"], identifier);
        assert_eq!(reply["type"], "confirm_subscription");
    }
}

#[tokio::test]
async fn what_a_channel_transmits_while_it_subscribes_comes_before_the_confirmation() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let identifier = r#"{"channel":"Chats::EagerChannel"}"#;
    client.subscribe(identifier).await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"Chats::EagerChannel\"}","message":"first"}"#)
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"Chats::EagerChannel\"}","type":"confirm_subscription"}"#)
        .await;
}

#[tokio::test]
async fn no_broadcast_falls_between_subscribing_and_the_confirmation() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let identifier = r#"{"channel":"SlowChannel"}"#;
    client.subscribe(identifier).await;
    wait_until("the subscription to begin", async || {
        !harness.log.entries().is_empty()
    })
    .await;
    harness.broadcast("slow", &json!(1)).await;
    harness.broadcast("slow", &json!(2)).await;
    harness.log.door.notify_one();
    client
        .expect(r#"{"identifier":"{\"channel\":\"SlowChannel\"}","type":"confirm_subscription"}"#)
        .await;
    for number in 1..=2 {
        client
            .expect(&format!(
                r#"{{"identifier":"{{\"channel\":\"SlowChannel\"}}","message":{number}}}"#
            ))
            .await;
    }
}

#[tokio::test]
async fn two_subscriptions_to_one_stream_each_get_the_message() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let nonce = r#"{"channel":"RoomChannel","room":1,"nonce":"a"}"#;
    client.join(ROOM_1).await;
    client.join(nonce).await;
    harness.broadcast("room:1", &json!({ "n": 1 })).await;
    let mut frames: Vec<Value> = Vec::new();
    for _ in 0..2 {
        frames.push(serde_json::from_str(&client.next().await).unwrap());
    }
    for identifier in [ROOM_1, nonce] {
        let frame = json!({ "identifier": identifier, "message": { "n": 1 } });
        assert!(frames.contains(&frame), "no {frame} in {frames:?}");
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn unsubscribing_and_subscribing_again_at_once_is_done_in_order() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    for _ in 0..50 {
        client.unsubscribe(ROOM_1).await;
        client.subscribe(ROOM_1).await;
    }
    for _ in 0..50 {
        client.expect(&confirmation(ROOM_1)).await;
    }
    harness.broadcast("room:1", &json!(1)).await;
    assert!(client.next().await.ends_with(r#","message":1}"#));
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_stream_keeps_its_order_for_every_client() {
    let harness = Harness::start();
    let (mut one, mut two) = (harness.client().await, harness.client().await);
    one.join(ROOM_1).await;
    two.join(ROOM_1).await;
    for number in 0..500 {
        harness.broadcast("room:1", &json!(number)).await;
    }
    for number in 0..500 {
        let end = format!(r#","message":{number}}}"#);
        assert!(one.next().await.ends_with(&end));
        assert!(two.next().await.ends_with(&end));
    }
}

#[tokio::test]
async fn actions_can_stop_streams_and_default_to_receive() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    client.message(ROOM_1, &json!({ "text": "hello" })).await;
    client.message(ROOM_1, &json!({ "action": "leave" })).await;
    client.expect_nothing().await;
    harness.broadcast("room:1", &json!(1)).await;
    client.expect_nothing().await;
    assert_eq!(harness.log.entries()[0], "hello");
    assert_eq!(harness.server.stats().streams, 0);
}

#[tokio::test]
async fn pings_carry_the_time_and_reach_everyone() {
    let harness = Harness::with(Config {
        ping_interval: Duration::from_millis(20),
        ..Config::default()
    });
    let mut clients = [harness.client().await, harness.client().await];
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for client in &mut clients {
        for _ in 0..3 {
            let ping = client.next().await;
            let time = ping
                .strip_prefix(r#"{"type":"ping","message":"#)
                .and_then(|rest| rest.strip_suffix('}'))
                .unwrap_or_else(|| panic!("no ping: {ping}"));
            assert!(time.parse::<u64>().unwrap().abs_diff(now) < 60);
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_unsubscribed_and_forgotten() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    let stats = harness.server.stats();
    assert_eq!(
        (stats.connections, stats.subscriptions, stats.streams),
        (1, 1, 1)
    );
    drop(client);
    wait_until("the client to be forgotten", async || {
        let stats = harness.server.stats();
        (stats.connections, stats.subscriptions, stats.streams) == (0, 0, 0)
    })
    .await;
    assert_eq!(harness.log.entries(), ["left room 1"]);
}

#[tokio::test]
async fn a_remote_disconnect_reaches_all_connections_of_the_identity() {
    let harness = Harness::with(quiet());
    let origin = format!("http://{}", harness.address);
    let connect = |name: &'static str| {
        let (address, origin) = (harness.address, origin.clone());
        async move {
            let path = format!("/cable?as={name}");
            let mut client = Client::connect_with(address, &path, &[("Origin", &origin)])
                .await
                .unwrap();
            client.expect(r#"{"type":"welcome"}"#).await;
            client
        }
    };
    let (mut ann, mut again, mut bob) = (
        connect("ann").await,
        connect("ann").await,
        connect("bob").await,
    );
    harness.cable.disconnect("ann", false).await.unwrap();
    for client in [&mut ann, &mut again] {
        client
            .expect(r#"{"type":"disconnect","reason":"remote","reconnect":false}"#)
            .await;
        client.closed().await;
    }
    // As a Rails application writes it, which may leave the field out.
    harness
        .broadcast("action_cable/bob", &json!({ "type": "disconnect" }))
        .await;
    bob.expect(r#"{"type":"disconnect","reason":"remote","reconnect":true}"#)
        .await;
}
