use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cable_faults::{Client, Luck};
use deploy::collect_to_last;
use reqwest::Client as Http;
use serde_json::json;
use test_support::PATIENCE;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::KEY;

/// Where `cable` takes broadcasts.
const BROADCAST: &str = "http://127.0.0.1:28080/_broadcast";
/// Between two messages.
const PACE: Duration = Duration::from_millis(10);

/// Numbered messages, and clients that have to get each of them once and in order, whatever becomes of their sockets.
pub(crate) struct Messages {
    clients: Vec<JoinHandle<Result<()>>>,
    progress: Vec<watch::Receiver<u64>>,
    sender: JoinHandle<Result<u64>>,
    over: watch::Sender<bool>,
    last: watch::Sender<Option<u64>>,
}

impl Messages {
    pub(crate) fn start() -> Self {
        let (_, addresses) = watch::channel(Some("127.0.0.1:80".to_owned()));
        let (over, last) = (watch::Sender::new(false), watch::Sender::new(None));
        let clients = (0..4).map(|_| Client::new(addresses.clone(), Luck::Good));
        let (progress, clients) = clients
            .map(|client| {
                let progress = client.progress();
                (
                    progress,
                    tokio::spawn(collect_to_last(client, last.subscribe())),
                )
            })
            .unzip();
        Self {
            clients,
            progress,
            sender: tokio::spawn(send(over.subscribe())),
            over,
            last,
        }
    }

    pub(crate) async fn go_on(&self, more: u64) -> Result<()> {
        for progress in &self.progress {
            let mut progress = progress.clone();
            let goal = *progress.borrow() + more;
            let came = progress.wait_for(|number| *number >= goal);
            let came = tokio::time::timeout(PATIENCE, came).await;
            came.context("no messages")?.context("a client went away")?;
        }
        Ok(())
    }

    /// Returns how many there were.
    pub(crate) async fn end(self) -> Result<u64> {
        self.over.send_replace(true);
        let last = self.sender.await?.context("the sender")?;
        self.last.send_replace(Some(last));
        for client in self.clients {
            client.await?.context("a client")?;
        }
        Ok(last)
    }
}

/// Has each message made once, and returns the number of the last one.
async fn send(over: watch::Receiver<bool>) -> Result<u64> {
    let client = Http::builder()
        .pool_max_idle_per_host(0)
        .retry(reqwest::retry::never())
        .build()?;
    let mut number = 0;
    while !*over.borrow() {
        number += 1;
        let data = json!({ "number": number }).to_string();
        let message = json!({ "stream": "todos", "data": data });
        let request = client.post(BROADCAST).bearer_auth(KEY).json(&message);
        let answer = request.send().await.context("a broadcast")?;
        ensure!(answer.status() == 201, "a broadcast: {}", answer.status());
        tokio::time::sleep(PACE).await;
    }
    Ok(number)
}
