//! A WebSocket that says one thing, and waits to hear it again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};

pub(crate) const SIZE: usize = 64;

const PATIENCE: Duration = Duration::from_secs(30);
const MASK: [u8; 4] = [1, 2, 3, 4];
const TEXT: u8 = 0x81;

pub(crate) struct Socket(TcpStream);

impl Socket {
    pub(crate) fn open(port: u16) -> Result<Self> {
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(
            b"GET /cable HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\n\
              Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )?;
        let (mut buffer, mut filled) = ([0; 1024], 0);
        // Nothing follows before something is said.
        while !buffer[..filled].ends_with(b"\r\n\r\n") {
            let read = socket.read(&mut buffer[filled..])?;
            ensure!(read > 0, "the server closed a connection");
            filled += read;
        }
        let answer = String::from_utf8_lossy(&buffer[..filled]);
        ensure!(answer.starts_with("HTTP/1.1 101"), "refused: {answer}");
        Ok(Self(socket))
    }

    /// A message there and back.
    pub(crate) fn echo(&mut self) -> Result<()> {
        let size = u8::try_from(SIZE)?;
        let mut frame = vec![TEXT, 0x80 | size];
        frame.extend_from_slice(&MASK);
        let message = [b'x'; SIZE];
        let masked = message.iter().zip(MASK.iter().cycle());
        frame.extend(masked.map(|(byte, mask)| byte ^ mask));
        self.0.write_all(&frame)?;
        let mut answer = [0; 2 + SIZE];
        self.0.read_exact(&mut answer)?;
        ensure!(
            answer[..2] == [TEXT, size] && answer[2..] == message,
            "no echo"
        );
        Ok(())
    }
}
