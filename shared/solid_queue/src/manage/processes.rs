use std::collections::HashMap;
use std::time::Duration;

use db::{Database, DbError, SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};
use serde::Serialize;
use serde_json::Value;

use super::moment::iso8601;
use crate::processes::liveness::Observer;
use crate::processes::registration;
use crate::records::process::{self, Process};
use crate::{Clock, ProcessId};

/// A supervisor, worker, dispatcher or scheduler, of ours or of Rails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessSummary {
    /// Its number.
    pub id: ProcessId,
    /// What it does: `Worker`, `Dispatcher`, `Scheduler` or `Supervisor(…)`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its process on its host.
    pub pid: i32,
    /// Its host.
    pub hostname: Option<String>,
    /// Who looks after it.
    pub supervisor: Option<ProcessId>,
    /// When it started.
    #[serde(serialize_with = "iso8601")]
    pub started_at: Timestamp,
    /// When it last said that it lives.
    #[serde(serialize_with = "iso8601")]
    pub last_heartbeat_at: Timestamp,
    /// Whether it lives, as far as can be said from here: its heart beats, and on this host its pid is not gone.
    pub is_alive: bool,
    /// Jobs that it runs.
    pub running: u64,
    /// How it is configured.
    pub metadata: Value,
}

/// The processes of the file, in the order in which they started. One without a heartbeat for longer than the threshold
/// ([`crate::Config::process_alive_threshold`]) is dead.
///
/// # Errors
/// What the database said.
pub async fn processes(
    database: &Database,
    alive_threshold: Duration,
    clock: &Clock,
) -> Result<Vec<ProcessSummary>, DbError> {
    let (now, observer) = (clock.now(), Observer::new(database.path()));
    database
        .read_long(move |connection| load(connection, &observer, alive_threshold, now))
        .await
}

/// The name under which the processes of this host are registered.
pub fn this_host() -> String {
    registration::hostname()
}

pub(crate) fn load(
    connection: &mut SqliteConnection,
    observer: &Observer,
    alive_threshold: Duration,
    now: Timestamp,
) -> QueryResult<Vec<ProcessSummary>> {
    let mut processes = process::all(connection)?;
    processes.sort_by_key(|process| process.id);
    let running = running(connection)?;
    let alive = observer.alive(&processes, alive_threshold, now);
    let summary = |process: Process| ProcessSummary {
        id: ProcessId(process.id),
        is_alive: alive.contains(&process.id),
        running: running.get(&process.id).copied().unwrap_or(0),
        kind: process.kind,
        name: process.name,
        pid: process.pid,
        hostname: process.hostname,
        supervisor: process.supervisor_id.map(ProcessId),
        started_at: process.created_at,
        last_heartbeat_at: process.last_heartbeat_at,
        metadata: metadata(process.metadata),
    };
    Ok(processes.into_iter().map(summary).collect())
}

fn running(connection: &mut SqliteConnection) -> QueryResult<HashMap<i64, u64>> {
    let counts: Vec<(i64, i64)> = Statement::<(BigInt, BigInt)>::new(
        "SELECT process_id, count(*) FROM solid_queue_claimed_executions \
         WHERE process_id IS NOT NULL GROUP BY process_id",
    )
    .load(connection)?;
    let positive = |(id, count): (i64, i64)| (id, u64::try_from(count).unwrap_or(0));
    Ok(counts.into_iter().map(positive).collect())
}

fn metadata(text: Option<String>) -> Value {
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}
