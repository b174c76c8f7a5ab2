//! Connections that never become sockets: they are ended, and others are served meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result};
use cable_faults::{Raw, Scene};
use test_support::PATIENCE;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// How often a client says another byte.
const DRIBBLE: Duration = Duration::from_millis(100);

/// Says `text` in small pieces, and then what never ends, until the server has had enough.
async fn dribble(mut raw: Raw, text: &str) -> Result<()> {
    let rest = std::iter::repeat("x-more: yes\r\n").flat_map(str::bytes);
    let mut bytes = text.bytes().chain(rest);
    let mut pace = interval(DRIBBLE);
    let dribbling = async {
        loop {
            tokio::select! {
                end = raw.read.end() => return end.ok(),
                _ = pace.tick() => {
                    let byte = bytes.next()?;
                    raw.write.write_all(&[byte]).await.ok()?;
                }
            }
        }
    };
    timeout(PATIENCE, dribbling)
        .await
        .context("it may go on for ever")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_handshakes_are_ended() -> Result<()> {
    const EACH: usize = 200;
    let scene = Scene::start(&[]).await?;
    let address = scene.address();
    let handshakes = async {
        let mut clients = JoinSet::new();
        for _ in 0..EACH {
            let mut half = Raw::connect(&address).await?;
            half.write
                .write_all(b"GET /cable HTTP/1.1\r\nHost: here\r\nUpgr")
                .await?;
            let silent = Raw::connect(&address).await?;
            for mut raw in [half, silent] {
                clients.spawn(async move { raw.read.end().await });
            }
            let slow = Raw::connect(&address).await?;
            clients.spawn(dribble(slow, "GET /cable HTTP/1.1\r\n"));
        }
        for _ in 0..EACH / 10 {
            let mut second = Raw::connect(&address).await?;
            second
                .write
                .write_all(b"GET /up HTTP/1.1\r\nHost: here\r\n\r\n")
                .await?;
            clients.spawn(dribble(second, "GET /cable HTTP/1.1\r\n"));
        }
        clients.join_all().await.into_iter().collect()
    };
    scene.suffers(16 * 1024, handshakes).await
}
