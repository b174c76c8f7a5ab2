use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection that is kept, and does as little as it can: it shares the machine with the server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 256 * 1024],
        })
    }

    pub(crate) async fn ask(&mut self, request: &str) -> Result<Answer> {
        let (head, end) = self.exchange(request).await?;
        let text = std::str::from_utf8(&self.buffer[..head])?;
        Ok(Answer {
            status: text.get(9..12).unwrap_or_default().parse()?,
            head: text.to_owned(),
            body: self.buffer[head..end].to_vec(),
        })
    }

    /// Sends a request and reads its answer into the buffer; returns where its head ends and where its body does.
    async fn exchange(&mut self, request: &str) -> Result<(usize, usize)> {
        self.stream.write_all(request.as_bytes()).await?;
        let (mut filled, mut ends) = (0, None);
        loop {
            if let Some((head, end)) = ends
                && filled >= end
            {
                return Ok((head, end));
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the server hung up, or its answer is too long");
            filled += read;
            if ends.is_none() {
                ends = ends_of(&self.buffer[..filled])?;
            }
        }
    }
}

/// Where head and body of an answer end, once the whole head is there.
fn ends_of(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = head + 4;
    let text = std::str::from_utf8(&answer[..head])?.to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = match length {
        Some(length) => length.trim().parse()?,
        None if text.starts_with("http/1.1 304") => 0,
        None => anyhow::bail!("an answer without content-length: {text}"),
    };
    Ok(Some((head, head + length)))
}

/// Sends one request again and again over so many connections, over each at least once; returns how many answers came.
pub(crate) async fn load(
    address: &str,
    request: &str,
    status: u16,
    connections: usize,
    time: Duration,
) -> Result<u32> {
    let until = Instant::now() + time;
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (mut connection, request) = (Connection::open(address).await?, request.to_owned());
        let expected = format!("HTTP/1.1 {status}");
        clients.spawn(async move {
            let mut answers = 0_u32;
            while answers == 0 || Instant::now() < until {
                connection.exchange(&request).await?;
                ensure!(
                    connection.buffer.starts_with(expected.as_bytes()),
                    "expected {expected}, got {}",
                    String::from_utf8_lossy(&connection.buffer[..32])
                );
                answers += 1;
            }
            Ok(answers)
        });
    }
    let mut answers = 0;
    while let Some(client) = clients.join_next().await {
        answers += client.context("a client broke")??;
    }
    Ok(answers)
}
