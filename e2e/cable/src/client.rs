use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use test_support::{Message, PATIENCE};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::scene::ORIGIN;
use crate::{IDENTIFIER, Rails};

/// The longest life of a connection, in bytes.
const LONGEST: u64 = 100_000;

/// A client of `actioncable-v1-ext-json` that collects numbered messages and comes back whenever its connection ends,
/// to what it had last.
pub struct Client {
    addresses: watch::Receiver<Option<String>>,
    luck: Luck,
    /// Where its last message stood, as it tells the server.
    last: Option<Value>,
    /// The session that it may come back to.
    sid: Option<String>,
    /// The newest number that it got.
    newest: watch::Sender<u64>,
    /// Set by a rejection, until the next number.
    was_warned: bool,
    /// How often it connected.
    pub visits: usize,
    /// How often it came back to its session.
    pub restored: usize,
    /// How often it was told that something is lost.
    pub rejected: usize,
    /// Numbers that it never got, and was told so.
    pub lost: u64,
    /// How often it was told so, and got all of them.
    pub false_alarms: usize,
}

/// How long connections last.
pub enum Luck {
    /// Until the server ends them.
    Good,
    /// They are cut after some bytes from the server, anywhere.
    Bad(Box<SmallRng>),
}

impl Luck {
    /// Bad luck that can be had again.
    pub fn bad(seed: u64) -> Self {
        Self::Bad(Box::new(SmallRng::seed_from_u64(seed)))
    }

    /// Bytes that come before the connection breaks: often few, sometimes many.
    fn bytes(&mut self) -> u64 {
        match self {
            Self::Good => u64::MAX,
            Self::Bad(rng) => {
                let most = rng.random_range(1..=LONGEST);
                rng.random_range(0..=most)
            }
        }
    }
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(addresses: watch::Receiver<Option<String>>, luck: Luck) -> Self {
        Self {
            addresses,
            luck,
            last: None,
            sid: None,
            newest: watch::Sender::new(0),
            was_warned: false,
            visits: 0,
            restored: 0,
            rejected: 0,
            lost: 0,
            false_alarms: 0,
        }
    }

    /// The newest number that it got, as it goes on.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The newest number that it got.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Collects until it has this number, and leaves without a word.
    ///
    /// # Errors
    /// When a number comes twice, in disorder, or not at all without a warning; and when nothing comes.
    pub async fn collect_to(&mut self, number: u64) -> Result<()> {
        while self.newest() < number {
            self.visit(number).await?;
        }
        Ok(())
    }

    /// Collects to this number, which is committed again and again until it has it: a client that was rejected hears what
    /// is new, and nobody knows when it begins to listen.
    ///
    /// # Errors
    /// As [`Client::collect_to`].
    pub async fn hear(&mut self, rails: &Rails, number: u64) -> Result<()> {
        tokio::select! {
            heard = self.collect_to(number) => heard,
            said = rails.repeat(number) => said,
        }
    }

    /// One connection. Its end is nothing to speak of.
    async fn visit(&mut self, goal: u64) -> Result<()> {
        let address = timeout(PATIENCE, self.addresses.wait_for(Option::is_some))
            .await
            .context("there is no cable")??
            .clone()
            .unwrap_or_default();
        self.visits += 1;
        let life = self.luck.bytes();
        let Ok(mut socket) = connect(&address, self.sid.as_deref(), life).await else {
            return Ok(());
        };
        let mut deadline = Instant::now() + PATIENCE;
        loop {
            let frame = timeout_at(deadline, socket.next()).await;
            let frame = frame.with_context(|| format!("nothing after {}", self.newest()))?;
            let Some(Ok(Message::Text(text))) = frame else {
                return Ok(());
            };
            let frame: Value = serde_json::from_str(&text)?;
            let answer = match frame["type"].as_str() {
                Some("welcome") => Some(self.ask(&frame)),
                Some("disconnect") => {
                    self.sid = None;
                    return Ok(());
                }
                Some("reject_history") => {
                    self.rejected += 1;
                    self.was_warned = true;
                    None
                }
                Some("reject_subscription") => bail!("{text}"),
                Some(_) => None,
                None => {
                    self.take(&frame)?;
                    deadline = Instant::now() + PATIENCE;
                    None
                }
            };
            if self.newest() >= goal {
                return Ok(());
            }
            if let Some(answer) = answer
                && socket
                    .send(Message::text(answer.to_string()))
                    .await
                    .is_err()
            {
                return Ok(());
            }
        }
    }

    /// What it says to a welcome.
    fn ask(&mut self, welcome: &Value) -> Value {
        self.sid = welcome["sid"].as_str().map(str::to_owned);
        let ids = welcome["restored_ids"].as_array();
        let is_restored = ids.is_some_and(|ids| ids.iter().any(|id| id == IDENTIFIER));
        self.restored += usize::from(is_restored);
        let command = if is_restored { "history" } else { "subscribe" };
        let history = self.last.clone().unwrap_or_else(|| json!({ "since": 0 }));
        json!({ "command": command, "identifier": IDENTIFIER, "history": history })
    }

    /// A message. Those without an offset are for this subscription alone.
    fn take(&mut self, frame: &Value) -> Result<()> {
        let (Some(offset), Some(number)) = (
            frame["offset"].as_i64(),
            frame["message"]["number"].as_u64(),
        ) else {
            return Ok(());
        };
        let expected = self.newest() + 1;
        let visit = self.visits;
        ensure!(
            number == expected || (self.was_warned && number > expected),
            "got {number} instead of {expected} on visit {visit}"
        );
        self.lost += number - expected;
        self.false_alarms += usize::from(self.was_warned && number == expected);
        self.was_warned = false;
        let stream = frame["stream_id"].as_str().context("it has a stream")?;
        let position = json!({ "epoch": frame["epoch"], "offset": offset });
        self.last = Some(json!({ "streams": { stream: position } }));
        self.newest.send_replace(number);
        Ok(())
    }
}

/// A connection that lasts for so many bytes from the server.
async fn connect(
    address: &str,
    sid: Option<&str>,
    life: u64,
) -> Result<WebSocketStream<impl AsyncRead + AsyncWrite + Unpin + use<>>> {
    let sid = sid.map_or_else(String::new, |sid| format!("?sid={sid}"));
    let mut request = format!("ws://{address}/cable{sid}").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("origin", ORIGIN.parse()?);
    headers.insert("sec-websocket-protocol", "actioncable-v1-ext-json".parse()?);
    let (read, write) = TcpStream::connect(address).await?.into_split();
    let stream = tokio::io::join(read.take(life), write);
    let handshake = timeout(PATIENCE, client_async(request, stream));
    Ok(handshake.await.context("no handshake")??.0)
}
