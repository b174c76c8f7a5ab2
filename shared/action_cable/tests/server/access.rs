//! Who may connect with a token, and subscribe to what somebody else signed.

use action_cable::auth::{Digest, Jwt, KeyGenerator, Token, TokenPolicy};
use action_cable::{Cable, Server, Stream, pubsub, turbo};
use actix_web::{App, HttpServer};
use serde_json::{Value, json};
use std::net::SocketAddr;

use crate::support::{Client, confirmation, quiet};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MzI1MDM2ODAwMDB9.UzNZUxb9q4wBmoTOpuSh6cfWPzE7bLJTZRWlK8GRgQQ";
const EXPIRED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MTU3NzgzNjgwMH0.bDqO8no56GitpkECdXQI_7cSALC8G2mEaileY9XXDDE";
/// `turbo_stream_from "room:1"`, as `turbo-rails` signs it.
const TURBO: &str =
    "InJvb206MSI=--be59a8dd4fc0ad2f0be54fd43f44114bd364dbe17a76231b4b14166194a7e02f";
/// `"chat:2021"`, as AnyCable signs it with `s3Krit`.
const SIGNED: &str =
    "ImNoYXQ6MjAyMSI=--f9ee45dbccb1da04d8ceb99cc820207804370ba0d06b46fc3b8b373af1315628";
const WELCOME: &str = r#"{"type":"welcome"}"#;

/// An application without channels of its own.
#[derive(Clone)]
struct Host {
    tokens: TokenPolicy,
    turbo: turbo::Verifier,
    streams: pubsub::Streams,
}

impl AsRef<TokenPolicy> for Host {
    fn as_ref(&self) -> &TokenPolicy {
        &self.tokens
    }
}

impl AsRef<turbo::Verifier> for Host {
    fn as_ref(&self) -> &turbo::Verifier {
        &self.turbo
    }
}

impl AsRef<pubsub::Streams> for Host {
    fn as_ref(&self) -> &pubsub::Streams {
        &self.streams
    }
}

fn start(tokens: TokenPolicy) -> (SocketAddr, Cable) {
    let keys = KeyGenerator::new("development_secret_key_base", Digest::Sha256);
    let app = Host {
        tokens,
        turbo: turbo::Verifier::new(&keys),
        streams: pubsub::Streams::default().signed_with("s3Krit").public(),
    };
    let cable = Cable::in_process();
    let server = Server::<_, Token>::builder(app, cable.clone())
        .channel::<turbo::StreamsChannel<_, _>>()
        .channel::<pubsub::PubSubChannel<_, _>>()
        .config(quiet())
        .build();
    let routes = server.routes();
    let http = HttpServer::new(move || App::new().configure(routes.clone()))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = http.addrs()[0];
    tokio::spawn(http.run());
    (address, cable)
}

