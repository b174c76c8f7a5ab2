//! The processes of a supervisor that are tasks of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use db::DbError;
use tokio::runtime::Handle;
use tokio::task::{Id, JoinSet};

use super::Stop;
use super::instance::{Instance, ProcessKind};
use super::registration::deregister;
use super::role::{Parts, Role};
use crate::{ProcessId, events};

#[derive(Debug)]
struct Child {
    role: Role,
    process: ProcessId,
    stop: Stop,
}

/// Those that run, and those that are to be started.
pub(crate) struct Children<C> {
    parts: Arc<Parts<C>>,
    runtime: Handle,
    stop: Stop,
    running: HashMap<Id, Child>,
    tasks: JoinSet<()>,
    missing: Vec<Role>,
}

impl<C: Clone + Send + Sync + 'static> Children<C> {
    /// None runs yet. Jobs are tasks of `runtime`; `stop` is for all at once.
    pub(crate) fn new(parts: Arc<Parts<C>>, runtime: Handle, stop: Stop) -> Self {
        let missing = Role::all(&parts.config);
        Self {
            parts,
            runtime,
            stop,
            running: HashMap::new(),
            tasks: JoinSet::new(),
            missing,
        }
    }

    /// Starts those that are missing.
    pub(crate) async fn start(&mut self, supervisor: ProcessId) -> Result<(), DbError> {
        while let Some(role) = self.missing.last() {
            let registration = role.registration(supervisor);
            let instance = registration.register(&self.parts.database).await?;
            if let Some(role) = self.missing.pop() {
                self.spawn(role, instance);
            }
        }
        Ok(())
    }

    /// The next child that ended though nobody stopped it. Never completes while all is well. Cancel safe.
    pub(crate) async fn fallen(&mut self) -> (ProcessKind, ProcessId) {
        loop {
            let Some(ended) = self.tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let id = ended
                .as_ref()
                .map_or_else(tokio::task::JoinError::id, |(id, ())| *id);
            if let Some(child) = self.running.remove(&id)
                && !child.stop.gracefully.is_cancelled()
            {
                let (kind, error) = (child.role.kind(), ended.err());
                let error = error.as_ref().map(|error| error as _);
                events::replace_process(kind, child.process, error);
                self.missing.push(child.role);
                return (kind, child.process);
            }
        }
    }

    /// Puts back what a fallen child left.
    pub(crate) async fn clean_up(&self, (kind, process): (ProcessKind, ProcessId)) {
        if let Err(error) = deregister(&self.parts.database, kind, process, |_| Ok(())).await {
            events::thread_error(
                "could not deregister a fallen process",
                Some(process),
                &error,
            );
        }
    }

    /// Stops the children that others took for dead and removed, and starts others in their place later.
    pub(crate) fn replace_all_but(&mut self, alive: &[ProcessId]) {
        for child in self.running.values() {
            if !alive.contains(&child.process) && !child.stop.gracefully.is_cancelled() {
                events::replace_removed_process(child.role.kind(), child.process);
                child.stop.gracefully.cancel();
                self.missing.push(child.role.clone());
            }
        }
    }

    /// How many are to be started.
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    pub(crate) fn ids(&self) -> BTreeSet<ProcessId> {
        self.running.values().map(|child| child.process).collect()
    }

    /// Stops all and waits for them.
    pub(crate) async fn stop(&mut self) {
        for child in self.running.values() {
            child.stop.gracefully.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }

    fn spawn(&mut self, role: Role, instance: Instance) {
        let (stop, process) = (self.stop.child(), instance.id);
        let parts = Arc::clone(&self.parts);
        let playing = parts.play(role.clone(), instance, self.runtime.clone(), stop.clone());
        let task = self.tasks.spawn(playing);
        let child = Child {
            role,
            process,
            stop,
        };
        self.running.insert(task.id(), child);
    }
}
