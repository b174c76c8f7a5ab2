use anyhow::{Context as _, Result};
use test_support::PATIENCE;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::scene::ORIGIN;

const CLOSE: u8 = 8;
const MASKED: u8 = 0x80;

/// A client that writes whatever bytes it likes.
pub struct Raw {
    /// What comes from the server.
    pub read: Answers,
    /// What goes there.
    pub write: OwnedWriteHalf,
}

/// What comes from a server.
pub struct Answers(BufReader<OwnedReadHalf>);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    /// The last text before.
    pub last: String,
    /// The code of the close frame, if there was one.
    pub code: Option<u16>,
}

/// The bytes of a client's frame of which `first` are the first eight bits. Masked with zeros: the payload is as it is.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    frame.extend_from_slice(payload);
    frame
}

/// The head of a frame with so many bytes.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    let mut header = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => header.push(MASKED | length),
        (_, Ok(length)) => {
            header.push(MASKED | 0x7E);
            header.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            header.push(MASKED | 0x7F);
            header.extend_from_slice(&length.to_be_bytes());
        }
    }
    header.extend_from_slice(&[0; 4]);
    header
}

impl Raw {
    /// A connection on which nothing was said.
    ///
    /// # Errors
    /// When the server is not there.
    pub async fn connect(address: &str) -> Result<Self> {
        let (read, write) = TcpStream::connect(address).await?.into_split();
        Ok(Self {
            read: Answers(BufReader::new(read)),
            write,
        })
    }

    /// A socket that was welcomed.
    ///
    /// # Errors
    /// When it is not.
    pub async fn open(address: &str) -> Result<Self> {
        let mut raw = Self::connect(address).await?;
        raw.upgrade(address).await?;
        raw.read.frame().await?.context("no welcome")?;
        Ok(raw)
    }

    /// Asks for a socket. Returns the head of the response.
    ///
    /// # Errors
    /// When none comes.
    pub async fn upgrade(&mut self, address: &str) -> Result<String> {
        self.write.write_all(upgrade(address).as_bytes()).await?;
        self.read.head().await
    }
}

impl Answers {
    /// The head of an HTTP response.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn head(&mut self) -> Result<String> {
        let mut head = String::new();
        let read = async {
            while !head.ends_with("\r\n\r\n") && self.0.read_line(&mut head).await? > 0 {}
            anyhow::Ok(())
        };
        timeout(PATIENCE, read).await.context("no response")??;
        Ok(head)
    }

    /// The next frame: its opcode and its payload. `None` at the end of the connection.
    ///
    /// # Errors
    /// When nothing comes.
    pub async fn frame(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let frame = timeout(PATIENCE, self.read_frame()).await;
        Ok(frame.context("no frame came")?.ok())
    }

    async fn read_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await?;
        let length = match self.0.read_u8().await? {
            126 => self.0.read_u16().await?.into(),
            127 => self.0.read_u64().await?,
            length => length.into(),
        };
        let mut payload = Vec::new();
        (&mut self.0).take(length).read_to_end(&mut payload).await?;
        Ok((first & 0x0F, payload))
    }

    /// Reads on to a frame that contains `text`.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn text_with(&mut self, text: &str) -> Result<()> {
        loop {
            let (_, payload) = self.frame().await?.context("the connection ended")?;
            if String::from_utf8_lossy(&payload).contains(text) {
                return Ok(());
            }
        }
    }

    /// Reads on to the close frame, or to an end without one.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn closed(&mut self) -> Result<Closed> {
        let mut closed = Closed {
            last: String::new(),
            code: None,
        };
        let read = async {
            while let Ok((opcode, payload)) = self.read_frame().await {
                match (opcode, &payload[..]) {
                    (CLOSE, [high, low, ..]) => {
                        closed.code = Some(u16::from_be_bytes([*high, *low]));
                        return;
                    }
                    (1, text) if !text.starts_with(br#"{"type":"ping""#) => {
                        closed.last = String::from_utf8_lossy(text).into_owned();
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, read)
            .await
            .context("the connection stays open")?;
        Ok(closed)
    }

    /// Waits for the end of the connection, whatever comes before.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn end(&mut self) -> Result<()> {
        let mut nowhere = tokio::io::sink();
        let end = tokio::io::copy(&mut self.0, &mut nowhere);
        timeout(PATIENCE, end)
            .await
            .context("the connection stays open")?
            .ok();
        Ok(())
    }
}

/// A request to open a socket, with an offer to compress.
fn upgrade(address: &str) -> String {
    format!(
        "GET /cable HTTP/1.1\r\nHost: {address}\r\nOrigin: {ORIGIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Protocol: actioncable-v1-ext-json\r\n\r\n"
    )
}
