use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cable_faults::{Client, Luck, Rails, STREAM, numbers};
use deploy::{Project, collect_to_last};
use test_support::PATIENCE;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Each client gets so many messages before and after each fault.
const MEANWHILE: u64 = 5;

/// Numbered messages, and clients that have to get each of them once and in order, whatever becomes of their sockets.
pub(crate) struct Messages {
    rails: Rails,
    last: u64,
    goal: watch::Sender<Option<u64>>,
    clients: Vec<JoinHandle<Result<()>>>,
    progress: Vec<watch::Receiver<u64>>,
}

impl Messages {
    pub(crate) fn start(project: &Project<'_>) -> Result<Self> {
        let file: PathBuf = project.volume("storage").join("production_cable.sqlite3");
        let (_, addresses) = watch::channel(Some("127.0.0.1:8080".to_owned()));
        let goal = watch::Sender::new(None);
        let clients = (0..3).map(|_| Client::new(addresses.clone(), Luck::Good));
        let (progress, clients) = clients
            .map(|client| {
                let progress = client.progress();
                (
                    progress,
                    tokio::spawn(collect_to_last(client, goal.subscribe())),
                )
            })
            .unzip();
        Ok(Self {
            rails: Rails::open(file)?,
            last: 0,
            goal,
            clients,
            progress,
        })
    }

    pub(crate) async fn go_on(&mut self) -> Result<()> {
        self.send().await?;
        self.arrive().await
    }

    /// Commits more.
    pub(crate) async fn send(&mut self) -> Result<()> {
        for _ in 0..MEANWHILE {
            self.last += 1;
            let next = numbers(self.last..=self.last);
            self.rails.broadcast(STREAM, next).await?;
        }
        Ok(())
    }

    /// Waits until every client has all.
    pub(crate) async fn arrive(&self) -> Result<()> {
        for progress in &self.progress {
            let mut progress = progress.clone();
            let came = progress.wait_for(|number| *number >= self.last);
            let came = tokio::time::timeout(PATIENCE, came).await;
            came.context("no messages")?.context("a client went away")?;
        }
        Ok(())
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.goal.send_replace(Some(self.last));
        for client in self.clients {
            client.await?.context("a client")?;
        }
        Ok(())
    }
}
