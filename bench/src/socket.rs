use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A client of the cable, subscribed to the todos.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn subscribe(cable_url: &str, origin: &str) -> Result<Self> {
        let mut request = cable_url.into_client_request()?;
        request.headers_mut().insert("origin", origin.parse()?);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "actioncable-v1-json".parse()?);
        let (stream, _) = connect_async(request).await?;
        let mut socket = Self { stream };
        let subscribe = r#"{"command":"subscribe","identifier":"{\"channel\":\"TodosChannel\"}"}"#;
        socket.stream.send(Message::text(subscribe)).await?;
        socket.text_with("confirm_subscription").await?;
        Ok(socket)
    }

    /// Waits for a frame that contains `text`.
    pub(crate) async fn text_with(&mut self, text: &str) -> Result<()> {
        loop {
            let frame = self
                .stream
                .next()
                .await
                .context("the socket was closed")??;
            if frame.to_text().is_ok_and(|frame| frame.contains(text)) {
                return Ok(());
            }
        }
    }
}
