//! HTTP/1.1 over a connection that is kept.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::load::{Connection, Request, Tally};

pub(crate) struct Plain {
    socket: TcpStream,
    request: Vec<u8>,
    sent: Instant,
    /// The beginning of a head whose end has not come.
    head: Vec<u8>,
    /// How the body goes on, once its head has come.
    body: Option<Body>,
}

/// What is still to come of a body.
enum Body {
    Bytes(usize),
    /// Chunks, which came as far as to these last bytes. They are not counted: compressed bytes do not look like their
    /// end.
    Chunks(Vec<u8>),
}

const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

impl Body {
    fn take(&mut self, new: &[u8]) -> Result<()> {
        match self {
            Self::Bytes(missing) => {
                *missing = missing.checked_sub(new.len()).context("too much")?;
            }
            Self::Chunks(last) => {
                last.extend_from_slice(&new[new.len().saturating_sub(LAST_CHUNK.len())..]);
                last.drain(..last.len().saturating_sub(LAST_CHUNK.len()));
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::Bytes(missing) => *missing == 0,
            Self::Chunks(last) => last == LAST_CHUNK,
        }
    }
}

impl Plain {
    pub(crate) fn open(port: u16, request: &Request) -> Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            request: request.text("").into_bytes(),
            sent: Instant::now(),
            head: Vec::new(),
            body: None,
        })
    }

    fn take(&mut self, new: &[u8]) -> Result<()> {
        if let Some(body) = &mut self.body {
            return body.take(new);
        }
        if self.head.is_empty() {
            self.body = after_head(new)?;
        }
        if self.body.is_none() {
            self.head.extend_from_slice(new);
            self.body = after_head(&self.head)?;
        }
        if self.body.is_some() {
            self.head.clear();
        }
        Ok(())
    }
}

impl Connection for Plain {
    fn begin(&mut self) -> Result<()> {
        self.sent = Instant::now();
        Ok(self.socket.write_all(&self.request)?)
    }

    fn go_on(&mut self, buffer: &mut [u8], tally: &mut Tally) -> Result<()> {
        let size = self.socket.read(buffer)?;
        ensure!(size > 0, "the server closed a connection");
        self.take(&buffer[..size])?;
        if self.body.take_if(|body| body.is_whole()).is_some() {
            self.sent = tally.note(self.sent);
            self.socket.write_all(&self.request)?;
        }
        Ok(())
    }
}

impl AsFd for Plain {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What of the body is missing after these bytes, when they have the whole head.
fn after_head(answer: &[u8]) -> Result<Option<Body>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, come) = (&answer[..end], &answer[end + 4..]);
    let text = || String::from_utf8_lossy(head).into_owned();
    ensure!(
        head.starts_with(b"HTTP/1.1 200"),
        "expected 200: {}",
        text()
    );
    let mut body = match field(head, b"content-length:") {
        Some(length) => Body::Bytes(std::str::from_utf8(length)?.trim().parse()?),
        None => Body::Chunks(Vec::new()),
    };
    body.take(come)?;
    Ok(Some(body))
}

fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (field, value) = line.split_at_checked(name.len())?;
        field.eq_ignore_ascii_case(name).then_some(value)
    })
}
