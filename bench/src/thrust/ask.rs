//! One request over a connection of its own, to see what is answered.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustls::{ClientConnection, Stream};

use super::certificate::{Certificate, NAME};
use super::load::Request;
use super::proxy::Proxy;
use super::setting::Protocol;

const PATIENCE: Duration = Duration::from_secs(30);

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    head: String,
    /// Of head and body.
    pub(crate) bytes: usize,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// Expects 200. With HTTPS where that is what the proxy speaks.
pub(crate) fn ask(proxy: &Proxy, certificate: &Certificate, request: &Request) -> Result<Answer> {
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    match proxy.protocol {
        Protocol::Http1 => exchange(&mut socket, request),
        Protocol::Http2Tls => {
            let mut config = (*certificate.client).clone();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            let mut tls = ClientConnection::new(Arc::new(config), NAME.try_into()?)?;
            exchange(&mut Stream::new(&mut tls, &mut socket), request)
        }
    }
}

fn exchange(socket: &mut (impl Read + Write), request: &Request) -> Result<Answer> {
    socket.write_all(request.text("Connection: close\r\n").as_bytes())?;
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        // Not everybody takes leave.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        read => {
            read?;
        }
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.context("no answer")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    ensure!(head.starts_with("HTTP/1.1 200"), "expected 200, got {head}");
    let bytes = answer.len();
    Ok(Answer { head, bytes })
}
