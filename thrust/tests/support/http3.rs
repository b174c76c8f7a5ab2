use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use bytes::{Buf as _, Bytes};
use h3::client::SendRequest;
use h3::error::ConnectionError;
use h3_quinn::{BidiStream, OpenStreams};
use http::{Request, Response};
use tokio::task::JoinHandle;

use super::{Trust, soon};

pub type Stream = h3::client::RequestStream<BidiStream<Bytes>, Bytes>;

/// A client of HTTP/3.
pub struct Http3 {
    pub quic: quinn::Connection,
    pub sender: SendRequest<OpenStreams, Bytes>,
    pub connection: JoinHandle<ConnectionError>,
    pub endpoint: quinn::Endpoint,
}

impl Http3 {
    pub async fn connect(trust: &Trust, address: SocketAddr) -> Result<Self> {
        Self::with(trust.quic()?, address).await
    }

    pub async fn with(config: quinn::ClientConfig, address: SocketAddr) -> Result<Self> {
        let endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
        let connecting = endpoint.connect_with(config, address, "app.test")?;
        let quic = soon("the handshake of QUIC", connecting).await??;
        let over = h3_quinn::Connection::new(quic.clone());
        let (mut driver, sender) = h3::client::new(over).await?;
        let connection =
            async move { std::future::poll_fn(|context| driver.poll_close(context)).await };
        Ok(Self {
            quic,
            sender,
            connection: tokio::spawn(connection),
            endpoint,
        })
    }

    /// Begins a request. Its body is to be sent, and ended.
    pub async fn begin(&mut self, request: Request<()>) -> Result<Stream> {
        Ok(soon("a stream", self.sender.send_request(request)).await??)
    }

    /// A request with a body, and the whole response.
    pub async fn exchange(
        &mut self,
        request: Request<()>,
        body: impl Into<Bytes>,
    ) -> Result<Response<Vec<u8>>> {
        let mut stream = self.begin(request).await?;
        let body = body.into();
        if !body.is_empty() {
            // A proxy that refuses the body may have stopped the stream already.
            let _ = stream.send_data(body).await;
        }
        let _ = stream.finish().await;
        collect(&mut stream).await
    }

    pub async fn get(&mut self, path: &str) -> Result<Response<Vec<u8>>> {
        let request = Request::get(format!("https://app.test{path}")).body(())?;
        self.exchange(request, "").await
    }

    /// Waits for the end of the connection, and returns the code with which the proxy closed it.
    pub async fn closed(&self) -> Result<u64> {
        match soon("the end of the connection", self.quic.closed()).await? {
            quinn::ConnectionError::ApplicationClosed(close) => Ok(close.error_code.into_inner()),
            other => Err(other.into()),
        }
    }

    /// A stream of which the client sends each byte itself, and what came on it until its end.
    pub async fn raw(&self, bytes: &[u8]) -> Result<(quinn::SendStream, quinn::RecvStream)> {
        let (mut send, receive) = soon("a stream", self.quic.open_bi()).await??;
        send.write_all(bytes).await?;
        Ok((send, receive))
    }
}

/// The whole response.
pub async fn collect(stream: &mut Stream) -> Result<Response<Vec<u8>>> {
    let response = soon("the response", stream.recv_response()).await??;
    let mut body = Vec::new();
    while let Some(mut data) = soon("the body", stream.recv_data())
        .await?
        .context("broken")?
    {
        while data.has_remaining() {
            let chunk = data.chunk();
            body.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Ok(response.map(|()| body))
}
