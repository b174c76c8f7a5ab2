use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;

/// A client of the cable that sends and receives raw frames.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket as a page from `origin` does.
    ///
    /// # Errors
    /// When the server refuses it; then the error names the HTTP status.
    pub async fn open(cable_url: &str, origin: Option<&str>) -> Result<Self> {
        Self::open_with(cable_url, origin, "actioncable-v1-json").await
    }

    /// Like [`Socket::open`], with another subprotocol.
    ///
    /// # Errors
    /// As [`Socket::open`].
    pub async fn open_with(
        cable_url: &str,
        origin: Option<&str>,
        protocol: &'static str,
    ) -> Result<Self> {
        let mut request = cable_url.into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse()?);
        }
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol.parse()?);
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => {
                bail!("the server answered {}", response.status().as_u16())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a socket and subscribes to the todos.
    ///
    /// # Errors
    /// When that fails.
    pub async fn subscribe(cable_url: &str, origin: &str) -> Result<Self> {
        let mut socket = Self::open(cable_url, Some(origin)).await?;
        socket
            .send(r#"{"command":"subscribe","identifier":"{\"channel\":\"TodosChannel\"}"}"#)
            .await?;
        socket.text_with("confirm_subscription").await?;
        Ok(socket)
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Sends any frame.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send_message(&mut self, message: Message) -> Result<()> {
        Ok(self.stream.send(message).await?)
    }

    /// The next text frame that is no ping.
    ///
    /// # Errors
    /// When the socket is closed, or nothing comes.
    pub async fn text(&mut self) -> Result<String> {
        self.text_with("").await
    }

    /// The next text frame that contains `text`, and is no ping.
    ///
    /// # Errors
    /// When the socket is closed, or none comes.
    pub async fn text_with(&mut self, text: &str) -> Result<String> {
        tokio::time::timeout(PATIENCE, self.read_until(text))
            .await
            .with_context(|| format!("no frame came with `{text}`"))?
    }

    async fn read_until(&mut self, wanted: &str) -> Result<String> {
        loop {
            let next = self.stream.next().await;
            let frame = next.context("the socket was closed")??;
            match frame {
                Message::Text(text)
                    if text.contains(wanted) && !text.contains(r#""type":"ping""#) =>
                {
                    return Ok(text.to_string());
                }
                Message::Close(_) => bail!("the socket was closed"),
                _ => {}
            }
        }
    }

    /// Waits until the server has closed the socket.
    ///
    /// # Errors
    /// When it does not.
    pub async fn closed(&mut self) -> Result<()> {
        let end = async { while let Some(Ok(_)) = self.stream.next().await {} };
        tokio::time::timeout(PATIENCE, end)
            .await
            .context("the socket stays open")
    }

    /// Tries again and again until a socket opens and subscribes, as a page does after its server went away.
    pub async fn reconnect(cable_url: &str, origin: &str) -> Self {
        loop {
            if let Ok(socket) = Self::subscribe(cable_url, origin).await {
                return socket;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
