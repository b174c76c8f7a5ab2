use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use http::{Method, Request, Response, Version};
use test_support::wait_until;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::soon;

/// A client of HTTP/2 by prior knowledge.
pub struct Http2 {
    pub sender: SendRequest<Bytes>,
    pub connection: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(address).await?).await
    }

    pub async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self> {
        let (sender, connection) = h2::client::Builder::new()
            // As browsers do, so that a stream that is not read leaves room for others.
            .initial_connection_window_size(1 << 20)
            .handshake(stream)
            .await?;
        Ok(Self {
            sender,
            connection: tokio::spawn(connection),
        })
    }

    /// Begins a request; `is_whole` says that it has no body.
    pub async fn begin(
        &mut self,
        request: Request<()>,
        is_whole: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>)> {
        let mut sender = soon("a stream", self.sender.clone().ready()).await??;
        Ok(sender.send_request(request, is_whole)?)
    }

    /// A request with a body, and the whole response.
    pub async fn exchange(
        &mut self,
        request: Request<()>,
        body: impl Into<Bytes>,
    ) -> Result<Response<Vec<u8>>> {
        let body = body.into();
        let (response, mut stream) = self.begin(request, body.is_empty()).await?;
        if !body.is_empty() {
            // A proxy that refuses the body may have reset the stream already.
            let _ = stream.send_data(body, true);
        }
        let response = soon("the response", response).await??;
        let (parts, mut body) = response.into_parts();
        let body = whole(&mut body).await?;
        Ok(Response::from_parts(parts, body))
    }

    /// A request to open a WebSocket (RFC 8441), once the proxy has said that it may come.
    pub async fn extended(&self, path: &str) -> Result<Request<()>> {
        wait_until("the proxy to allow it", || async {
            self.sender.is_extended_connect_protocol_enabled()
        })
        .await;
        let request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("http://app.test{path}"))
            .version(Version::HTTP_2)
            .extension(Protocol::from_static("websocket"))
            .header("origin", "http://app.test")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-protocol", "actioncable-v1-json");
        Ok(request.body(())?)
    }

    pub async fn get(&mut self, path: &str) -> Result<Response<Vec<u8>>> {
        let request = Request::get(format!("http://app.test{path}")).body(())?;
        self.exchange(request, "").await
    }

    /// Waits for the end of the connection, and returns its error.
    pub async fn ended(self) -> Result<Result<(), h2::Error>> {
        // A sender that is kept would keep the connection.
        drop(self.sender);
        Ok(soon("the end of the connection", self.connection).await??)
    }
}

/// All of a body.
pub async fn whole(body: &mut RecvStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(data) = soon("the body", body.data()).await? {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
