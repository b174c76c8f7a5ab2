//! The server behind the proxies. It does as little as it can, and is this program with a hidden command.

use std::sync::Arc;

use anyhow::{Result, bail};
use test_support::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::script;

/// What an application answers to something small.
pub(crate) const JSON: &str =
    r#"{"id":4711,"title":"Something that has to be done","completed":false,"position":12}"#;
/// To the key that every client here sends.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const BUFFER: usize = 4096;

/// It runs until this is dropped.
pub(crate) struct Backend {
    _process: Process,
    pub(crate) port: u16,
}

impl Backend {
    pub(crate) async fn start() -> Result<Self> {
        let process = Process::start("bench", &["thrust-backend"], &Vec::new())?;
        let address: std::net::SocketAddr = process.address().await.parse()?;
        Ok(Self {
            _process: process,
            port: address.port(),
        })
    }
}

/// All that it answers, made once.
struct Answers {
    json: Vec<u8>,
    script: Vec<u8>,
    switch: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let answer = |fields: &str, body: &str| {
            let length = body.len();
            format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}")
                .into_bytes()
        };
        let script_fields = format!(
            "Content-Type: text/javascript\r\nCache-Control: {}\r\nETag: \"0123456789abcdef\"",
            script::CACHE_CONTROL
        );
        Self {
            json: answer(
                "Content-Type: application/json\r\nCache-Control: private",
                JSON,
            ),
            script: answer(&script_fields, &script::text()),
            switch: format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
            )
            .into_bytes(),
        }
    }
}

#[allow(clippy::print_stdout, reason = "the benchmark reads the address")]
pub(crate) async fn run() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("address={}", listener.local_addr()?);
    let answers = Arc::new(Answers::new());
    loop {
        let (stream, _) = listener.accept().await?;
        // A proxy may close its connections as it likes.
        tokio::spawn(serve(stream, Arc::clone(&answers)));
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Answers>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if !buffer[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        let path = buffer.split(|byte| *byte == b' ').nth(1);
        match path.unwrap_or_default() {
            b"/cable" => {
                stream.write_all(&answers.switch).await?;
                return echo(stream).await;
            }
            path if path == script::PATH.as_bytes() => stream.write_all(&answers.script).await?,
            _ => stream.write_all(&answers.json).await?,
        }
        filled = 0;
    }
}

/// Sends each frame of a client back to it.
async fn echo(mut stream: TcpStream) -> Result<()> {
    loop {
        let mut head = [0; 6];
        stream.read_exact(&mut head).await?;
        let [kind, size, mask @ ..] = head;
        let size = size & 0x7f;
        if size > 125 {
            bail!("no such long frames are sent here");
        }
        let mut frame = vec![kind, size];
        frame.resize(2 + usize::from(size), 0);
        stream.read_exact(&mut frame[2..]).await?;
        for (byte, mask) in frame[2..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        stream.write_all(&frame).await?;
    }
}
