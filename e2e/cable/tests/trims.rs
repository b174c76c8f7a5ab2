//! Messages are deleted while clients are away: who gets all that it missed is told so, and so is who does not.

use anyhow::Result;
use cable_faults::{Client, Luck, Rails, STREAM, Scene, numbers};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use test_support::{Signal, wait_until};
use tokio::sync::watch;
use tokio::task::JoinSet;

const MESSAGES: u64 = 4_000;
const CLIENTS: u64 = 6;
/// Messages that are not deleted.
const KEPT: i64 = 300;
/// How far the messages may be ahead of a client that never leaves: less than what is kept, so that it loses nothing.
const LEAD: u64 = 200;

async fn speak(
    rails: Rails,
    mut listener: watch::Receiver<u64>,
    said: watch::Sender<u64>,
) -> Result<()> {
    let mut rng = SmallRng::seed_from_u64(0);
    let mut next = 2;
    while next <= MESSAGES {
        let end = MESSAGES.min(next + rng.random_range(0..20));
        let least = end.saturating_sub(LEAD);
        listener.wait_for(|newest| *newest >= least).await?;
        rails.broadcast(STREAM, numbers(next..=end)).await?;
        rails.trim(KEPT).await?;
        said.send_replace(end);
        next = end + 1;
    }
    Ok(())
}

/// Comes and goes.
async fn come_and_go(
    mut client: Client,
    seed: u64,
    mut said: watch::Receiver<u64>,
) -> Result<Client> {
    let mut rng = SmallRng::seed_from_u64(seed);
    while client.newest() < MESSAGES {
        let stays = MESSAGES.min(client.newest() + rng.random_range(1..400));
        client.collect_to(stays).await?;
        let away = MESSAGES.min(client.newest() + rng.random_range(0..600));
        said.wait_for(|said| *said >= away).await?;
    }
    Ok(client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_never_silent() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    // All know the first message. Who comes without one hears nothing of what was before.
    let rails = scene.rails()?;
    rails.broadcast(STREAM, numbers(1..=1)).await?;
    let mut steady = Client::new(scene.addresses(), Luck::Good);
    let (said, hears) = watch::channel(0);
    let mut clients = JoinSet::new();
    for seed in 1..=CLIENTS {
        let mut client = Client::new(scene.addresses(), Luck::bad(seed));
        client.collect_to(1).await?;
        clients.spawn(come_and_go(client, seed, hears.clone()));
    }
    let speaker = tokio::spawn(speak(rails, steady.progress(), said));
    steady.collect_to(MESSAGES).await?;
    speaker.await??;
    // For those who were too late for the last ones.
    let rails = scene.rails()?;
    let clients = tokio::select! {
        clients = clients.join_all() => clients,
        said = rails.repeat(MESSAGES + 1) => return said,
    };
    let (mut rejected, mut lost, mut visits) = (0, 0, 0);
    for client in clients {
        let client = client?;
        // Only one stream is there: each message that was deleted was one of theirs.
        assert_eq!(client.false_alarms, 0);
        rejected += client.rejected;
        lost += client.lost;
        visits += client.visits;
    }
    println!("{visits} connections, {rejected} of them too late for {lost} messages");
    assert_eq!((steady.rejected, steady.lost), (0, 0));
    assert!(rejected > 0 && visits > rejected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_message_before_those_that_are_kept_is_enough() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let rails = scene.rails()?;
    let mut clients =
        [99, 100, 101].map(|number| (number, Client::new(scene.addresses(), Luck::Good)));
    rails.broadcast(STREAM, numbers(1..=101)).await?;
    for (number, client) in &mut clients {
        client.collect_to(*number).await?;
    }
    rails.broadcast(STREAM, numbers(102..=200)).await?;
    rails.trim(100).await?;
    for (number, client) in &mut clients {
        client.hear(&rails, 201).await?;
        let too_late = *number < 100;
        assert_eq!(
            (client.rejected == 1, client.lost > 0),
            (too_late, too_late),
            "{number}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_is_told_after_the_trim_of_the_process() -> Result<()> {
    let scene = Scene::start(&[("CABLE__MESSAGE_RETENTION", "0.1")]).await?;
    let rails = scene.rails()?;
    let mut client = Client::new(scene.addresses(), Luck::Good);
    client.hear(&rails, 1).await?;
    rails.broadcast(STREAM, numbers(2..=9)).await?;
    wait_until("the messages to be deleted", || async {
        rails.count().await.is_ok_and(|count| count == 0)
    })
    .await;
    client.hear(&rails, 10).await?;
    assert_eq!((client.rejected, client.lost), (1, 8));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_for_too_long_skips_nothing_silently() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let rails = scene.rails()?;
    let mut client = Client::new(scene.addresses(), Luck::Good);
    let mut progress = client.progress();
    rails.broadcast(STREAM, numbers(1..=1)).await?;
    let client = tokio::spawn(async move { client.collect_to(201).await.map(|()| client) });
    progress.wait_for(|newest| *newest == 1).await?;
    // From here on it gets what comes, not what was.
    rails.broadcast(STREAM, numbers(2..=2)).await?;
    progress.wait_for(|newest| *newest == 2).await?;
    scene.cable.signal(Signal::STOP)?;
    rails.broadcast(STREAM, numbers(3..=200)).await?;
    rails.trim(50).await?;
    scene.cable.signal(Signal::CONT)?;
    let client = tokio::select! {
        client = client => client??,
        said = rails.repeat(201) => said.map(|()| unreachable!("it never ends"))?,
    };
    assert_eq!((client.rejected, client.lost > 0), (1, true));
    Ok(())
}
