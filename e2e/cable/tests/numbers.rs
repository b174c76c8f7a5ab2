//! Numbered messages are committed while clients lose their connections and the process dies: every client sees every
//! number once, and in order.

use anyhow::Result;
use cable_faults::{Client, Luck, Rails, STREAM, Scene, numbers};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use test_support::wait_until;
use tokio::sync::watch;
use tokio::task::JoinSet;

const MESSAGES: u64 = 10_000;
const CLIENTS: u64 = 8;
/// How far the messages may be ahead of the slowest client: what it missed is always more than one read.
const LEAD: u64 = 1_500;
/// Ends of the process, in turn by a kill and by another process that takes over.
const ENDS: u64 = 8;

type Progress = Vec<watch::Receiver<u64>>;

fn slowest(progress: &Progress) -> u64 {
    let numbers = progress.iter().map(|number| *number.borrow());
    numbers.min().unwrap_or_default()
}

async fn reaches(progress: &Progress, number: u64) {
    for client in progress {
        let mut client = client.clone();
        // A client that is gone has failed, which its own error tells.
        client.wait_for(|newest| *newest >= number).await.ok();
    }
}

/// Commits the numbers, some in one transaction.
async fn speak(rails: Rails, progress: Progress) -> Result<()> {
    let mut rng = SmallRng::seed_from_u64(0);
    let mut next = 1;
    while next <= MESSAGES {
        reaches(&progress, next.saturating_sub(LEAD)).await;
        let end = MESSAGES.min(next + rng.random_range(0..20));
        rails.broadcast(STREAM, numbers(next..=end)).await?;
        next = end + 1;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_sees_every_number_once_and_in_order() -> Result<()> {
    let mut scene = Scene::start(&[]).await?;
    let (mut clients, mut progress) = (JoinSet::new(), Vec::new());
    for seed in 0..CLIENTS {
        let luck = if seed == 0 {
            Luck::Good
        } else {
            Luck::bad(seed)
        };
        let mut client = Client::new(scene.addresses(), luck);
        progress.push(client.progress());
        clients.spawn(async move { client.collect_to(MESSAGES).await.map(|()| client) });
    }
    let speaker = tokio::spawn(speak(scene.rails()?, progress.clone()));
    for end in 1..=ENDS {
        let number = MESSAGES * end / (ENDS + 1);
        wait_until("the slowest client to get on", || async {
            slowest(&progress) >= number
        })
        .await;
        if end % 2 == 0 {
            scene.kill().await?;
            scene.restart().await?;
        } else {
            let said = scene.roll_over().await?;
            assert!(!said.contains("panicked"), "{said}");
        }
    }
    speaker.await??;
    let (mut visits, mut restored) = (0, 0);
    for client in clients.join_all().await {
        let client = client?;
        assert_eq!(
            (client.newest(), client.rejected, client.lost),
            (MESSAGES, 0, 0)
        );
        visits += client.visits;
        restored += client.restored;
    }
    println!("{visits} connections, {restored} of them to a session");
    assert!(restored > 10, "only {restored} of {visits}");
    Ok(())
}
