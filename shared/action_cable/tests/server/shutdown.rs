//! How a server stops.

use action_cable::Config;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{Client, Harness, quiet, soon};

#[tokio::test]
async fn a_shutdown_sends_all_clients_away_to_come_again() {
    let harness = Harness::start();
    let mut clients = [harness.client().await, harness.client().await];
    clients[0]
        .join(r#"{"channel":"RoomChannel","room":1}"#)
        .await;
    let server = harness.server.clone();
    let shutdown = tokio::spawn(async move { server.shutdown().await });
    for client in &mut clients {
        client
            .expect(r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#)
            .await;
        assert_eq!(client.closed().await.unwrap().code, CloseCode::Normal);
    }
    assert_eq!(soon("the shutdown", shutdown).await.unwrap(), 0);
    assert_eq!(harness.log.entries(), ["left room 1"]);
    let origin = format!("http://{}", harness.address);
    let late = Client::connect_with(harness.address, "/cable", &[("Origin", &origin)]).await;
    assert!(matches!(late, Err(Error::Http(response)) if response.status() == 503));
    soon("actix to stop", harness.http.stop(true)).await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let harness = Harness::with(Config {
        close_timeout: Duration::from_millis(20),
        ..quiet()
    });
    let mut client = harness.client().await;
    // The channel's work hangs.
    client.subscribe(r#"{"channel":"SlowChannel"}"#).await;
    test_support::wait_until("the subscription to begin", async || {
        !harness.log.entries().is_empty()
    })
    .await;
    assert_eq!(soon("the shutdown", harness.server.shutdown()).await, 1);
}
