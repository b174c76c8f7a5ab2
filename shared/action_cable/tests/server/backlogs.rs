//! More messages than may wait for a client of `actioncable-v1-ext-json`: what is too much comes from the history.

use action_cable::Config;
use serde_json::json;
use test_support::wait_until;

use crate::support::{Client, Harness, confirmation, quiet};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;
const MESSAGES: usize = 30;

/// A server whose clients may have a third of [`broadcast_much`] waiting.
fn narrow() -> Harness {
    Harness::with(Config {
        outgoing_queue_size: 100_000,
        ..quiet()
    })
}

async fn broadcast_much(harness: &Harness, stream: &str) {
    let long = "x".repeat(10_000);
    for number in 0..MESSAGES {
        let message = json!({ "number": number, "text": long });
        harness.broadcast(stream, &message).await;
    }
}

/// All of [`broadcast_much`], in order, and what is broadcast after it.
async fn gets_everything(client: &mut Client, harness: &Harness, stream: &str) {
    for number in 0..MESSAGES {
        assert_eq!(client.next_json().await["message"]["number"], number);
    }
    harness.broadcast(stream, &json!("live")).await;
    assert_eq!(client.next_json().await["message"], "live");
}

async fn nobody_is_connected(harness: &Harness) {
    wait_until("the server to notice", async || {
        harness.server.stats().connections == 0
    })
    .await;
}

#[tokio::test]
async fn what_is_too_much_to_wait_for_a_confirmation_comes_from_the_history() {
    const SLOW: &str = r#"{"channel":"SlowChannel"}"#;
    let harness = narrow();
    let (mut client, _) = harness.extended("/cable").await;
    client.subscribe(SLOW).await;
    wait_until("the channel to subscribe", async || {
        !harness.log.entries().is_empty()
    })
    .await;
    broadcast_much(&harness, "slow").await;
    harness.log.door.notify_one();
    client.expect(&confirmation(SLOW)).await;
    gets_everything(&mut client, &harness, "slow").await;
}

#[tokio::test]
async fn what_is_too_much_to_wait_for_who_came_back_comes_from_the_history() {
    let harness = narrow();
    let (mut client, welcome) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    drop(client);
    nobody_is_connected(&harness).await;
    let path = format!("/cable?sid={}", welcome["sid"].as_str().unwrap());
    let (mut client, _) = harness.extended(&path).await;
    broadcast_much(&harness, "room:1").await;
    // It never asks for what it missed.
    gets_everything(&mut client, &harness, "room:1").await;
}

#[tokio::test]
async fn who_goes_while_it_has_not_read_what_it_missed_is_forgotten() {
    let harness = narrow();
    let (mut client, _) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    // More than all buffers on the way hold, and then more than half of the queue.
    for length in [20_000_000, 60_000] {
        harness
            .broadcast("room:1", &json!("x".repeat(length)))
            .await;
    }
    // The command before it tells that this one's turn has come.
    client
        .message(ROOM_1, &json!({ "action": "forbidden" }))
        .await;
    let history = json!({ "since": 0 });
    client
        .command(&json!({ "command": "history", "identifier": ROOM_1, "history": history }))
        .await;
    wait_until("its commands to be read", async || {
        !harness.log.entries().is_empty()
    })
    .await;
    drop(client);
    nobody_is_connected(&harness).await;
}
