//! The clock of the real processes is set by libfaketime: two days forward, then an hour back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use db::Database;
use test_support::{Suite, wait_until};

use crate::load::Load;
use crate::{enqueue, rows, say};

/// Where Debian's and Fedora's packages put it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// More often than once in each second of the scene, and so much: then it is a storm.
const STORM: u64 = 100;
/// Supervisor, dispatcher, worker, scheduler.
const PROCESSES: usize = 4;
/// Recurs every second: in two days, some hundred thousand times.
const RECURRING: &str = "production:
  every_second:
    command: SolidQueue::Job.clear_finished_in_batches
    schedule: every second
";
/// Whoever claims or finishes a finished job is noted.
const WATCH: &str = "
    CREATE TABLE faults (what TEXT NOT NULL);
    CREATE TRIGGER faults_claim AFTER INSERT ON solid_queue_claimed_executions
      WHEN (SELECT finished_at FROM solid_queue_jobs WHERE id = NEW.job_id) IS NOT NULL
      BEGIN INSERT INTO faults VALUES ('claimed the finished job ' || NEW.job_id); END;
    CREATE TRIGGER faults_finish AFTER UPDATE OF finished_at ON solid_queue_jobs
      WHEN OLD.finished_at IS NOT NULL
      BEGIN INSERT INTO faults VALUES ('finished once more the job ' || NEW.id); END;";

pub(crate) async fn run() -> Result<()> {
    let library = LIBRARIES.iter().find(|path| Path::new(path).exists());
    let Some(library) = library else {
        say("clock: skipped: libfaketime is not installed: apt-get install faketime");
        return Ok(());
    };
    if let Err(reason) = sets_clocks(library) {
        say(format!(
            "clock: skipped: libfaketime does not work here: {reason:#}"
        ));
        return Ok(());
    }
    scene(library).await
}

/// Whether a program of the system sees another time with it.
fn sets_clocks(library: &str) -> Result<()> {
    let mut date = Command::new("date");
    date.arg("+%s")
        .stdin(Stdio::null())
        .env("LD_PRELOAD", library);
    let date = date.env("FAKETIME", "+2d").output()?;
    let said = String::from_utf8_lossy(&date.stdout);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let is_later = said
        .trim()
        .parse()
        .is_ok_and(|seconds: u64| seconds > (now + DAY).as_secs());
    ensure!(is_later, "{said}{}", String::from_utf8_lossy(&date.stderr));
    Ok(())
}

/// The clock of the processes.
struct Clock {
    path: PathBuf,
}

impl Clock {
    fn set(&self, offset: &str) -> Result<()> {
        // As a whole: it is read at any time.
        let new = self.path.with_extension("new");
        fs::write(&new, format!("{offset}\n"))?;
        Ok(fs::rename(&new, &self.path)?)
    }
}

async fn scene(library: &str) -> Result<()> {
    let start = Instant::now();
    let folder = tempfile::tempdir()?;
    let clock = Clock {
        path: folder.path().join("clock"),
    };
    clock.set("+0s")?;
    let recurring = folder.path().join("recurring.yml");
    fs::write(&recurring, RECURRING)?;
    let (file, recurring) = (
        clock.path.display().to_string(),
        recurring.display().to_string(),
    );
    let variables = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("SOLID_QUEUE_RECURRING_SCHEDULE", &recurring),
    ];
    let mut suite = Suite::start(&variables).await?;
    let queue = rows::open(&suite.storage(), "production_queue")?;
    queue
        .write(|c| diesel::connection::SimpleConnection::batch_execute(c, WATCH))
        .await?;
    let load = Load::start(&suite, 2).await?;
    wait_until("all processes of the worker", || async {
        let processes = processes(&queue).await;
        processes.is_ok_and(|processes| processes.len() == PROCESSES)
    })
    .await;
    let before = processes(&queue).await?;
    enqueue::one(&queue, "tomorrow", DAY).await?;
    enqueue::one(&queue, "next_week", DAY * 7).await?;
    load.more(30).await;
    recurs(&queue).await?;

    clock.set("+2d")?;
    load.more(30).await;
    // Due since yesterday. The other one is not due for days.
    finished(&queue, "tomorrow").await;
    recurs(&queue).await?;
    let forward = recurred(&queue).await?;

    // Back to an hour before.
    clock.set("+47h")?;
    enqueue::one(&queue, "soon", HOUR * 47 + SECOND).await?;
    finished(&queue, "soon").await;
    recurs(&queue).await?;
    load.more(30).await;
    let acks = load.stop().await?;
    let left = "solid_queue_jobs WHERE finished_at IS NULL AND queue_name <> 'next_week'";
    wait_until("all jobs to end", || async {
        rows::count(&queue, left).await.is_ok_and(|left| left == 0)
    })
    .await;
    let back = recurred(&queue).await?;
    ensure!(
        back as u64 <= STORM + start.elapsed().as_secs(),
        "a storm: the task was enqueued {back} times"
    );
    judge(&suite, &queue, &before, &acks.taken).await?;
    drop(queue);
    suite.stop().await?;
    rows::are_sound(&suite.storage()).await?;
    say(format!(
        "clock, 2 days forward and 1 hour back: of {} todos none was lost, no job was lost or ran twice, scheduled jobs \
         ran when they were due, no process was taken for dead. A task of every second was enqueued {forward} times until \
         after the first jump, {back} times in all.",
        acks.taken.len()
    ));
    Ok(())
}

async fn finished(queue: &Database, name: &str) {
    let from = format!("solid_queue_jobs WHERE queue_name = '{name}' AND finished_at IS NOT NULL");
    wait_until(&format!("the job of `{name}`"), || async {
        rows::count(queue, &from)
            .await
            .is_ok_and(|count| count == 1)
    })
    .await;
}

async fn processes(queue: &Database) -> Result<Vec<String>> {
    rows::texts(
        queue,
        "SELECT name AS value FROM solid_queue_processes ORDER BY name",
    )
    .await
}

async fn recurred(queue: &Database) -> Result<usize> {
    rows::count(queue, "trifecta_recurring_runs").await
}

/// Waits until the task was enqueued once more.
async fn recurs(queue: &Database) -> Result<()> {
    let before = recurred(queue).await?;
    wait_until("the recurring task", || async {
        recurred(queue).await.is_ok_and(|now| now > before)
    })
    .await;
    Ok(())
}

async fn judge(suite: &Suite, queue: &Database, before: &[String], taken: &[String]) -> Result<()> {
    let faults = rows::texts(queue, "SELECT what AS value FROM faults").await?;
    ensure!(faults.is_empty(), "{faults:#?}");
    let waiting = "solid_queue_scheduled_executions WHERE queue_name = 'next_week'";
    ensure!(
        rows::count(queue, waiting).await? == 1,
        "the job of next week is not there"
    );
    ensure!(
        processes(queue).await? == before,
        "{before:?} became {:?}",
        processes(queue).await?
    );
    let output = suite.worker.output();
    let died = output.lines().find(|line| line.contains("a process died"));
    ensure!(died.is_none(), "{}", died.context("a line")?);
    let lost = rows::lost_todos(&suite.storage(), taken).await?;
    ensure!(lost.is_empty(), "lost: {lost:?}");
    Ok(())
}
