use std::future::Future;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use socket2::SockRef;
use test_support::Port;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// A server behind the proxy that records what it gets. It is stopped when it is dropped.
pub struct Backend {
    pub address: SocketAddr,
    /// So that nobody else gets the port while it does not listen.
    _port: Port,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    /// Tells the task to listen no more, and then those who wait for it.
    deaf: Arc<Notify>,
    is_deaf: Arc<Notify>,
    task: JoinHandle<()>,
}

/// A request as the server got it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Request line and headers, as they came, without the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

/// Nobody can connect to it once it is dropped, though a process that another test is starting may have a copy of its
/// descriptor still.
struct Ear(TcpListener);

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = SockRef::from(&self.0).shutdown(Shutdown::Read);
    }
}

/// A connection to the server, on its side.
pub struct Peer {
    pub stream: TcpStream,
    buffer: Vec<u8>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A whole response of status 200.
pub fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

impl Backend {
    /// Answers each request with what `answer` makes of it; with nothing, it closes the connection.
    pub async fn answering(
        answer: impl Fn(&Seen) -> Vec<u8> + Clone + Send + 'static,
    ) -> Result<Self> {
        Self::scripted(Self::script(answer)).await
    }

    /// Answers each request with 200.
    pub async fn friendly() -> Result<Self> {
        Self::answering(|_| ok("hello")).await
    }

    /// Does with each connection what `script` says.
    pub async fn scripted<F, Fut>(script: F) -> Result<Self>
    where
        F: Fn(Peer) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let port = Port::keep()?;
        let address = port.address()?;
        let listener = TcpListener::bind(address).await?;
        let mut backend = Self {
            address,
            _port: port,
            seen: Arc::default(),
            connections: Arc::default(),
            deaf: Arc::default(),
            is_deaf: Arc::default(),
            task: tokio::spawn(async {}),
        };
        backend.task = backend.serve(listener, script);
        Ok(backend)
    }

    /// Listens again where it did before.
    pub async fn start_again(
        &mut self,
        answer: impl Fn(&Seen) -> Vec<u8> + Clone + Send + 'static,
    ) -> Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.task = self.serve(listener, Self::script(answer));
        Ok(())
    }

    /// Stops listening. The system resets connections that come at that very moment.
    pub async fn stop_listening(&self) {
        self.deaf.notify_one();
        self.is_deaf.notified().await;
    }

    /// Waits until all connections have ended, once nobody listens any more.
    pub async fn finish(&mut self) -> Result<()> {
        Ok(super::soon("the end of the connections", &mut self.task).await??)
    }

    /// Stops listening, and closes all connections.
    pub async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    fn serve<F, Fut>(&self, listener: TcpListener, script: F) -> JoinHandle<()>
    where
        F: Fn(Peer) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let (seen, connections) = (Arc::clone(&self.seen), Arc::clone(&self.connections));
        let (deaf, is_deaf) = (Arc::clone(&self.deaf), Arc::clone(&self.is_deaf));
        tokio::spawn(async move {
            let ear = Ear(listener);
            // What runs on the connections ends with this task.
            let mut peers = JoinSet::new();
            loop {
                let accepted = tokio::select! {
                    accepted = ear.0.accept() => accepted,
                    () = deaf.notified() => break,
                };
                let Ok((stream, _)) = accepted else { break };
                connections.fetch_add(1, Relaxed);
                let _ = stream.set_nodelay(true);
                let seen = Arc::clone(&seen);
                peers.spawn(script(Peer {
                    stream,
                    buffer: Vec::new(),
                    seen,
                }));
            }
            drop(ear);
            is_deaf.notify_one();
            while peers.join_next().await.is_some() {}
        })
    }

    fn script(
        answer: impl Fn(&Seen) -> Vec<u8> + Clone + Send + 'static,
    ) -> impl Fn(Peer) -> std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + 'static
    {
        move |mut peer| {
            let answer = answer.clone();
            Box::pin(async move {
                while let Some(request) = peer.request().await? {
                    let bytes = answer(&request);
                    if bytes.is_empty() {
                        break;
                    }
                    peer.stream.write_all(&bytes).await?;
                    if find(&bytes, b"connection: close").is_some() {
                        break;
                    }
                }
                Ok(())
            })
        }
    }

    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// What it got so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// What it got last.
    pub fn last(&self) -> Seen {
        self.seen().pop().unwrap_or_default()
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// The next request; `None` at the end of the connection.
    pub async fn request(&mut self) -> Result<Option<Seen>> {
        let Some(head) = self.head().await? else {
            return Ok(None);
        };
        let mut seen = Seen {
            head,
            body: Vec::new(),
        };
        // It counts as soon as its head is there: what breaks off later was seen, too.
        let index = {
            let mut all = lock(&self.seen);
            all.push(seen.clone());
            all.len() - 1
        };
        seen.body = if seen.header("transfer-encoding").is_some() {
            self.chunks().await?
        } else {
            let length = seen.header("content-length");
            let length = length.map(str::parse).transpose()?;
            self.exactly(length.unwrap_or(0)).await?
        };
        lock(&self.seen)[index].body.clone_from(&seen.body);
        Ok(Some(seen))
    }

    /// The next head only.
    pub async fn head(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = self.buffer.drain(..end + 4).take(end).collect();
                return Ok(Some(String::from_utf8(head)?));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(self.stream.write_all(bytes.as_ref()).await?)
    }

    /// What has come and was not read as part of a request.
    pub async fn bytes(&mut self) -> Result<Vec<u8>> {
        if self.buffer.is_empty() {
            self.more().await?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    async fn more(&mut self) -> Result<bool> {
        self.buffer.reserve(64 << 10);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.more().await? {
                bail!("the body broke off");
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = find(&self.buffer, b"\r\n") {
                    break end;
                }
                if !self.more().await? {
                    bail!("the body broke off");
                }
            };
            let line = self.exactly(end + 2).await?;
            let size = usize::from_str_radix(std::str::from_utf8(&line[..end])?, 16)?;
            let chunk = self.exactly(size + 2).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
}

impl Seen {
    /// The request line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1);
        let fields = fields.filter_map(|line| line.split_once(':'));
        fields
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }
}

fn lock(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
