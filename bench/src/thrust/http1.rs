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
    /// Bytes of the body that are still to come, once its head has.
    missing: Option<usize>,
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
            missing: None,
        })
    }

    /// Returns how much of the body is still to come, once the head has.
    fn take(&mut self, new: &[u8]) -> Result<Option<usize>> {
        if let Some(missing) = self.missing {
            return Ok(Some(missing.checked_sub(new.len()).context("too much")?));
        }
        if self.head.is_empty()
            && let Some(missing) = after_head(new)?
        {
            return Ok(Some(missing));
        }
        self.head.extend_from_slice(new);
        let missing = after_head(&self.head)?;
        if missing.is_some() {
            self.head.clear();
        }
        Ok(missing)
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
        self.missing = self.take(&buffer[..size])?;
        if self.missing == Some(0) {
            self.missing = None;
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

/// How much of the body is missing after these bytes, when they have the whole head.
fn after_head(answer: &[u8]) -> Result<Option<usize>> {
    const LENGTH: &[u8] = b"content-length:";
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = || String::from_utf8_lossy(&answer[..end]).into_owned();
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "expected 200: {}",
        text()
    );
    let mut lines = answer[..end].split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        name.eq_ignore_ascii_case(LENGTH).then_some(value)
    });
    let length = length.with_context(|| format!("no Content-Length: {}", text()))?;
    let length: usize = std::str::from_utf8(length)?.trim().parse()?;
    let come = answer.len() - end - 4;
    Ok(Some(length.checked_sub(come).context("too much")?))
}
