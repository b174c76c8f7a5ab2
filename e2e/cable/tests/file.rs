//! The cable's file is replaced by a new one: the offsets that clients know mean nothing there, and they are told.

use std::fs;

use anyhow::Result;
use cable_faults::{Client, Luck, STREAM, Scene, numbers};
use test_support::wait_until;

fn remove(scene: &Scene) -> Result<()> {
    for companion in ["-wal", "-shm", ""] {
        let file = format!("{}{companion}", scene.file().display());
        // The last process that closes the file takes them along.
        if companion.is_empty() || fs::exists(&file)? {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// `GET /up`
async fn is_up(scene: &Scene) -> bool {
    let up = reqwest::get(format!("http://{}/up", scene.address())).await;
    up.is_ok_and(|response| response.status().is_success())
}

/// Messages that the process has read in the file.
async fn read(scene: &Scene) -> Result<u64> {
    let page = reqwest::get(format!("http://{}/metrics", scene.address())).await?;
    let page = page.text().await?;
    let mut counts = page
        .lines()
        .filter_map(|line| line.strip_prefix("anycable_go_broadcast_msg_total "));
    Ok(counts.next().map_or(Ok(0), str::parse)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_that_the_file_is_new() -> Result<()> {
    let mut scene = Scene::start(&[]).await?;
    let mut client = Client::new(scene.addresses(), Luck::Good);
    let rails = scene.rails()?;
    rails.broadcast(STREAM, numbers(1..=100)).await?;
    client.collect_to(50).await?;
    scene.kill().await?;
    drop(rails);
    remove(&scene)?;
    scene.restart().await?;
    wait_until("the cable to listen", || is_up(&scene)).await;
    let rails = scene.rails()?;
    // More than before: the client's offset is one of the new file, too.
    rails.broadcast(STREAM, numbers(101..=200)).await?;
    // What the process reads later would come as news.
    wait_until("all to be read", || async {
        read(&scene).await.is_ok_and(|count| count == 100)
    })
    .await;
    // Of what is in the new file it gets nothing: it does not know where to begin.
    client.hear(&rails, 201).await?;
    assert_eq!((client.rejected, client.lost), (1, 150));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_replaced_under_the_process_makes_it_ill() -> Result<()> {
    let mut scene = Scene::start(&[]).await?;
    let rails = scene.rails()?;
    let mut client = Client::new(scene.addresses(), Luck::Good);
    rails.broadcast(STREAM, numbers(1..=10)).await?;
    client.collect_to(10).await?;
    wait_until("the cable to be well", || is_up(&scene)).await;
    drop(rails);
    remove(&scene)?;
    wait_until("the cable to be ill", || async { !is_up(&scene).await }).await;
    scene.cable.line_with("start this process again").await;
    scene.roll_over().await?;
    wait_until("the cable to be well", || is_up(&scene)).await;
    let rails = scene.rails()?;
    client.hear(&rails, 11).await?;
    assert_eq!((client.rejected, client.false_alarms), (1, 1));
    Ok(())
}
