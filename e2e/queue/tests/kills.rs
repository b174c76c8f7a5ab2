//! Workers and those who enqueue are killed all the time, as by a machine that runs out of memory.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result};
use queue_faults::{Killed, Program, Scene};
use test_support::wait_until;

const KILLS: usize = 300;
const WORKERS: usize = 4;
/// The rows of one program: supervisor, worker and dispatcher.
const ROWS: usize = 3;
/// Each so many kills, somebody who enqueues is killed, too.
const KILLS_OF_PRODUCERS: usize = 25;
/// The numbers of one who enqueues, at most.
const NUMBERS: u64 = 1_000_000;
/// What a job writes into its journal, about.
const BYTES: u64 = 50;

/// The programs at work, and what became of those before.
struct Crew<'a> {
    scene: &'a Scene,
    workers: VecDeque<Program>,
    killed: Killed,
    producer: Program,
    producers: u64,
    /// The jobs of those who enqueued and ended.
    acknowledged: BTreeSet<u64>,
}

impl<'a> Crew<'a> {
    fn start(scene: &'a Scene) -> Result<Self> {
        let workers: Result<_> = (0..WORKERS).map(|number| worker(scene, number)).collect();
        Ok(Self {
            scene,
            workers: workers?,
            killed: Killed::new(),
            producer: scene.producer(0, &[])?,
            producers: 1,
            acknowledged: BTreeSet::new(),
        })
    }

    /// Kills the oldest worker, or now and then the one that has just begun to start; another takes its place.
    async fn kill_worker(&mut self, kill: usize) -> Result<()> {
        let victim = if kill.is_multiple_of(5) {
            self.workers.pop_back()
        } else {
            self.workers.pop_front()
        };
        let victim = victim.context("there are always some")?;
        let name = victim.name().to_owned();
        let (moment, _) = victim.kill().await?;
        self.killed.insert(name, moment);
        self.workers.push_back(worker(self.scene, kill)?);
        Ok(())
    }

    async fn kill_producer(&mut self) -> Result<()> {
        let next = self.scene.producer(self.producers * NUMBERS, &[])?;
        self.producers += 1;
        let victim = std::mem::replace(&mut self.producer, next);
        let (_, said) = victim.kill().await?;
        acknowledge(&mut self.acknowledged, &said)
    }

    /// Lets all end in good order.
    async fn stop(mut self) -> Result<(Killed, BTreeSet<u64>)> {
        self.producer.process.line_with("enqueued").await;
        let said = self.producer.stop().await?;
        acknowledge(&mut self.acknowledged, &said)?;
        self.scene.idle().await;
        for worker in &self.workers {
            worker.works().await;
        }
        // Those that were killed are noticed even when they left nothing to do.
        let living = u64::try_from(WORKERS * ROWS)?;
        self.scene.has(living, "solid_queue_processes").await;
        for worker in self.workers {
            worker.stop().await?;
        }
        Ok((self.killed, self.acknowledged))
    }
}

/// Every other one deletes what is finished.
fn worker(scene: &Scene, number: usize) -> Result<Program> {
    if number.is_multiple_of(2) {
        scene.worker(&[])
    } else {
        scene.worker(&["--delete-finished"])
    }
}

fn acknowledge(acknowledged: &mut BTreeSet<u64>, said: &str) -> Result<()> {
    for line in said.lines() {
        if let Some(job) = line.strip_prefix("enqueued ") {
            let number = job.split(' ').next().context("a number")?;
            acknowledged.insert(number.parse()?);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_no_job_and_repeat_only_those_that_ran() -> Result<()> {
    let scene = Scene::new().await?;
    let mut crew = Crew::start(&scene)?;
    for kill in 0..KILLS {
        // Sometimes at once, sometimes later: workers are met in all that they do.
        progress(&scene, [0, 10, 5, 40][kill % 4]).await?;
        crew.kill_worker(kill).await?;
        if kill % KILLS_OF_PRODUCERS == KILLS_OF_PRODUCERS - 1 {
            crew.kill_producer().await?;
        }
    }
    let (killed, acknowledged) = crew.stop().await?;
    assert_eq!(killed.len(), KILLS);

    let runs = scene.runs()?;
    let is_done = |number: &&u64| runs.of(**number).iter().any(|run| run.end.is_some());
    let lost: Vec<_> = acknowledged.iter().filter(|job| !is_done(job)).collect();
    assert!(lost.is_empty(), "acknowledged, and never done: {lost:?}");
    let unreasonable = runs.unreasonable(&killed);
    assert!(unreasonable.is_empty(), "{unreasonable:#?}");
    assert!(!runs.repeated().is_empty(), "no kill met a running job");
    let unfinished = "solid_queue_jobs WHERE finished_at IS NULL";
    assert_eq!(scene.count(unfinished).await?, 0);
    assert_eq!(scene.count("solid_queue_failed_executions").await?, 0);
    assert_eq!(scene.count("solid_queue_processes").await?, 0);
    scene.end().await
}

/// Waits until about so many more jobs have run, so that kills meet workers at work.
async fn progress(scene: &Scene, jobs: u64) -> Result<()> {
    let before = scene.journaled()?;
    wait_until("jobs to run", || async {
        scene
            .journaled()
            .is_ok_and(|now| now >= before + jobs * BYTES)
    })
    .await;
    Ok(())
}
