use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::soon;

/// Kinds of frames (RFC 9113, section 6).
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const CONTINUATION: u8 = 9;
}

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame of HTTP/2.
#[derive(Clone, Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// A connection of HTTP/2 that sends whatever frames it is told.
pub struct Frames {
    pub stream: TcpStream,
}

impl Frames {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await?;
        let mut frames = Self { stream };
        frames.send(&Frame::new(kind::SETTINGS, 0, 0, [])).await?;
        Ok(frames)
    }

    pub async fn send(&mut self, frame: &Frame) -> Result<()> {
        Ok(self.stream.write_all(&frame.bytes()).await?)
    }

    /// The next frame; `None` when the connection has ended, in whichever way.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        soon("a frame", Self::read_from(&mut self.stream)).await
    }

    /// The next frame of a stream.
    pub async fn read_from(stream: &mut (impl AsyncRead + Unpin)) -> Option<Frame> {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let [length @ .., kind, flags, _, _, _, _] = head;
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind,
            flags,
            stream: head[5..]
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
            payload,
        })
    }

    /// Reads to the end of the connection; whether the proxy said that it ends.
    pub async fn goaway(&mut self) -> Result<bool> {
        let mut said = false;
        while let Some(frame) = self.next().await? {
            said |= frame.kind == kind::GOAWAY;
        }
        Ok(said)
    }

    /// Whether an answer comes on the stream.
    pub async fn answered(&mut self, stream: u32) -> Result<bool> {
        while let Some(frame) = self.next().await? {
            if frame.kind == kind::HEADERS && frame.stream == stream {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What became of the stream: its status, or `None` where it or the connection was ended without one.
    pub async fn status(&mut self, stream: u32) -> Result<Option<u16>> {
        while let Some(frame) = self.next().await? {
            match frame.kind {
                kind::HEADERS if frame.stream == stream => return Ok(frame.status()),
                kind::RST_STREAM if frame.stream == stream => return Ok(None),
                kind::GOAWAY if !frame.is_orderly() => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.into(),
        }
    }

    /// A whole head of a request, `fields` as they are.
    pub fn head(stream: u32, fields: &[(&str, &str)], ends: bool) -> Self {
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        Self::new(kind::HEADERS, flags, stream, hpack(fields))
    }

    /// A plain GET.
    pub fn get(stream: u32, path: &str) -> Self {
        let fields = [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "app.test"),
        ];
        Self::head(stream, &fields, true)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = self.payload.len().to_be_bytes();
        let mut bytes = length[length.len() - 3..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    fn is_orderly(&self) -> bool {
        self.payload.get(4..8) == Some(&[0; 4])
    }

    /// The status, which comes first: by its place in the static table, or as three digits, plain or in Huffman's code.
    fn status(&self) -> Option<u16> {
        let (first, rest) = self.payload.split_first()?;
        if let place @ 0x88..=0x8e = *first {
            let table = [200, 204, 206, 304, 400, 404, 500];
            return Some(table[usize::from(place - 0x88)]);
        }
        let (length, text) = rest.split_first()?;
        let text = text.get(..usize::from(length & 0x7f))?;
        if length & 0x80 == 0 {
            return std::str::from_utf8(text).ok()?.parse().ok();
        }
        let bits = text
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let mut left = text.len() * 8;
        let mut number = 0;
        for _ in 0..3 {
            // 0, 1 and 2 take five bits, 3 to 9 six.
            let five = bits >> left.checked_sub(5)? & 0x1f;
            let is_short = five < 3;
            left = left.checked_sub(if is_short { 5 } else { 6 })?;
            let digit = if is_short {
                five
            } else {
                (bits >> left & 0x3f) - 0b01_1001 + 3
            };
            number = number * 10 + digit;
        }
        u16::try_from(number).ok()
    }
}

/// Each field as a literal that is not indexed (RFC 7541, section 6.2.2), without Huffman's code.
pub fn hpack(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            integer(text.len(), &mut block);
            block.extend(text.as_bytes());
        }
    }
    block
}

fn integer(mut number: usize, block: &mut Vec<u8>) {
    if number < 127 {
        block.push(number.to_le_bytes()[0]);
        return;
    }
    block.push(127);
    number -= 127;
    while number >= 128 {
        block.push((number % 128).to_le_bytes()[0] | 128);
        number /= 128;
    }
    block.push(number.to_le_bytes()[0]);
}
