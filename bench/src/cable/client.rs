use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;

use super::message::{Dialect, Heard};

/// The least client there can be: many of them must not take the processor from the server.
pub(crate) struct Client {
    socket: TcpStream,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
    is_open: bool,
    /// What it says one after the other, the next when the last is confirmed.
    commands: std::vec::IntoIter<Bytes>,
    is_ready: bool,
}

impl Client {
    pub(crate) fn connect(address: &str, dialect: Dialect, commands: Vec<Bytes>) -> Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let protocol = dialect.protocol();
        socket.write_all(
            format!(
                "GET /cable HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
            )
            .as_bytes(),
        )?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            rest: Vec::new(),
            is_open: false,
            commands: commands.into_iter(),
            is_ready: false,
        })
    }

    /// Whether all that it had to say is confirmed.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Reads once, and tells `hear` of every frame that is whole.
    pub(crate) fn read(&mut self, buffer: &mut [u8], mut hear: impl FnMut(Heard)) -> Result<()> {
        let size = match self.socket.read(buffer) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let new = &buffer[..size];
        if self.rest.is_empty() {
            let taken = self.take(new, &mut hear)?;
            self.rest.extend_from_slice(&new[taken..]);
        } else {
            let mut all = std::mem::take(&mut self.rest);
            all.extend_from_slice(new);
            let taken = self.take(&all, &mut hear)?;
            all.drain(..taken);
            self.rest = all;
        }
        Ok(())
    }

    /// Returns how many bytes were whole frames.
    fn take(&mut self, bytes: &[u8], hear: &mut impl FnMut(Heard)) -> Result<usize> {
        let mut taken = 0;
        if !self.is_open {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                return Ok(0);
            };
            let answer = String::from_utf8_lossy(&bytes[..end]);
            ensure!(answer.starts_with("HTTP/1.1 101"), "refused: {answer}");
            self.is_open = true;
            taken = end + 4;
        }
        while let Some((payload, size)) = split(&bytes[taken..]) {
            taken += size;
            let heard = Heard::of(payload)?;
            if heard == Heard::GoOn {
                self.go_on()?;
            }
            hear(heard);
        }
        Ok(taken)
    }

    fn go_on(&mut self) -> Result<()> {
        match self.commands.next() {
            Some(command) => self.socket.write_all(&command)?,
            None => self.is_ready = true,
        }
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The payload of the first frame, and the size of the frame.
fn split(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (size, head) = match (bytes.get(1)?, &bytes[2..]) {
        (126, &[a, b, ..]) => (usize::from(u16::from_be_bytes([a, b])), 4),
        // Longer frames than 64 KiB are not broadcast here.
        (126.., _) => return None,
        (size, _) => (usize::from(*size), 2),
    };
    Some((bytes.get(head..head + size)?, head + size))
}
