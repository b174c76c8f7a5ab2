//! How a socket is opened, or not.

use std::net::SocketAddr;

use action_cable::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, Harness, quiet, soon};

/// The answer to a plain request.
async fn answer(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = request.replace('\n', "\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon("the answer", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    answer
}

fn assert_not_found(answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("\r\ncontent-type: text/plain; charset=utf-8"),
        "{head}"
    );
    assert_eq!(body, "Page not found");
}

#[tokio::test]
async fn what_is_no_web_socket_is_not_found() {
    let harness = Harness::start();
    let headers = "Host: here\nOrigin: http://here\nConnection: close\n\n";
    for line in [
        "GET /cable HTTP/1.1",
        "POST /cable HTTP/1.1",
        "HEAD /cable?x HTTP/1.1",
    ] {
        let answer = answer(harness.address, &format!("{line}\n{headers}")).await;
        if line.starts_with("HEAD") {
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        } else {
            assert_not_found(&answer);
        }
    }
    assert_eq!(harness.server.stats().connections, 0);
}

#[tokio::test]
async fn a_wrong_origin_is_not_found() {
    let harness = Harness::start();
    for origin in ["Origin: http://elsewhere\n", ""] {
        let request = format!(
            "GET /cable HTTP/1.1\nHost: here\n{origin}Connection: Upgrade, close\nUpgrade: websocket\n\
             Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
        );
        let mut stream = TcpStream::connect(harness.address).await.unwrap();
        let request = request.replace('\n', "\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"Page not found") {
            let more = soon("the answer", stream.read_buf(&mut answer)).await;
            assert_ne!(more.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
        }
        assert_not_found(&String::from_utf8(answer).unwrap());
    }
}

#[tokio::test]
async fn any_origin_may_connect_when_protection_is_off() {
    let harness = Harness::with(Config {
        disable_request_forgery_protection: true,
        ..quiet()
    });
    for headers in [&[][..], &[("Origin", "null")]] {
        let mut client = Client::connect_with(harness.address, "/cable", headers)
            .await
            .unwrap();
        client.expect(r#"{"type":"welcome"}"#).await;
    }
}

#[tokio::test]
async fn the_first_known_protocol_that_the_client_offers_is_chosen() {
    let harness = Harness::start();
    let origin = format!("http://{}", harness.address);
    for (offered, chosen) in [
        (
            "actioncable-v1-json, actioncable-unsupported",
            Some("actioncable-v1-json"),
        ),
        (
            "my-own, actioncable-unsupported, actioncable-v1-json",
            Some("actioncable-unsupported"),
        ),
    ] {
        let headers = [("Origin", &*origin), ("Sec-WebSocket-Protocol", offered)];
        let client = Client::connect_with(harness.address, "/cable", &headers)
            .await
            .unwrap();
        let header = client.response.headers().get("Sec-WebSocket-Protocol");
        assert_eq!(header.map(|value| value.to_str().unwrap()), chosen);
    }
}

#[tokio::test]
async fn without_a_protocol_in_common_the_socket_opens_all_the_same() {
    let harness = Harness::start();
    let mut client = harness.client().await;
    assert!(
        !client
            .response
            .headers()
            .contains_key("Sec-WebSocket-Protocol")
    );
    client.expect_nothing().await;
}

#[tokio::test]
async fn an_unauthorized_client_is_told_not_to_come_again() {
    let harness = Harness::start();
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut client = Client::connect_with(harness.address, "/cable?as=mallory", &headers)
        .await
        .unwrap();
    client
        .expect(r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#)
        .await;
    client.closed().await;
}

#[tokio::test]
async fn an_identification_that_takes_too_long_is_given_up() {
    let harness = Harness::with(Config {
        handshake_timeout: std::time::Duration::from_millis(20),
        ..quiet()
    });
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut client = Client::connect_with(harness.address, "/cable?as=sloth", &headers)
        .await
        .unwrap();
    client
        .expect(r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#)
        .await;
    client.closed().await;
}

#[tokio::test]
async fn more_connections_than_allowed_are_refused() {
    let harness = Harness::with(Config {
        max_connections: 1,
        ..quiet()
    });
    let first = harness.client().await;
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let second = Client::connect_with(harness.address, "/cable", &headers).await;
    match second {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("expected a refusal, got {:?}", other.map(|_| ())),
    }
    drop(first);
    test_support::wait_until("the place to be free again", async || {
        harness.server.stats().connections == 0
    })
    .await;
    harness.client().await;
}