async fn connect(address: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> Client {
    let origin = format!("http://{address}");
    let headers: Vec<_> = headers
        .iter()
        .copied()
        .chain([("Origin", &*origin)])
        .collect();
    Client::connect_with(address, path, &headers).await.unwrap()
}

async fn welcomed(address: SocketAddr) -> Client {
    let mut client = connect(address, "/cable", &[]).await;
    client.expect(WELCOME).await;
    client
}

fn rejection(identifier: &str) -> String {
    confirmation(identifier).replace("confirm_", "reject_")
}

#[tokio::test]
async fn a_client_with_a_token_is_welcome() {
    let (address, _) = start(TokenPolicy::Required(Jwt::new("ruby-to-go")));
    let protocols = format!("actioncable-v1-json, anycable-token.{TOKEN}");
    let mut by_protocol =
        connect(address, "/cable", &[("Sec-WebSocket-Protocol", &protocols)]).await;
    by_protocol.expect(WELCOME).await;
    let chosen = by_protocol.response.headers().get("Sec-WebSocket-Protocol");
    assert_eq!(chosen.unwrap(), "actioncable-v1-json");
    let mut by_url = connect(address, &format!("/cable?jid={TOKEN}"), &[]).await;
    by_url.expect(WELCOME).await;
    let mut by_header = connect(address, "/cable", &[("X-JID", TOKEN)]).await;
    by_header.expect(WELCOME).await;
}

#[tokio::test]
async fn a_client_without_a_good_token_is_refused() {
    let jwt = || Jwt::new("ruby-to-go");
    for (policy, path, reason) in [
        (
            TokenPolicy::Required(jwt()),
            "/cable".to_owned(),
            "unauthorized",
        ),
        (
            TokenPolicy::Required(jwt()),
            format!("/cable?jid={TOKEN}x"),
            "unauthorized",
        ),
        (
            TokenPolicy::Optional(jwt()),
            format!("/cable?jid={TOKEN}x"),
            "unauthorized",
        ),
        (
            TokenPolicy::Optional(jwt()),
            format!("/cable?jid={EXPIRED}"),
            "token_expired",
        ),
    ] {
        let (address, _) = start(policy);
        let mut client = connect(address, &path, &[]).await;
        let told = format!(r#"{{"type":"disconnect","reason":"{reason}","reconnect":false}}"#);
        client.expect(&told).await;
        client.closed().await;
    }
    let (address, _) = start(TokenPolicy::Optional(jwt()));
    welcomed(address).await;
    let (address, _) = start(TokenPolicy::Ignored);
    let mut client = connect(address, "/cable?jid=x", &[]).await;
    client.expect(WELCOME).await;
}

#[tokio::test]
async fn the_bearers_of_a_token_are_disconnected_by_their_identifiers() {
    let (address, cable) = start(TokenPolicy::Optional(Jwt::new("ruby-to-go")));
    let mut client = connect(address, "/cable", &[("X-JID", TOKEN)]).await;
    client.expect(WELCOME).await;
    cable
        .disconnect(r#"{"user_id":"15"}"#, false)
        .await
        .unwrap();
    client
        .expect(r#"{"type":"disconnect","reason":"remote","reconnect":false}"#)
        .await;
}

#[tokio::test]
async fn turbo_streams_are_those_that_rails_signed() {
    let (address, cable) = start(TokenPolicy::Ignored);
    let mut client = welcomed(address).await;
    // The page's element had `data-since="7"`.
    let identifier = json!({
        "channel": "Turbo::StreamsChannel", "signed_stream_name": TURBO, "since": "7",
    });
    client.join(&identifier.to_string()).await;
    let html = r#"<turbo-stream action="append"></turbo-stream>"#.to_owned();
    cable.broadcast(Stream::new("room:1"), &html).await.unwrap();
    let frame: Value = serde_json::from_str(&client.next().await).unwrap();
    assert_eq!(frame["message"], html);
    for name in [
        Value::from("room:1"),
        TURBO.replace("MSI", "MiI").into(),
        SIGNED.into(),
        Value::Null,
    ] {
        let identifier = json!({ "channel": "Turbo::StreamsChannel", "signed_stream_name": name });
        client.subscribe(&identifier.to_string()).await;
        client.expect(&rejection(&identifier.to_string())).await;
    }
}

#[tokio::test]
async fn streams_without_channels() {
    let (address, cable) = start(TokenPolicy::Ignored);
    let mut client = welcomed(address).await;
    for identifier in [
        json!({ "channel": "$pubsub", "signed_stream_name": SIGNED }).to_string(),
        json!({ "channel": "$pubsub", "stream_name": "chat:2021" }).to_string(),
    ] {
        client.join(&identifier).await;
        cable.broadcast(Stream::new("chat:2021"), &1).await.unwrap();
        let quoted = Value::from(&*identifier);
        client
            .expect(&format!(r#"{{"identifier":{quoted},"message":1}}"#))
            .await;
        client.unsubscribe(&identifier).await;
    }
    let identifier = json!({ "channel": "$pubsub", "signed_stream_name": TURBO }).to_string();
    client.subscribe(&identifier).await;
    client.expect(&rejection(&identifier)).await;
}
