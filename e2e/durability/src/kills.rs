//! Processes are killed under load, again and again.

use anyhow::{Result, ensure};
use test_support::{Suite, wait_until};

use crate::load::Load;
use crate::{rows, say};

/// Kills of each process.
const ROUNDS: usize = 5;

pub(crate) async fn run() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let load = Load::start(&suite, 3).await?;
    for _ in 0..ROUNDS {
        load.more(20).await;
        suite.worker.kill().await?;
        suite.restart_worker().await?;
        load.more(20).await;
        suite.cable.kill().await?;
        suite.restart_cable().await?;
        load.more(20).await;
        suite.web.kill().await?;
        suite.restart_web().await?;
    }
    load.more(20).await;
    let acks = load.stop().await?;
    idle(&suite).await?;
    let mut socket = suite.socket().await?;
    suite.browser().await?.create("after the kills").await?;
    socket.text_with("after the kills").await?;
    suite.kill().await?;
    rows::are_sound(&suite.storage()).await?;
    let lost = rows::lost_todos(&suite.storage(), &acks.taken).await?;
    ensure!(lost.is_empty(), "lost: {lost:?}");
    say(format!(
        "kill -9: {} kills under load. Of {} todos none was lost; {} requests met a process that was gone. All jobs ended.",
        ROUNDS * 3,
        acks.taken.len(),
        acks.refused.values().sum::<usize>(),
    ));
    Ok(())
}

/// Waits until no job is left to do, and none failed.
async fn idle(suite: &Suite) -> Result<()> {
    let queue = rows::open(&suite.storage(), "production_queue")?;
    let left = "solid_queue_jobs WHERE finished_at IS NULL";
    wait_until("all jobs to end", || async {
        rows::count(&queue, left).await.is_ok_and(|left| left == 0)
    })
    .await;
    Ok(())
}
