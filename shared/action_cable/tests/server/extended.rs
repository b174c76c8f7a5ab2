//! `actioncable-v1-ext-json`: what AnyCable's clients and the server say to each other beyond Action Cable.

use std::time::Duration;

use action_cable::Config;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use test_support::wait_until;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{Client, Harness, confirmation, quiet, soon};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;
/// Longer than a busy machine keeps a client waiting that does what is asked of it.
const PATIENT: Duration = Duration::from_secs(2);
const QUOTED: &str = r#""{\"channel\":\"RoomChannel\",\"room\":1}""#;

async fn subscribe_since(client: &mut Client, history: &Value) {
    client
        .command(&json!({ "command": "subscribe", "identifier": ROOM_1, "history": history }))
        .await;
}

/// Where the last of the client's messages stands, as the client would say it.
fn position(message: &Value) -> Value {
    let stream = message["stream_id"].as_str().unwrap();
    json!({ "streams": { stream: { "epoch": message["epoch"], "offset": message["offset"] } } })
}

/// The next frames that carry messages, of so many.
async fn messages(client: &mut Client, count: usize) -> Vec<Value> {
    let mut messages = Vec::new();
    for _ in 0..count {
        messages.push(client.next_json().await["message"].take());
    }
    messages
}

#[tokio::test]
async fn a_message_tells_its_place_in_the_stream() {
    let harness = Harness::start();
    let (mut client, welcome) = harness.extended("/cable").await;
    assert_eq!(
        client.response.headers()["sec-websocket-protocol"],
        "actioncable-v1-ext-json"
    );
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["sid"].as_str().unwrap().len(), 32);
    assert_eq!(welcome.as_object().unwrap().len(), 2);
    client.join(ROOM_1).await;
    harness.broadcast("room:1", &json!("one")).await;
    harness.broadcast("room:1", &json!("two")).await;
    let [one, two] = [client.next_json().await, client.next_json().await];
    assert_eq!(one["stream_id"], "room:1");
    assert_eq!(one["identifier"], ROOM_1);
    assert_eq!(one["epoch"], two["epoch"]);
    assert!(one["offset"].as_i64() < two["offset"].as_i64());
    let expected = format!(
        r#"{{"identifier":{QUOTED},"message":"two","stream_id":"room:1","epoch":{},"offset":{}}}"#,
        two["epoch"], two["offset"]
    );
    assert_eq!(expected.parse::<Value>().unwrap(), two);
    // Others see the frames of Action Cable.
    let mut stock = harness.client().await;
    stock.join(ROOM_1).await;
    harness.broadcast("room:1", &json!(3)).await;
    stock
        .expect(&format!(r#"{{"identifier":{QUOTED},"message":3}}"#))
        .await;
}

#[tokio::test]
async fn a_client_gets_what_it_missed_once_and_in_order() {
    let harness = Harness::start();
    let (mut client, _) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    harness.broadcast("room:1", &json!(0)).await;
    let last = position(&client.next_json().await);
    drop(client);
    for number in 1..=250 {
        harness.broadcast("room:1", &json!(number)).await;
        harness.broadcast("room:2", &json!("other")).await;
    }
    let (mut client, _) = harness.extended("/cable").await;
    subscribe_since(&mut client, &last).await;
    client.expect(&confirmation(ROOM_1)).await;
    let expected: Vec<Value> = (1..=250).map(Value::from).collect();
    assert_eq!(messages(&mut client, 250).await, expected);
    client
        .expect(&format!(
            r#"{{"identifier":{QUOTED},"type":"confirm_history"}}"#
        ))
        .await;
    harness.broadcast("room:1", &json!("live")).await;
    assert_eq!(client.next_json().await["message"], "live");
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_others_broadcast() {
    let harness = Harness::start();
    let (mut client, _) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    harness.broadcast("room:1", &json!(0)).await;
    let mut last = client.next_json().await;
    let cable = harness.cable.clone();
    let speaker = tokio::spawn(async move {
        for number in 1..=600_u64 {
            let stream = action_cable::Stream::<Value>::new("room:1");
            cable.broadcast(stream, &json!(number)).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut seen = Vec::new();
    while seen.len() < 600 {
        // It loses its connection again and again.
        let (mut client, _) = harness.extended("/cable").await;
        subscribe_since(&mut client, &position(&last)).await;
        for _ in 0..50 {
            let frame = client.next_json().await;
            if frame.get("message").is_some() {
                seen.push(frame["message"].as_u64().unwrap());
                last = frame;
            }
            if seen.len() == 600 {
                break;
            }
        }
    }
    speaker.await.unwrap();
    assert_eq!(seen, (1..=600).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_unknown_or_foreign_is_not_made_up_for() {
    let harness = Harness::start();
    harness.broadcast("room:1", &json!("before")).await;
    harness.broadcast("secret", &json!("not for you")).await;
    for streams in [
        json!({ "room:1": { "epoch": "another", "offset": 0 } }),
        json!({ "secret": { "epoch": "x", "offset": 0 } }),
    ] {
        let (mut client, _) = harness.extended("/cable").await;
        subscribe_since(&mut client, &json!({ "streams": streams })).await;
        client.expect(&confirmation(ROOM_1)).await;
        client
            .expect(&format!(
                r#"{{"identifier":{QUOTED},"type":"reject_history"}}"#
            ))
            .await;
        harness.broadcast("room:1", &json!("live")).await;
        assert_eq!(client.next_json().await["message"], "live");
    }
}

#[tokio::test]
async fn history_since_a_moment_and_without_any() {
    let harness = Harness::start();
    harness.broadcast("room:1", &json!("before")).await;
    let (mut client, _) = harness.extended("/cable").await;
    subscribe_since(&mut client, &json!({ "since": 0 })).await;
    client.expect(&confirmation(ROOM_1)).await;
    assert_eq!(client.next_json().await["message"], "before");
    assert_eq!(client.next_json().await["type"], "confirm_history");
    // Asked again, it has got that already.
    for history in [json!({ "since": 0 }), json!({})] {
        client
            .command(&json!({ "command": "history", "identifier": ROOM_1, "history": history }))
            .await;
        assert_eq!(client.next_json().await["type"], "confirm_history");
    }
}

#[tokio::test]
async fn a_client_that_was_cut_off_comes_back_to_its_subscriptions() {
    let harness = Harness::start();
    let (mut client, welcome) = harness.extended("/cable?as=alice").await;
    client.join(ROOM_1).await;
    harness.broadcast("room:1", &json!(1)).await;
    let last = position(&client.next_json().await);
    drop(client);
    wait_until("the server to notice", async || {
        harness.server.stats().connections == 0
    })
    .await;
    harness.broadcast("room:1", &json!(2)).await;
    let path = format!("/cable?sid={}", welcome["sid"].as_str().unwrap());
    let (mut client, back) = harness.extended(&path).await;
    assert_eq!(back["restored"], true);
    assert_eq!(back["restored_ids"], json!([ROOM_1]));
    assert_ne!(back["sid"], welcome["sid"]);
    harness.broadcast("room:1", &json!(3)).await;
    client
        .command(&json!({ "command": "history", "identifier": ROOM_1, "history": last }))
        .await;
    assert_eq!(messages(&mut client, 2).await, [json!(2), json!(3)]);
    assert_eq!(client.next_json().await["type"], "confirm_history");
    harness.broadcast("room:1", &json!(4)).await;
    assert_eq!(client.next_json().await["message"], 4);
    // It was never gone for the channel, and is who it was.
    assert!(harness.log.entries().is_empty());
    harness.cable.disconnect("alice", false).await.unwrap();
    assert_eq!(client.next_json().await["reason"], "remote");
    // A session is given out once, and none is left of a client that was sent away.
    drop(client);
    wait_until("the channel to be told", async || {
        harness.log.entries() == ["left room 1"]
    })
    .await;
    for sid in [&welcome["sid"], &back["sid"]] {
        let path = format!("/cable?sid={}", sid.as_str().unwrap());
        let (_client, new) = harness.extended(&path).await;
        assert_eq!(new.get("restored"), None);
    }
}

#[tokio::test]
async fn a_client_that_tells_nothing_gets_its_messages_all_the_same() {
    let harness = Harness::start();
    let (mut client, welcome) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    drop(client);
    wait_until("the server to notice", async || {
        harness.server.stats().connections == 0
    })
    .await;
    let path = format!("/cable?sid={}", welcome["sid"].as_str().unwrap());
    let (mut client, _) = harness.extended(&path).await;
    harness
        .broadcast("room:1", &json!("held for a while"))
        .await;
    assert_eq!(client.next_json().await["message"], "held for a while");
}

#[tokio::test]
async fn a_client_that_stays_away_or_says_goodbye_is_gone() {
    let harness = Harness::with(Config {
        sessions_ttl: Duration::from_millis(50),
        ..quiet()
    });
    let (mut client, welcome) = harness.extended("/cable").await;
    client.join(ROOM_1).await;
    drop(client);
    wait_until("the session to end", async || {
        harness.log.entries() == ["left room 1"]
    })
    .await;
    let path = format!("/cable?sid={}", welcome["sid"].as_str().unwrap());
    let (mut client, new) = harness.extended(&path).await;
    assert_eq!(new.get("restored"), None);

    let harness = Harness::start();
    let (mut other, _) = harness.extended("/cable").await;
    other.join(ROOM_1).await;
    let goodbye = CloseFrame {
        code: CloseCode::Away,
        reason: "".into(),
    };
    other.socket.close(Some(goodbye)).await.unwrap();
    wait_until("the channel to be told", async || {
        harness.log.entries() == ["left room 1"]
    })
    .await;
    client.join(ROOM_1).await;
}

#[tokio::test]
async fn a_whisper_reaches_the_others_of_both_protocols() {
    let harness = Harness::start();
    let (mut whisperer, _) = harness.extended("/cable").await;
    let (mut extended, _) = harness.extended("/cable").await;
    let mut stock = harness.client().await;
    for client in [&mut whisperer, &mut extended, &mut stock] {
        client.join(ROOM_1).await;
    }
    let whisper =
        json!({ "command": "whisper", "identifier": ROOM_1, "data": { "typing": [1, "é"] } });
    whisperer.command(&whisper).await;
    let expected = format!(r#"{{"identifier":{QUOTED},"message":{{"typing":[1,"é"]}}}}"#);
    extended.expect(&expected).await;
    stock.expect(&expected).await;
    whisperer.expect_nothing().await;
    stock.command(&whisper).await;
    whisperer.expect(&expected).await;
    // Not where the channel does not allow it.
    let clock = r#"{"channel":"Chats::EagerChannel"}"#;
    extended.expect(&expected).await;
    extended.subscribe(clock).await;
    messages(&mut extended, 2).await;
    extended
        .command(&json!({ "command": "whisper", "identifier": clock, "data": 1 }))
        .await;
    extended.expect_nothing().await;
}

fn presence(message: &str) -> String {
    format!(r#"{{"type":"presence","identifier":{QUOTED},"message":{message}}}"#)
}

#[tokio::test]
async fn presence_tells_who_comes_and_goes() {
    let harness = Harness::with(Config {
        presence_ttl: Duration::from_millis(50),
        ..quiet()
    });
    let (mut ann, _) = harness.extended("/cable").await;
    let (mut ben, _) = harness.extended("/cable").await;
    ann.join(ROOM_1).await;
    ben.command(&json!({ "command": "subscribe", "identifier": ROOM_1, "presence": { "id": "b", "info": { "name": "Ben" } } }))
        .await;
    ben.expect(&confirmation(ROOM_1)).await;
    let joined = presence(r#"{"type":"join","id":"b","info":{"name":"Ben"}}"#);
    ann.expect(&joined).await;
    ben.expect(&joined).await;
    ann.command(&json!({ "command": "join", "identifier": ROOM_1, "presence": { "id": 7 } }))
        .await;
    let joined = presence(r#"{"type":"join","id":7}"#);
    ann.expect(&joined).await;
    ben.expect(&joined).await;
    // The same once more is no news; another id is an error.
    ann.command(&json!({ "command": "join", "identifier": ROOM_1, "presence": { "id": 7 } }))
        .await;
    ann.command(&json!({ "command": "join", "identifier": ROOM_1, "presence": { "id": 8 } }))
        .await;
    ann.expect(&presence(r#"{"type":"error"}"#)).await;
    ann.command(&json!({ "command": "presence", "identifier": ROOM_1, "data": {} }))
        .await;
    let info = ann.next_json().await["message"].take();
    assert_eq!(info["type"], "info");
    assert_eq!(info["total"], 2);
    let records = info["records"].as_array().unwrap();
    assert!(records.contains(&json!({ "id": "b", "info": { "name": "Ben" } })));
    assert!(records.contains(&json!({ "id": 7, "info": null })));
    ann.command(&json!({ "command": "leave", "identifier": ROOM_1 }))
        .await;
    let left = presence(r#"{"type":"leave","id":7}"#);
    ann.expect(&left).await;
    ben.expect(&left).await;
    // Who is cut off leaves a little later.
    drop(ben);
    ann.expect(&presence(r#"{"type":"leave","id":"b"}"#)).await;
}

#[tokio::test]
async fn who_does_not_answer_pings_is_cut_off_if_the_server_wants_answers() {
    let harness = Harness::with(Config {
        ping_interval: Duration::from_millis(20),
        pong_timeout: Some(PATIENT),
        ..quiet()
    });
    let (mut polite, _) = harness.extended("/cable?ptp=ms").await;
    let (mut rude, _) = harness.extended("/cable").await;
    let mut stock = harness.client().await;
    let end = async {
        loop {
            let frame = rude.next_json().await;
            if frame["type"] != "ping" {
                return frame;
            }
        }
    };
    let politeness = async {
        loop {
            let ping = polite.next_json().await;
            assert!(ping["message"].as_u64().unwrap() > 1_000_000_000_000);
            polite.send(r#"{"command":"pong"}"#).await;
        }
    };
    let end = tokio::select! {
        end = end => end,
        () = politeness => unreachable!(),
    };
    assert_eq!(
        end,
        json!({ "type": "disconnect", "reason": "no_pong", "reconnect": true })
    );
    polite.send(r#"{"command":"ping"}"#).await;
    while polite.next_json().await["type"] != "pong" {}
    // Of Action Cable's own clients nobody expects it.
    assert_eq!(stock.next_json().await["type"], "ping");
}

#[tokio::test]
async fn who_subscribes_to_nothing_is_sent_away_if_the_server_minds() {
    let harness = Harness::with(Config {
        ping_interval: Duration::from_millis(20),
        idle_timeout: Some(PATIENT),
        ..quiet()
    });
    let mut busy = harness.client().await;
    busy.subscribe(ROOM_1).await;
    let mut idle = harness.client().await;
    let end = loop {
        let frame = idle.next_json().await;
        if frame["type"] != "ping" {
            break frame;
        }
    };
    assert_eq!(
        end,
        json!({ "type": "disconnect", "reason": "idle_timeout", "reconnect": false })
    );
    idle.closed().await;
    assert!(matches!(
        soon("a frame", busy.socket.next()).await,
        Some(Ok(Message::Text(_)))
    ));
    assert_eq!(harness.server.stats().connections, 1);
}

#[tokio::test]
async fn a_channel_does_something_again_and_again() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    let clock = r#"{"channel":"ClockChannel"}"#;
    client.join(clock).await;
    for number in 1..=3 {
        assert_eq!(
            client.next_json().await["message"],
            json!({ "tick": number })
        );
    }
    client.unsubscribe(clock).await;
    wait_until("the channel to end", async || {
        harness.log.entries() == ["the clock stopped"]
    })
    .await;
}

#[tokio::test]
async fn a_channel_may_forbid_an_action_and_rescue_a_failed_one() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    client.join(ROOM_1).await;
    for action in ["forbidden", "fail", "unheard_of"] {
        client.message(ROOM_1, &json!({ "action": action })).await;
    }
    client.expect_nothing().await;
    let entries = harness.log.entries();
    assert_eq!(
        entries[..2],
        ["rescued: nobody may do this", "rescued: it had to fail"]
    );
    assert!(entries[2].contains("unheard_of"), "{entries:?}");
}
