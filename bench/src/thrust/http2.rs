//! HTTP/2 over TLS (RFC 9113): as much of it as it takes to send one request again and again, on several streams.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use rustls::ClientConnection;

use super::certificate::{Certificate, NAME};
use super::load::{Connection, Request, Tally, USER_AGENT};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// No push, and as much of each stream at once as a browser takes.
const SETTINGS: [u8; 12] = [0, 2, 0, 0, 0, 0, 0, 4, 0, 0x60, 0, 0];
/// Of the whole connection, beyond what is usual.
const WINDOW: usize = 15 * 1024 * 1024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTING: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED_OR_PRIORITY: u8 = 0x28;

/// `:status: 200` in the static table of HPACK.
const OK: u8 = 0x88;

pub(crate) struct Secure {
    socket: TcpStream,
    tls: ClientConnection,
    streams: usize,
    /// Those that wait for an answer, and since when.
    open: Vec<(u32, Instant)>,
    next_stream: u32,
    /// The fields of the request: as they are sent first, and then, when the server knows them.
    fields: [Vec<u8>; 2],
    /// Frames whose end has not come.
    come: Vec<u8>,
    /// Frames to send.
    out: Vec<u8>,
    /// Bytes taken that the server was not told of.
    taken: usize,
}

impl Secure {
    pub(crate) fn open(
        port: u16,
        certificate: &Certificate,
        request: &Request,
        streams: usize,
    ) -> Result<Self> {
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        let mut tls = ClientConnection::new(certificate.client.clone(), NAME.try_into()?)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        ensure!(
            tls.alpn_protocol() == Some(b"h2"),
            "the server does not speak HTTP/2"
        );
        Ok(Self {
            socket,
            tls,
            streams,
            open: Vec::new(),
            next_stream: 1,
            fields: fields(request),
            come: Vec::new(),
            out: Vec::new(),
            taken: 0,
        })
    }

    fn ask(&mut self, now: Instant) {
        let fields = std::mem::take(&mut self.fields);
        let block = &fields[usize::from(self.next_stream > 1)];
        self.send(HEADERS, END_STREAM | END_HEADERS, self.next_stream, block);
        self.fields = fields;
        self.open.push((self.next_stream, now));
        self.next_stream += 2;
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.out.extend_from_slice(&size.to_be_bytes()[1..]);
        self.out.extend_from_slice(&[kind, flags]);
        self.out.extend_from_slice(&stream.to_be_bytes());
        self.out.extend_from_slice(payload);
    }

    fn flush(&mut self) -> Result<()> {
        if !self.out.is_empty() {
            self.tls.writer().write_all(&self.out)?;
            self.out.clear();
        }
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Takes the frames that are whole.
    fn take(&mut self, tally: &mut Tally) -> Result<()> {
        let come = std::mem::take(&mut self.come);
        let mut rest = &come[..];
        while let Some((&[a, b, c, kind, flags, s, t, r, m], more)) = rest.split_first_chunk() {
            let size = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some((payload, more)) = more.split_at_checked(size) else {
                break;
            };
            let stream = u32::from_be_bytes([s, t, r, m]);
            self.hear(kind, flags, stream, payload, tally)?;
            rest = more;
        }
        self.come.extend_from_slice(rest);
        Ok(())
    }

    fn hear(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
        tally: &mut Tally,
    ) -> Result<()> {
        match kind {
            DATA => self.taken += payload.len(),
            HEADERS => ensure!(
                payload.first() == Some(&OK) && flags & PADDED_OR_PRIORITY == 0,
                "expected 200, got fields that begin with {:x?}",
                payload.get(..8)
            ),
            SETTING if flags & ACK == 0 => self.send(SETTING, ACK, 0, &[]),
            PING if flags & ACK == 0 => self.send(PING, ACK, 0, payload),
            RST_STREAM | GOAWAY => bail!("the server broke off: {kind} {payload:x?}"),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            let mut open = self.open.iter();
            let place = open.position(|(open, _)| *open == stream);
            let (_, sent) = self.open.swap_remove(place.context("no such stream")?);
            let now = tally.note(sent);
            self.ask(now);
        }
        Ok(())
    }
}

impl Connection for Secure {
    fn begin(&mut self) -> Result<()> {
        self.out.extend_from_slice(PREFACE);
        self.send(SETTING, 0, 0, &SETTINGS);
        let window = u32::try_from(WINDOW)?.to_be_bytes();
        self.send(WINDOW_UPDATE, 0, 0, &window);
        let now = Instant::now();
        (0..self.streams).for_each(|_| self.ask(now));
        self.flush()
    }

    fn go_on(&mut self, buffer: &mut [u8], tally: &mut Tally) -> Result<()> {
        let size = self.socket.read(buffer)?;
        ensure!(size > 0, "the server closed a connection");
        let mut come = &buffer[..size];
        while !come.is_empty() {
            self.tls.read_tls(&mut come)?;
            self.tls.process_new_packets()?;
            match self.tls.reader().read_to_end(&mut self.come) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => bail!("the server closed a connection: {other:?}"),
            }
        }
        self.take(tally)?;
        if self.taken > WINDOW / 4 {
            let taken = u32::try_from(std::mem::take(&mut self.taken))?;
            self.send(WINDOW_UPDATE, 0, 0, &taken.to_be_bytes());
        }
        self.flush()
    }
}

impl AsFd for Secure {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The fields as HPACK (RFC 7541) writes them: first each is put into the table, from then on it is in there.
fn fields(request: &Request) -> [Vec<u8>; 2] {
    // By their names in the static table.
    let fields = [
        (1, NAME),
        (4, request.path),
        (58, USER_AGENT),
        (19, "*/*"),
        (16, request.accept_encoding),
    ];
    // `:method: GET` and `:scheme: https`.
    let (mut first, mut again) = (vec![0x82, 0x87], vec![0x82, 0x87]);
    for ((name, value), place) in fields.into_iter().zip((62..=66).rev()) {
        // Longer values than 126 bytes are not sent here.
        let size = u8::try_from(value.len()).unwrap_or(0x7e).min(0x7e);
        first.extend_from_slice(&[0x40 | name, size]);
        first.extend_from_slice(value.as_bytes());
        again.push(0x80 | place);
    }
    [first, again]
}
