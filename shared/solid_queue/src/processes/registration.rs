//! A process's row in `solid_queue_processes`: made at its start, gone after its stop.

use std::time::Duration;

use db::{Database, DbError, SqliteConnection, Timestamp};
use diesel::QueryResult;
use serde_json::{Number, json};
use uuid::Uuid;

use super::identity::Identity;
use super::instance::{Instance, ProcessKind};
use crate::events;
use crate::lifecycle::recover::release_all;
use crate::patience::Backoff;
use crate::records::process::{self, NewProcess};
use crate::{DispatcherConfig, ProcessId, RecurringTask, WorkerConfig};

const DEREGISTER_ATTEMPTS: u32 = 5;

/// A process about to be registered.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    kind: ProcessKind,
    /// As Rails names the kind.
    title: &'static str,
    supervisor: Option<ProcessId>,
    metadata: Option<String>,
    /// Whether the row stands for a process of the system.
    has_identity: bool,
}

impl Registration {
    /// Of one whose children are tasks of its own, or processes of the system.
    pub(crate) fn supervisor(is_forking: bool) -> Self {
        let title = if is_forking {
            "Supervisor(fork)"
        } else {
            "Supervisor(async)"
        };
        Self {
            kind: ProcessKind::Supervisor,
            title,
            supervisor: None,
            metadata: None,
            has_identity: true,
        }
    }

    pub(crate) fn worker(config: &WorkerConfig, supervisor: Option<ProcessId>) -> Self {
        let queues = match config.queues.join(",") {
            all if all.is_empty() => "*".to_owned(),
            names => names,
        };
        let metadata = format!(
            r#"{{"polling_interval":{},"queues":{},"thread_pool_size":{}}}"#,
            seconds(config.polling_interval),
            json!(queues),
            config.threads
        );
        Self {
            kind: ProcessKind::Worker,
            title: "Worker",
            supervisor,
            metadata: Some(metadata),
            has_identity: false,
        }
    }

    pub(crate) fn dispatcher(config: &DispatcherConfig, supervisor: ProcessId) -> Self {
        let metadata = format!(
            r#"{{"polling_interval":{},"batch_size":{},"concurrency_maintenance_interval":{}}}"#,
            seconds(config.polling_interval),
            config.batch_size,
            seconds(config.concurrency_maintenance_interval)
        );
        Self {
            kind: ProcessKind::Dispatcher,
            title: "Dispatcher",
            supervisor: Some(supervisor),
            metadata: Some(metadata),
            has_identity: false,
        }
    }

    pub(crate) fn scheduler(tasks: &[RecurringTask], supervisor: ProcessId) -> Self {
        let keys: Vec<_> = tasks.iter().map(|task| &task.key).collect();
        // Rails leaves out what is empty.
        let metadata = match keys[..] {
            [] => json!({}),
            _ => json!({ "recurring_schedule": keys }),
        };
        Self {
            kind: ProcessKind::Scheduler,
            title: "Scheduler",
            supervisor: Some(supervisor),
            metadata: Some(metadata.to_string()),
            has_identity: false,
        }
    }

    /// With what tells others whether the row's process lives. For a row that stands for a process of the system.
    pub(crate) fn with_identity(self) -> Self {
        Self {
            has_identity: true,
            ..self
        }
    }

    pub(crate) async fn register(self, database: &Database) -> Result<Instance, DbError> {
        let metadata = self.identified(database);
        let (kind, row) = (self.kind, Self { metadata, ..self }.row());
        let (name, metadata) = (row.name.clone(), row.metadata.clone());
        let title = row.kind.clone();
        let id = database
            .write(move |connection| process::register(connection, &row))
            .await?;
        let metadata = metadata.and_then(|text| serde_json::from_str(&text).ok());
        let instance = Instance {
            kind,
            id,
            name,
            pid: std::process::id(),
            metadata: metadata.unwrap_or_default(),
        };
        events::register_process(&title, &instance);
        Ok(instance)
    }

    /// Like [`Self::register`]. Waits while others hold the lock.
    pub(crate) async fn register_patiently(self, database: &Database) -> Result<Instance, DbError> {
        let mut backoff = Backoff::new();
        loop {
            match self.clone().register(database).await {
                Err(error) if error.is_transient() => {
                    events::trouble("could not register a process yet", None, &error);
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }

    /// The metadata, with the identity where the row has one.
    fn identified(&self, database: &Database) -> Option<String> {
        let own = self.has_identity.then(Identity::own).flatten();
        let identity = own.map(|own| own.with_presence(database.presence()));
        let identity = identity.and_then(|identity| serde_json::to_string(&identity).ok());
        match (&self.metadata, identity) {
            (Some(metadata), Some(identity)) => Some(join_objects(metadata, &identity)),
            (None, Some(identity)) => Some(identity),
            (metadata, None) => metadata.clone(),
        }
    }

    fn row(self) -> NewProcess {
        let now = Timestamp::now();
        let unique: String = Uuid::new_v4()
            .simple()
            .to_string()
            .chars()
            .take(20)
            .collect();
        NewProcess {
            kind: self.title.to_owned(),
            last_heartbeat_at: now,
            supervisor_id: self.supervisor.map(|id| id.0),
            pid: std::process::id().try_into().unwrap_or(i32::MAX),
            hostname: hostname(),
            metadata: self.metadata,
            created_at: now,
            name: format!("{}-{unique}", self.title.to_lowercase()),
        }
    }
}

/// Deletes the row and those of the processes beneath, and puts back what they still had claimed, after `last` in the
/// same transaction. Tries a few times.
pub(crate) async fn deregister(
    database: &Database,
    kind: ProcessKind,
    process: ProcessId,
    last: impl Fn(&mut SqliteConnection) -> QueryResult<()> + Clone + Send + 'static,
) -> Result<(), DbError> {
    let mut backoff = Backoff::new();
    for _ in 1..DEREGISTER_ATTEMPTS {
        match try_deregister(database, kind, process, last.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                events::trouble("could not deregister a process yet", Some(process), &error);
            }
        }
        backoff.wait().await;
    }
    try_deregister(database, kind, process, last).await
}

async fn try_deregister(
    database: &Database,
    kind: ProcessKind,
    process: ProcessId,
    last: impl Fn(&mut SqliteConnection) -> QueryResult<()> + Send + 'static,
) -> Result<(), DbError> {
    let released = database
        .write(move |connection| {
            last(connection)?;
            remove(connection, process)
        })
        .await?;
    events::deregister_process(kind, process, released);
    Ok(())
}

/// Returns how many jobs were put back.
fn remove(connection: &mut SqliteConnection, process: ProcessId) -> QueryResult<usize> {
    let supervised = process::supervised_by(connection, process)?;
    let mut released = 0;
    for id in supervised.into_iter().chain([process]) {
        released += release_all(connection, id, Timestamp::now())?;
        process::delete(connection, id)?;
    }
    Ok(released)
}

/// The name of this host.
pub(crate) fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The entries of both, as text. Neither is empty.
fn join_objects(one: &str, other: &str) -> String {
    let one = one.strip_suffix('}').unwrap_or(one);
    let other = other.strip_prefix('{').unwrap_or(other);
    format!("{one},{other}")
}

/// As Rails writes it: whole seconds without a fraction.
fn seconds(duration: Duration) -> Number {
    match duration.subsec_nanos() {
        0 => duration.as_secs().into(),
        _ => Number::from_f64(duration.as_secs_f64()).unwrap_or_else(|| duration.as_secs().into()),
    }
}
