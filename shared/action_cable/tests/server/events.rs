//! The cable as server-sent events.

use std::net::SocketAddr;
use std::time::Duration;

use action_cable::Config;
use serde_json::{Value, json};
use test_support::wait_until;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::support::{Harness, quiet, soon};

const ROOM_1: &str = r#"{"channel":"RoomChannel","room":1}"#;
/// The same in a URL.
const ROOM_1_IN_URL: &str = "%7B%22channel%22:%22RoomChannel%22,%22room%22:1%7D";

/// A client that reads events.
struct Listener {
    head: String,
    body: BufReader<TcpStream>,
}

impl Listener {
    async fn get(address: SocketAddr, target: &str, headers: &str) -> Self {
        Self::request(
            address,
            &format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n"),
        )
        .await
    }

    async fn post(address: SocketAddr, body: &str) -> Self {
        let size = body.len();
        Self::request(
            address,
            &format!(
                "POST /events HTTP/1.1\r\nHost: {address}\r\nContent-Length: {size}\r\n\r\n{body}"
            ),
        )
        .await
    }

    async fn request(address: SocketAddr, text: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut body = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = soon("the response", body.read_line(&mut head)).await;
            assert_ne!(read.unwrap(), 0, "{head}");
        }
        Self { head, body }
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The lines of the next event.
    async fn next(&mut self) -> String {
        let event = self.chunk().await;
        assert!(event.ends_with("\n\n"), "{event:?}");
        event.trim_end().to_owned()
    }

    /// All that comes until the end.
    async fn rest(mut self) -> String {
        let mut rest = String::new();
        loop {
            let chunk = self.chunk().await;
            if chunk.is_empty() {
                return rest;
            }
            rest.push_str(&chunk);
        }
    }

    /// The next part of the body: each event is one.
    async fn chunk(&mut self) -> String {
        let mut size = String::new();
        soon("a chunk", self.body.read_line(&mut size))
            .await
            .unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        soon("its end", self.body.read_exact(&mut chunk))
            .await
            .unwrap();
        chunk.truncate(size);
        String::from_utf8(chunk).unwrap()
    }

    /// A body of a known size.
    async fn text(mut self) -> String {
        let size = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut text = vec![0; size.unwrap().parse().unwrap()];
        self.body.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// After the welcome and the confirmation.
    async fn listening(mut self) -> Self {
        assert_eq!(
            self.next().await,
            "event: welcome\ndata: {\"type\":\"welcome\"}"
        );
        assert!(
            self.next()
                .await
                .starts_with("event: confirm_subscription\n")
        );
        self
    }
}

#[tokio::test]
async fn messages_come_as_events_and_the_last_one_is_where_to_go_on() {
    let harness = Harness::start();
    let target = format!("/events?identifier={ROOM_1_IN_URL}");
    let listener = Listener::get(harness.address, &target, "").await;
    assert_eq!(listener.status(), "200");
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
    ] {
        assert!(listener.head.contains(header), "{}", listener.head);
    }
    let mut listener = listener.listening().await;
    harness.broadcast("room:1", &json!({ "text": "one" })).await;
    let event = listener.next().await;
    let (id, data) = event.split_once('\n').unwrap();
    assert_eq!(data, r#"data: {"text":"one"}"#);
    assert!(id.ends_with("/room:1"), "{id}");
    drop(listener);

    harness.broadcast("room:1", &json!("two")).await;
    let last = id.replace("id:", "Last-Event-ID:");
    let listener = Listener::get(harness.address, &target, &format!("{last}\r\n")).await;
    let mut listener = listener.listening().await;
    assert!(listener.next().await.ends_with(r#"data: "two""#));
    assert!(
        listener
            .next()
            .await
            .starts_with("event: confirm_history\n")
    );
    harness.broadcast("room:1", &json!("three")).await;
    assert!(listener.next().await.ends_with(r#"data: "three""#));
    // Since a moment, and without quotes.
    let target = format!("{target}&history_since=0&raw=1");
    let mut listener = Listener::get(harness.address, &target, "").await;
    for expected in [r#"data: {"text":"one"}"#, "data: two", "data: three"] {
        assert!(listener.next().await.ends_with(expected));
    }
    harness.server.shutdown().await;
    assert_eq!(listener.rest().await, "");
}

#[tokio::test]
async fn a_listener_that_is_gone_is_noticed_by_its_pings() {
    let harness = Harness::with(Config {
        ping_interval: Duration::from_millis(20),
        ..quiet()
    });
    let target = format!("/events?identifier={ROOM_1_IN_URL}");
    let listener = Listener::get(harness.address, &target, "").await;
    let mut listener = listener.listening().await;
    assert!(listener.next().await.starts_with("event: ping\ndata: "));
    drop(listener);
    wait_until("the channel to be told", async || {
        harness.log.entries() == ["left room 1"]
    })
    .await;
    wait_until("the connection to end", async || {
        harness.server.stats().connections == 0
    })
    .await;
}

#[tokio::test]
async fn commands_in_a_body_lead_to_frames() {
    let harness = Harness::start();
    let subscribe = json!({ "command": "subscribe", "identifier": ROOM_1 });
    let echo = json!({ "action": "echo", "number": 5 }).to_string();
    let message = json!({ "command": "message", "identifier": ROOM_1, "data": echo });
    let body = format!("{subscribe}\n\n{message}\n");
    let mut listener = Listener::post(harness.address, &body)
        .await
        .listening()
        .await;
    let event = listener.next().await;
    let frame: Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        frame,
        json!({ "identifier": ROOM_1, "message": { "number": 5 } })
    );
    let server = harness.server.clone();
    let shutdown = tokio::spawn(async move { server.shutdown().await });
    assert_eq!(
        listener.rest().await,
        "event: disconnect\ndata: {\"type\":\"disconnect\",\"reason\":\"server_restart\",\"reconnect\":true}\n\n"
    );
    assert_eq!(shutdown.await.unwrap(), 0);
}

#[tokio::test]
async fn who_gets_no_events() {
    let harness = Harness::start();
    let own = format!("Origin: http://{}\r\n", harness.address);
    for (target, headers, status) in [
        ("/events", "", "400"),
        ("/events?channel=PickyChannel", "", "400"),
        ("/events?channel=NoChannel", "", "400"),
        ("/events?stream=room:1", "", "400"),
        ("/events?channel=PickyChannel&as=mallory", "", "401"),
        (
            "/events?channel=Chats::EagerChannel",
            "Origin: http://evil.example\r\n",
            "404",
        ),
        ("/events?channel=Chats::EagerChannel", &own, "200"),
    ] {
        let listener = Listener::get(harness.address, target, headers).await;
        assert_eq!(listener.status(), status, "{target} {headers}");
        let shared = listener
            .head
            .contains("access-control-allow-origin: http://127");
        assert_eq!(shared, headers == own, "{target}");
    }
    for body in ["", "\n"] {
        assert_eq!(Listener::post(harness.address, body).await.status(), "400");
    }
    let long = "x".repeat(70_000);
    assert_eq!(Listener::post(harness.address, &long).await.status(), "413");
    let refused = Listener::get(
        harness.address,
        "/events?channel=PickyChannel&as=mallory",
        "",
    );
    assert_eq!(
        refused.await.text().await,
        r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#
    );
}
