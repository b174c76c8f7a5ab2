//! The disk fills up under load, and has room again.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use test_support::{Process, Suite, wait_until};

use crate::load::Load;
use crate::machine::Disk;
use crate::{rows, say};

const FULL: &str = "database or disk is full";

pub(crate) async fn run() -> Result<()> {
    let disks = [("in memory", Disk::tmpfs(32)?), ("ext4", Disk::ext4(48)?)];
    for (name, disk) in disks {
        match disk {
            Ok(disk) => scene(name, &disk).await?,
            Err(reason) => say(format!("full disk, {name}: skipped: {reason}")),
        }
    }
    Ok(())
}

async fn scene(name: &str, disk: &Disk) -> Result<()> {
    let storage = disk.path().join("storage");
    let mut suite = Suite::start_in(&storage, &[("WORKER_PORT", "0")]).await?;
    let load = Load::start(&suite, 2).await?;
    load.more(50).await;

    let filler = disk.path().join("filler");
    fill(&filler)?;
    load.refused(500).await;
    let up = up(&suite).await?;
    suite.web.line_with(FULL).await;
    is_told(&suite).await?;
    // What only reads goes on.
    suite.browser().await?.props().await?;
    let pids = ids(&suite)?;

    fs::remove_file(&filler)?;
    load.more(50).await;
    let acks = load.stop().await?;
    let mut socket = suite.socket().await?;
    suite.browser().await?.create("there is room").await?;
    socket.text_with("there is room").await?;
    wait_until("the page of health to be green", || async {
        let page = page(&suite, "/up").await;
        page.is_ok_and(|page| !page.contains("degraded"))
    })
    .await;
    ensure!(ids(&suite)? == pids, "a process was started again");
    idle(&suite).await?;
    suite.stop().await?;
    rows::are_sound(&storage).await?;
    let lost = rows::lost_todos(&storage, &acks.taken).await?;
    ensure!(lost.is_empty(), "lost: {lost:?}");
    say(format!(
        "full disk, {name}: of {} todos none was lost. While it was full changes were refused ({}), pages were served, \
         and /up said {up:?} (web, cable, worker). With room again all went on, with no restart.",
        acks.taken.len(),
        answers(&acks.refused),
    ));
    Ok(())
}

/// Takes all room there is, while others take some, too.
fn fill(path: &Path) -> Result<()> {
    let mut file = fs::File::create(path)?;
    for size in [1 << 16, 4096, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
    file.sync_all().ok();
    Ok(())
}

/// The statuses of the health pages.
async fn up(suite: &Suite) -> Result<[u16; 3]> {
    let cable = suite
        .cable_url()
        .replace("ws://", "http://")
        .replace("/cable", "");
    let worker = format!("http://{}", suite.worker.address().await);
    let mut statuses = [0; 3];
    for (status, url) in statuses.iter_mut().zip([suite.url(), cable, worker]) {
        *status = reqwest::get(format!("{url}/up")).await?.status().as_u16();
    }
    Ok(statuses)
}

/// What an operator sees of a full disk: a page that is orange and says why, and a counter that grows.
async fn is_told(suite: &Suite) -> Result<()> {
    let why = [
        "degraded: the last write to production failed",
        "the disk is full",
        "orange",
    ];
    // What one write leaves behind may be enough for another.
    wait_until("the page of a full disk", || async {
        let health = page(suite, "/up").await.unwrap_or_default();
        why.iter().all(|why| health.contains(why))
    })
    .await;
    let metrics = page(suite, "/metrics").await?;
    let value = |series: &str| -> Option<f64> {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series))?;
        line.trim().parse().ok()
    };
    let refused = value(r#"sqlite_failed_writes_total{database="production",kind="full"}"#);
    let busy = value(r#"sqlite_failed_writes_total{database="production",kind="busy"}"#);
    ensure!(
        refused.is_some_and(|refused| refused > 0.0) && busy == Some(0.0),
        "refused: {refused:?}, busy: {busy:?}"
    );
    let free = value(r#"sqlite_disk_free_bytes{database="production"}"#);
    let all = value(r#"sqlite_disk_bytes{database="production"}"#);
    ensure!(
        free.zip(all).is_some_and(|(free, all)| free < all / 10.0),
        "free: {free:?} of {all:?}"
    );
    Ok(())
}

async fn page(suite: &Suite, path: &str) -> Result<String> {
    let answer = reqwest::get(format!("{}{path}", suite.url())).await?;
    Ok(answer.text().await?)
}

fn ids(suite: &Suite) -> Result<[u32; 3]> {
    let id = |process: &Process| process.id().context("it runs");
    Ok([id(&suite.web)?, id(&suite.worker)?, id(&suite.cable)?])
}

async fn idle(suite: &Suite) -> Result<()> {
    let queue = rows::open(&suite.storage(), "production_queue")?;
    wait_until("all jobs to end", || async {
        let left = "solid_queue_jobs WHERE finished_at IS NULL";
        rows::count(&queue, left).await.is_ok_and(|left| left == 0)
    })
    .await;
    Ok(())
}

fn answers(refused: &std::collections::BTreeMap<u16, usize>) -> String {
    let answers = refused
        .iter()
        .map(|(status, count)| format!("{count} with {status}"));
    answers.collect::<Vec<_>>().join(", ")
}
