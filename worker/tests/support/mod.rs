#![allow(clippy::unwrap_used, reason = "helpers of a test")]
#![allow(dead_code, reason = "each test uses some of them")]
//! A worker process over files of its own, and a job that runs until a lock is released.

use std::path::PathBuf;
use std::sync::mpsc;

use anyhow::{Context as _, Result};
use app::jobs::BroadcastTodosJob;
use db::{Database, DatabaseConfig};
use diesel::sql_types::{Nullable, Text};
use diesel::{RunQueryDsl as _, sql_query};
use rustix::process::{Pid, Signal, kill_process};
use solid_queue::{PerformLater as _, Queue};
use test_support::{Process, Variables, production, wait_until};

/// The folder of the files, and what the processes have to know.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) variables: Variables,
    pub(crate) queue: Database,
}

impl Place {
    /// Two workers and a dispatcher, in processes of their own if `mode` is `fork`.
    pub(crate) fn new(mode: &str, extra: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let usual = [
            ("SOLID_QUEUE_SUPERVISOR_MODE", mode),
            ("QUEUE__WORKERS__0__PROCESSES", "2"),
            ("DATABASE__CABLE__TIMEOUT", "60000"),
            ("QUEUE__PRESERVE_FINISHED_JOBS", "false"),
            ("SOLID_QUEUE_SKIP_RECURRING", "true"),
            ("RUST_LOG", "info"),
        ];
        let variables = production(folder.path(), &[&usual, extra].concat());
        let file = folder.path().join("production_queue.sqlite3");
        let queue = Database::open(&DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
        Ok(Self {
            folder,
            variables,
            queue,
        })
    }

    /// A worker, once all its processes are registered.
    pub(crate) async fn start(&self) -> Result<Process> {
        let worker = Process::start("worker", &[], &self.variables)?;
        wait_until("the start of the worker", || async {
            let pid = worker.id().unwrap();
            let own = format!(
                "solid_queue_processes child JOIN solid_queue_processes parent
                   ON child.supervisor_id = parent.id WHERE parent.pid = {pid}"
            );
            self.count(&own).await == 3
        })
        .await;
        Ok(worker)
    }

    /// Enqueues a job, and waits until it runs. It goes on until the lock is released.
    pub(crate) async fn start_job(&self) -> Result<Lock> {
        let lock = Lock::take(self.folder.path().join("production_cable.sqlite3")).await?;
        self.enqueue().await?;
        self.wait_for_count("solid_queue_claimed_executions", 1)
            .await;
        Ok(lock)
    }

    pub(crate) async fn enqueue(&self) -> Result<()> {
        let queue = Queue::solid(self.queue.clone());
        BroadcastTodosJob.perform_later(&queue).await?;
        Ok(())
    }

    pub(crate) async fn count(&self, from: &str) -> i64 {
        let query = format!("SELECT count(*) AS value FROM {from}");
        self.text(&query).await.unwrap().parse().unwrap()
    }

    pub(crate) async fn wait_for_count(&self, from: &str, expected: i64) {
        let what = format!("{expected} rows of {from}");
        wait_until(&what, || async { self.count(from).await == expected }).await;
    }

    /// The column `value` of the first row.
    pub(crate) async fn text(&self, query: &str) -> Option<String> {
        let query = format!("SELECT CAST(value AS TEXT) AS value FROM ({query})");
        let rows = self
            .queue
            .read(move |connection| sql_query(query).load::<Row>(connection));
        rows.await.unwrap().into_iter().next()?.value
    }

    /// The pid of the process that runs the one job. None while the job goes from one process to another.
    pub(crate) async fn claimer(&self) -> Option<i32> {
        let query = "SELECT pid AS value FROM solid_queue_processes
            WHERE id = (SELECT process_id FROM solid_queue_claimed_executions)";
        Some(self.text(query).await?.parse().unwrap())
    }
}

pub(crate) fn kill(pid: i32) -> Result<()> {
    let pid = Pid::from_raw(pid).context("a pid is positive")?;
    Ok(kill_process(pid, Signal::KILL)?)
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

/// Holds the write lock of a file until it is dropped, so that whoever writes there waits.
pub(crate) struct Lock {
    _release: mpsc::Sender<()>,
}

impl Lock {
    async fn take(path: PathBuf) -> Result<Self> {
        let database = Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS)?;
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || {
            let hold = database.write(move |_| {
                locked.send(()).ok();
                // Ends with the drop of its sender.
                released.recv().ok();
                Ok(())
            });
            tokio::runtime::Handle::current().block_on(hold)
        });
        is_locked.await?;
        Ok(Self { _release: release })
    }
}
