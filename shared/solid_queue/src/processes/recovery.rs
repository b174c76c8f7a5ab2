//! What dead processes left behind.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use db::{Database, DbError, Timestamp};

use super::liveness::{Observer, is_one_of};
use crate::events;
use crate::executions::claimed;
use crate::lifecycle::recover::crash;
use crate::records::process::{self, Process};
use crate::registry::Classes;
use crate::{JobFailure, ProcessId};

pub(crate) struct Recovery {
    database: Database,
    alive_threshold: Duration,
    classes: Arc<Classes>,
    observer: Observer,
    /// Processes whose last heartbeat is long ago: when it was, and since when we know.
    watched: HashMap<i64, (Timestamp, Instant)>,
}

impl Recovery {
    pub(crate) fn new(
        database: Database,
        alive_threshold: Duration,
        classes: Arc<Classes>,
    ) -> Self {
        Self {
            observer: Observer::new(database.path()),
            database,
            alive_threshold,
            classes,
            watched: HashMap::new(),
        }
    }

    /// Deletes the rows of dead processes, and puts back or fails the jobs that they ran. Writes nothing when all live.
    /// Of the children of one's `own` the system tells, see [`Self::bury`].
    pub(crate) async fn run(&mut self, own: &BTreeSet<ProcessId>) -> Result<(), DbError> {
        let mut processes = self.database.read(process::all).await?;
        // Children first: should this process die meanwhile, the supervisor's row still tells others that they are dead.
        processes.sort_by_key(|process| process.supervisor_id.is_none());
        let exited = self.observer.exited(&processes);
        let living = self.observer.living(&processes);
        for process in processes {
            if own.contains(&ProcessId(process.id)) {
                continue;
            }
            let is_own = |id| own.contains(&ProcessId(id));
            let is_told = process.supervisor_id.is_some_and(is_own);
            if !is_told && is_one_of(&process, &exited) {
                let failure = exit_error(process.pid, None);
                self.prune(process, failure).await?;
            } else if self.is_silent(&process, is_one_of(&process, &living)) {
                let failure = pruned_error(&process);
                self.prune(process, failure).await?;
            }
        }
        self.recover_orphans().await
    }

    /// Deletes what a child of this supervisor that exited left, and puts back or fails the jobs that it ran.
    pub(crate) async fn bury(
        &self,
        supervisor: ProcessId,
        pid: u32,
        status: ExitStatus,
    ) -> Result<(), DbError> {
        let processes = self.database.read(process::all).await?;
        let left = processes.into_iter().filter(|process| {
            process.supervisor_id == Some(supervisor.0) && u32::try_from(process.pid) == Ok(pid)
        });
        for process in left {
            let failure = exit_error(process.pid, Some(status));
            self.prune(process, failure).await?;
        }
        Ok(())
    }

    /// Whether there was no heartbeat for too long. Of a process that `lives` the clock alone does not tell, for it may
    /// have been set forward: the silence must have been watched.
    fn is_silent(&mut self, process: &Process, lives: bool) -> bool {
        let heartbeat = process.last_heartbeat_at;
        if heartbeat > Timestamp::now().before(self.alive_threshold) {
            self.watched.remove(&process.id);
            return false;
        }
        let fresh = (heartbeat, Instant::now());
        let watched = self.watched.entry(process.id).or_insert(fresh);
        if watched.0 != heartbeat {
            *watched = fresh;
        }
        !lives || watched.1.elapsed() >= self.alive_threshold
    }

    async fn prune(&self, process: Process, failure: JobFailure) -> Result<(), DbError> {
        let (id, kind, pid) = (process.id, process.kind.clone(), process.pid);
        let dead = process.clone();
        let (classes, class) = (Arc::clone(&self.classes), failure.exception_class.clone());
        let jobs = self
            .database
            .write(move |connection| {
                if !process::delete_dead(connection, &process)? {
                    return Ok(None);
                }
                let claims = claimed::of_process(connection, ProcessId(process.id))?;
                for claim in &claims {
                    crash(connection, *claim, &failure, &classes, Timestamp::now())?;
                }
                Ok(Some(claims.len()))
            })
            .await?;
        if let Some(jobs) = jobs {
            self.observer.forget(&dead);
            events::prune_process(ProcessId(id), &kind, pid, jobs, &class);
        }
        Ok(())
    }

    async fn recover_orphans(&self) -> Result<(), DbError> {
        let orphans = self.database.read(claimed::orphaned).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        let classes = Arc::clone(&self.classes);
        let jobs = self
            .database
            .write(move |connection| {
                let failure = missing_error();
                let orphans = claimed::orphaned(connection)?;
                for claim in &orphans {
                    crash(connection, *claim, &failure, &classes, Timestamp::now())?;
                }
                Ok(orphans.len())
            })
            .await?;
        events::recover_orphans(jobs, &missing_error().exception_class);
        Ok(())
    }
}

fn exit_error(pid: i32, status: Option<ExitStatus>) -> JobFailure {
    let code = status.and_then(|status| status.code());
    let signal = status.and_then(|status| status.signal());
    let how = match (code, signal) {
        (Some(code), _) => format!(" Exited with status {code}."),
        (None, Some(signal)) => format!(" Received unhandled signal {signal}."),
        (None, None) => String::new(),
    };
    let message = format!("Process pid={pid} exited unexpectedly.{how}");
    JobFailure::new("SolidQueue::Processes::ProcessExitError", message)
}

fn pruned_error(process: &Process) -> JobFailure {
    let message = format!(
        "Process was found dead and pruned (last heartbeat at: {})",
        process.last_heartbeat_at
    );
    JobFailure::new("SolidQueue::Processes::ProcessPrunedError", message)
}

fn missing_error() -> JobFailure {
    let message = "The process that was running this job no longer exists";
    JobFailure::new("SolidQueue::Processes::ProcessMissingError", message)
}
