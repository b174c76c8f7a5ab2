#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The moves one by one, as no process makes them happen at will.

mod check;
mod model;

use db::{Database, DatabaseConfig, SqliteConnection, Timestamp};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use crate::enqueue::{Enqueue, NewJob};
use crate::records::job::NewRow;
use crate::records::process::{self, NewProcess};
use crate::registry::Classes;
use crate::{Concurrency, Controls, Job, JobResult, OnConflict, OnCrash, ProcessId, Registry};

/// Stands under whatever limits its fields say.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Limited {
    /// Key and limit.
    keys: Vec<(String, u32)>,
    discards: bool,
}

impl Job for Limited {
    const NAME: &'static str = "Limited";
    const ON_CRASH: OnCrash = OnCrash::Retry { crashes: 3 };
    type Context = ();

    async fn perform(self, (): ()) -> JobResult {
        Ok(())
    }

    fn controls(&self) -> Controls {
        let mut controls = Controls::new();
        let on_conflict = if self.discards {
            OnConflict::Discard
        } else {
            OnConflict::Block
        };
        for (key, to) in &self.keys {
            let limit = Concurrency::key(key).group("k").to(*to);
            controls = controls.concurrency(limit.on_conflict(on_conflict));
        }
        controls
    }
}

fn keys(keys: &[(&str, u32)]) -> Limited {
    Limited {
        keys: keys.iter().map(|(key, to)| ((*key).into(), *to)).collect(),
        ..Limited::default()
    }
}

fn row(job: &Limited, options: &Enqueue, now: Timestamp) -> NewRow {
    NewRow::from(NewJob::new(job, options, now).unwrap())
}

fn classes() -> Classes {
    Registry::new().register::<Limited>().classes()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    moment("2026-11-23 12:00:00")
}

/// Runs the test on a new queue database, in one transaction.
async fn on_new_database(
    test: impl FnOnce(&mut SqliteConnection) -> QueryResult<()> + Send + 'static,
) {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("queue.sqlite3"));
    let database = Database::open(&config, crate::MIGRATIONS).unwrap();
    database.write(test).await.unwrap();
}

fn worker(connection: &mut SqliteConnection) -> QueryResult<ProcessId> {
    let row = NewProcess {
        kind: "Worker".into(),
        last_heartbeat_at: noon(),
        supervisor_id: None,
        pid: 1,
        hostname: "here".into(),
        metadata: None,
        created_at: noon(),
        name: uuid::Uuid::new_v4().to_string(),
    };
    process::register(connection, &row)
}
