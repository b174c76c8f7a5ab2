//! Nobody can use up the server's memory, nor the others' time.

use action_cable::Config;
use serde_json::json;
use test_support::wait_until;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{Client, Harness, confirmation, quiet};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;
/// Its messages are longer than what may wait for a client.
const LONG: &str = r#"{"channel":"LongChannel","length":3000000}"#;
const LENGTH: usize = 3_000_000;

fn small_queues() -> Config {
    Config {
        outgoing_queue_size: 100_000,
        ..quiet()
    }
}

async fn expect_long(client: &mut Client) {
    let message = client.next_json().await["message"].take();
    assert_eq!(
        message.as_str().map(str::len),
        Some(LENGTH),
        "{message:.80}"
    );
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let harness = Harness::with(Config {
        max_message_size: 1000,
        ..quiet()
    });
    let mut client = harness.client().await;
    let long = "x".repeat(1001);
    client.send(&long).await;
    client
        .expect(r#"{"type":"disconnect","reason":"invalid_request","reconnect":true}"#)
        .await;
    let close = client.closed().await.unwrap();
    assert_eq!(close.code, CloseCode::Size);
}

#[tokio::test]
async fn more_subscriptions_than_allowed_are_rejected() {
    let harness = Harness::with(Config {
        max_subscriptions: 2,
        ..quiet()
    });
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    client.join(r#"{"channel":"RoomChannel","room":2}"#).await;
    client
        .subscribe(r#"{"channel":"RoomChannel","room":3}"#)
        .await;
    client
        .expect(r#"{"identifier":"{\"channel\":\"RoomChannel\",\"room\":3}","type":"reject_subscription"}"#)
        .await;
    client.unsubscribe(ROOM_1).await;
    client.join(r#"{"channel":"RoomChannel","room":3}"#).await;
}

#[tokio::test]
async fn an_identifier_that_is_too_long_is_rejected() {
    let harness = Harness::with(Config {
        max_identifier_size: 50,
        ..quiet()
    });
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    let long = format!(
        r#"{{"channel":"RoomChannel","room":2,"more":"{}"}}"#,
        "x".repeat(50)
    );
    client.subscribe(&long).await;
    assert!(
        client
            .next()
            .await
            .ends_with(r#","type":"reject_subscription"}"#)
    );
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_disconnected_and_the_others_are_not() {
    let harness = Harness::with(Config {
        outgoing_queue_size: 256 * 1024,
        ..quiet()
    });
    let (mut quick, mut slow) = (harness.client().await, harness.client().await);
    quick.join(ROOM_1).await;
    slow.join(ROOM_1).await;
    // More than the queue and the buffers of actix and of both sockets hold together.
    let long = "x".repeat(64 * 1024);
    for number in 0..400 {
        harness
            .broadcast("room:1", &json!({ "number": number, "text": long }))
            .await;
        assert!(
            quick
                .next()
                .await
                .contains(&format!(r#""message":{{"number":{number},"#))
        );
    }
    // What it had not read by then is dropped.
    let mut read = 0;
    let last = loop {
        let frame = slow.next().await;
        if !frame.contains("message") {
            break frame;
        }
        read += 1;
    };
    assert_eq!(
        last,
        r#"{"type":"disconnect","reason":"too_slow","reconnect":true}"#
    );
    assert!(read < 400, "nothing was dropped");
    slow.closed().await;
    wait_until("the slow client to be forgotten", async || {
        harness.server.stats().connections == 1
    })
    .await;
    quick.expect_nothing().await;
}

#[tokio::test]
async fn a_message_that_is_longer_than_the_queue_arrives_and_what_follows_it() {
    let harness = Harness::with(small_queues());
    for mut client in [harness.client().await, harness.extended("/cable").await.0] {
        client.subscribe(LONG).await;
        expect_long(&mut client).await;
        client.expect(&confirmation(LONG)).await;
        for number in 0..3 {
            harness.broadcast("long", &json!("x".repeat(LENGTH))).await;
            harness.broadcast("long", &json!(number)).await;
            expect_long(&mut client).await;
            assert_eq!(client.next_json().await["message"], number);
        }
    }
}

#[tokio::test]
async fn who_reads_no_long_messages_is_disconnected() {
    let harness = Harness::with(small_queues());
    let mut client = harness.client().await;
    client.subscribe(LONG).await;
    expect_long(&mut client).await;
    client.expect(&confirmation(LONG)).await;
    for _ in 0..20 {
        harness.broadcast("long", &json!("x".repeat(LENGTH))).await;
    }
    let mut read = 0;
    while client.next().await.contains("message") {
        read += 1;
    }
    assert!(read < 20, "nothing was dropped");
    client.closed().await;
}
