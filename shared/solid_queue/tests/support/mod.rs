#![allow(clippy::unwrap_used, reason = "helpers of a test")]
#![allow(dead_code, reason = "each test uses some of them")]
//! Jobs and databases for the tests.

pub(crate) mod batch_jobs;
pub(crate) mod controlled;
pub(crate) mod jobs;
pub(crate) mod recurring;

use std::time::{Duration, Instant};

use db::{Database, DatabaseConfig};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{RunQueryDsl as _, sql_query};
use solid_queue::{Config, DispatcherConfig, Registry, Supervisor, SupervisorError, WorkerConfig};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Only what hangs takes longer.
const DEADLINE: Duration = Duration::from_mins(3);

/// A queue database in a folder of its own.
pub(crate) struct Temp {
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
}

impl Temp {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder);
        Self { database, folder }
    }

    /// With the rows that Rails wrote.
    pub(crate) async fn with_rows(dump: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(folder.path().join("queue.sqlite3"));
        let rails = Database::open(&config, db::NO_MIGRATIONS).unwrap();
        let statements = dump
            .replace("PRAGMA foreign_keys=OFF;", "")
            .replace("BEGIN TRANSACTION;", "")
            .replace("COMMIT;", "");
        rails
            .write(move |connection| connection.batch_execute(&statements))
            .await
            .unwrap();
        drop(rails);
        let database = open(&folder);
        Self { database, folder }
    }

    /// Another handle with connections of its own, like that of another process.
    pub(crate) fn other(&self) -> Database {
        open(&self.folder)
    }

    pub(crate) async fn execute(&self, statements: impl Into<String>) {
        execute(&self.database, statements).await;
    }

    /// The rows, each as its one column `value`.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        texts(&self.database, query).await
    }

    pub(crate) async fn count(&self, from: &str) -> i64 {
        let query = format!("SELECT COUNT(*) AS value FROM {from}");
        self.texts(&query).await[0].parse().unwrap()
    }
}

fn open(folder: &TempDir) -> Database {
    let config = DatabaseConfig::new(folder.path().join("queue.sqlite3"));
    Database::open(&config, solid_queue::MIGRATIONS).unwrap()
}

pub(crate) async fn execute(database: &Database, statements: impl Into<String>) {
    let statements = statements.into();
    database
        .write(move |connection| connection.batch_execute(&statements))
        .await
        .unwrap();
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

pub(crate) async fn texts(database: &Database, query: &str) -> Vec<String> {
    let query = format!("SELECT CAST(value AS TEXT) AS value FROM ({query})");
    let rows: Vec<Row> = database
        .read(move |connection| sql_query(query).load(connection))
        .await
        .unwrap();
    let null = || "NULL".to_owned();
    rows.into_iter()
        .map(|row| row.value.unwrap_or_else(null))
        .collect()
}

#[derive(diesel::QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Runs an `INSERT ... RETURNING id`.
pub(crate) async fn insert(database: &Database, statement: String) -> i64 {
    database
        .write(move |connection| sql_query(statement).get_result::<Id>(connection))
        .await
        .unwrap()
        .id
}

/// Waits until it is so.
pub(crate) async fn wait_for(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A supervisor that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), SupervisorError>>,
}

impl Running {
    pub(crate) fn start<C: Clone + Send + Sync + 'static>(
        database: Database,
        config: Config,
        registry: Registry<C>,
        context: C,
    ) -> Self {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(database, config, registry, context);
        let task = tokio::spawn(supervisor.run(stop.clone()));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// One worker with so many threads, one dispatcher.
pub(crate) fn config(threads: u32) -> Config {
    Config {
        workers: vec![WorkerConfig {
            threads,
            ..WorkerConfig::default()
        }],
        dispatchers: vec![DispatcherConfig::default()],
        ..Config::default()
    }
}

pub(crate) const QUEUE_SAMPLE: &str = include_str!("../fixtures/queue_sample.sql");
pub(crate) const ENQUEUED_SAMPLE: &str = include_str!("../fixtures/queue_enqueued_sample.sql");
