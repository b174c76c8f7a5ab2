use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::soon;

/// A client that sees raw frames.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) response: Response,
}

impl Client {
    /// As the stock client connects from a page of the same host.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_with(
            address,
            "/cable",
            &[("Origin", &format!("http://{address}"))],
        )
        .await
        .unwrap()
    }

    pub(crate) async fn connect_with(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, response) = soon("the handshake", client_async(request, stream)).await?;
        Ok(Self { socket, response })
    }

    pub(crate) async fn send(&mut self, frame: &str) {
        self.socket.send(Message::text(frame)).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, identifier: &str) {
        self.command(&json!({ "command": "subscribe", "identifier": identifier }))
            .await;
    }

    pub(crate) async fn unsubscribe(&mut self, identifier: &str) {
        self.command(&json!({ "command": "unsubscribe", "identifier": identifier }))
            .await;
    }

    pub(crate) async fn message(&mut self, identifier: &str, data: &Value) {
        let data = data.to_string();
        self.command(&json!({ "command": "message", "identifier": identifier, "data": data }))
            .await;
    }

    pub(crate) async fn command(&mut self, command: &Value) {
        self.send(&command.to_string()).await;
    }

    /// The next text frame.
    pub(crate) async fn next(&mut self) -> String {
        match soon("a frame", self.socket.next()).await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// The next frame as JSON.
    pub(crate) async fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next().await).unwrap()
    }

    /// Insists on the exact bytes of the next frame.
    pub(crate) async fn expect(&mut self, frame: &str) {
        assert_eq!(self.next().await, frame);
    }

    /// Subscribes and is confirmed.
    pub(crate) async fn join(&mut self, identifier: &str) {
        self.subscribe(identifier).await;
        self.expect(&confirmation(identifier)).await;
    }

    /// Proves that the server has done what it was sent, and had nothing to say about it: the next frame is the
    /// answer to a subscription that is always rejected.
    pub(crate) async fn expect_nothing(&mut self) {
        self.subscribe(r#"{"channel":"PickyChannel","fence":1}"#)
            .await;
        self.expect(r#"{"identifier":"{\"channel\":\"PickyChannel\",\"fence\":1}","type":"reject_subscription"}"#)
            .await;
    }

    /// The close frame, after which the server has closed the connection.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        let frame = match soon("the close frame", self.socket.next()).await {
            Some(Ok(Message::Close(frame))) => frame,
            other => panic!("expected a close frame, got {other:?}"),
        };
        let rest = soon("the end of the connection", self.socket.next()).await;
        assert!(rest.is_none(), "after the close frame: {rest:?}");
        frame
    }
}

pub(crate) fn confirmation(identifier: &str) -> String {
    format!(
        r#"{{"identifier":{},"type":"confirm_subscription"}}"#,
        Value::from(identifier)
    )
}
