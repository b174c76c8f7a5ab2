use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::backend::find;
use super::soon;

/// A client of HTTP/1.1 that sends what it is told, to the byte.
pub struct Client<S = TcpStream> {
    pub stream: S,
    pub buffer: Vec<u8>,
}

/// A whole response.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    pub body: Vec<u8>,
}

/// Sends `request` on a connection of its own and reads the response.
pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Result<Response> {
    let mut client = Client::connect(address).await?;
    client.send(request).await?;
    client.response().await
}

/// A plain GET on a connection of its own.
pub async fn get(address: SocketAddr, path: &str) -> Result<Response> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: app.test\r\nconnection: close\r\n\r\n");
    exchange(address, request).await
}

/// A request without a body on a connection of its own. Each of `headers` is a line.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
) -> Result<Response> {
    let mut client = Client::connect(address).await?;
    client.ask(method, path, headers).await
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// A request without a body, and the response.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &[&str]) -> Result<Response> {
        let headers = [headers, &[""]].concat().join("\r\n");
        let request = format!("{method} {path} HTTP/1.1\r\nhost: app.test\r\n{headers}\r\n");
        self.send(request).await?;
        self.response_to(method).await
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(soon("bytes to be taken", self.stream.write_all(bytes.as_ref())).await??)
    }

    /// The next whole response, but for the interim ones.
    pub async fn response(&mut self) -> Result<Response> {
        self.response_to("GET").await
    }

    /// The next whole response to a request of a method.
    pub async fn response_to(&mut self, method: &str) -> Result<Response> {
        let mut response = loop {
            let response = self.head().await?;
            if response.status >= 200 || response.status == 101 {
                break response;
            }
        };
        response.body = match response.header("content-length") {
            _ if method == "HEAD" || matches!(response.status, 101 | 204 | 304) => Vec::new(),
            Some(length) => self.exactly(length.parse()?).await?,
            None if response.header("transfer-encoding").is_some() => self.chunks().await?,
            None => self.until_closed().await?,
        };
        Ok(response)
    }

    /// The next head, interim ones too.
    pub async fn head(&mut self) -> Result<Response> {
        let end = self.find(b"\r\n\r\n").await?;
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8(head)?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Response {
            status,
            head: head.trim_end().to_owned(),
            body: Vec::new(),
        })
    }

    /// So many bytes.
    pub async fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.more_or_broken().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    /// All that comes until the proxy closes the connection in good order.
    pub async fn until_closed(&mut self) -> Result<Vec<u8>> {
        while self.more().await? {}
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Waits until the connection is closed, in whichever way.
    pub async fn closed(&mut self) -> Result<()> {
        soon("the connection to be closed", async {
            while let Ok(true) = self.read().await {
                self.buffer.clear();
            }
        })
        .await
    }

    /// The next chunk; an empty one is the last.
    pub async fn chunk(&mut self) -> Result<Vec<u8>> {
        let end = self.find(b"\r\n").await?;
        let line = self.exactly(end + 2).await?;
        let size = usize::from_str_radix(std::str::from_utf8(&line[..end])?, 16)?;
        let mut chunk = self.exactly(size + 2).await?;
        chunk.truncate(size);
        Ok(chunk)
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    async fn find(&mut self, what: &[u8]) -> Result<usize> {
        loop {
            if let Some(end) = find(&self.buffer, what) {
                return Ok(end);
            }
            self.more_or_broken().await?;
        }
    }

    async fn more_or_broken(&mut self) -> Result<()> {
        if !self.more().await? {
            let so_far = String::from_utf8_lossy(&self.buffer);
            bail!(
                "the response broke off after {:?}",
                so_far.get(..200).unwrap_or(&so_far)
            );
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<bool> {
        soon("bytes from the proxy", self.read()).await?
    }

    async fn read(&mut self) -> Result<bool> {
        self.buffer.reserve(64 << 10);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

impl Response {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1);
        let mut fields = fields.filter_map(|line| line.split_once(':'));
        fields
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
