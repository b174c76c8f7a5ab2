//! The power is cut under load: what was acknowledged, and is gone after the boot?

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use test_support::{Process, Suite, wait_until};

use crate::load::Load;
use crate::machine::Disk;
use crate::{rows, say};

/// Cuts of each kind.
const CUTS: usize = 3;
/// Todos before each cut, at least.
const TODOS: usize = 50;

/// Jobs before each cut, at least: without a wait for the disk there are more in the time.
fn jobs(synchronous: &str) -> usize {
    if synchronous == "full" { 200 } else { 3000 }
}

/// What became of all that was acknowledged before the cuts of one kind.
#[derive(Default)]
struct Figures {
    todos: usize,
    lost_todos: usize,
    jobs: usize,
    lost_jobs: usize,
}

pub(crate) async fn run() -> Result<()> {
    if let Err(reason) = Disk::loses_power()? {
        say(format!("power cut: skipped: {reason}"));
        return Ok(());
    }
    for synchronous in ["normal", "full"] {
        let mut figures = Figures::default();
        for _ in 0..CUTS {
            match Disk::ext4(1024)? {
                Ok(disk) => figures.add(&cut(disk, synchronous).await?),
                Err(reason) => {
                    say(format!("power cut: skipped: {reason}"));
                    return Ok(());
                }
            }
        }
        figures.tell(synchronous);
        ensure!(
            synchronous == "normal" || figures.lost_todos + figures.lost_jobs == 0,
            "`synchronous: full` lost what was acknowledged"
        );
    }
    Ok(())
}

async fn cut(mut disk: Disk, synchronous: &str) -> Result<Figures> {
    let storage = disk.path().join("storage");
    let variables =
        ["PRIMARY", "QUEUE", "CABLE", "CACHE"].map(|file| format!("DATABASE__{file}__SYNCHRONOUS"));
    let variables: Vec<_> = variables
        .iter()
        .map(|name| (name.as_str(), synchronous))
        .collect();
    let mut suite = Suite::start_in(&storage, &variables).await?;
    let load = Load::start(&suite, 3).await?;
    let mut producer = producer(&storage, synchronous)?;
    load.more(TODOS).await;
    // One after the other: a disk may be slow.
    for job in 1..=jobs(synchronous) {
        wait_until("a job to be enqueued", || async { producer.lines() >= job }).await;
    }

    // Everything that was answered by now was answered before the cut.
    let (taken, enqueued) = (load.acks().taken, acknowledged(&producer)?);
    disk.cut_power()?;
    suite.kill().await?;
    // It may have ended by itself, as its disk is gone.
    producer.kill().await.ok();
    load.stop().await?;
    drop(suite);
    disk.boot()?;
    let figures = judge(&storage, &taken, &enqueued).await;
    let figures = figures.with_context(|| format!("after the boot of {}", disk.tell()))?;
    goes_on(&storage).await?;
    Ok(figures)
}

fn producer(storage: &Path, synchronous: &str) -> Result<Process> {
    let file = storage
        .join("production_queue.sqlite3")
        .display()
        .to_string();
    Process::start("durability", &["enqueue", &file, synchronous], &Vec::new())
}

fn acknowledged(producer: &Process) -> Result<Vec<i64>> {
    let ids = producer
        .output()
        .lines()
        .map(str::parse)
        .collect::<Result<_, _>>();
    ids.or_else(|_| bail!("the jobs could not be enqueued: {}", producer.output()))
}

/// The files must be sound, and what is lost must be the last of what was written.
async fn judge(storage: &Path, taken: &[String], enqueued: &[i64]) -> Result<Figures> {
    rows::are_sound(storage).await?;
    let lost_todos = rows::lost_todos(storage, taken).await?;
    let queue = rows::open(storage, "production_queue")?;
    let ids = rows::texts(&queue, "SELECT id AS value FROM solid_queue_jobs").await?;
    let ids: BTreeSet<i64> = ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    let lost_jobs: Vec<_> = enqueued.iter().filter(|id| !ids.contains(id)).collect();
    if let (Some(&&lost), Some(newest)) = (lost_jobs.first(), ids.last()) {
        ensure!(
            lost > *newest,
            "job {lost} is lost, and a later one, {newest}, is not"
        );
    }
    Ok(Figures {
        todos: taken.len(),
        lost_todos: lost_todos.len(),
        jobs: enqueued.len(),
        lost_jobs: lost_jobs.len(),
    })
}

/// The suite starts on what is left, and does its work.
async fn goes_on(storage: &Path) -> Result<()> {
    let mut suite = Suite::start_in(storage, &[]).await?;
    let mut socket = suite.socket().await?;
    suite.browser().await?.create("after the cut").await?;
    socket.text_with("after the cut").await?;
    suite.stop().await
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.todos += other.todos;
        self.lost_todos += other.lost_todos;
        self.jobs += other.jobs;
        self.lost_jobs += other.lost_jobs;
    }

    fn tell(&self, synchronous: &str) {
        say(format!(
            "power cut, synchronous {synchronous}: {CUTS} cuts under load. Of {} todos that were acknowledged {} were lost, \
             of {} jobs {}; the last ones at each cut. All files were sound, and the suite went on.",
            self.todos, self.lost_todos, self.jobs, self.lost_jobs
        ));
    }
}
