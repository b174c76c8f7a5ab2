//! A child of a supervisor, as a process of the operating system.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::getppid;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};

use super::Stop;
use super::assignment::Assignment;
use super::health::Health;
use super::instance::Instance;
use super::pulse::Pulse;
use super::role::{Parts, Role};
use crate::{ProcessId, SupervisorError, events};

/// How often to see whether the supervisor lives.
const PARENT_INTERVAL: Duration = Duration::from_millis(500);

pub(crate) struct Forked<C> {
    pub(crate) parts: Arc<Parts<C>>,
    pub(crate) assignment: Assignment,
    pub(crate) role: Role,
    /// Where jobs run.
    pub(crate) runtime: Handle,
    pub(crate) stop: Stop,
    pub(crate) health: Health,
}

impl<C: Clone + Send + Sync + 'static> Forked<C> {
    /// Does its work until it is to stop, its supervisor is gone, or others took it for dead.
    pub(crate) async fn run(self) -> Result<(), SupervisorError> {
        let registration = self.role.registration(self.assignment.supervisor);
        let registering = registration
            .with_identity()
            .register_patiently(&self.parts.database);
        let registering = self.unless_orphaned(registering);
        let Some(registered) = self.stop.gracefully.run_until_cancelled(registering).await else {
            return Ok(());
        };
        let Some(registered) = registered else {
            return Ok(());
        };
        let instance = registered.map_err(SupervisorError::Start)?;
        self.work(instance).await;
        self.health.ended();
        Ok(())
    }

    async fn work(&self, instance: Instance) {
        let (id, every) = (instance.id, self.parts.config.process_heartbeat_interval);
        let mut pulse = Pulse::new(self.parts.database.clone(), every, self.health.clone());
        let playing = Arc::clone(&self.parts).play(
            self.role.clone(),
            instance,
            self.runtime.clone(),
            self.stop.clone(),
        );
        // A task, so that its panic is told apart from the end of this process.
        let mut playing = tokio::spawn(playing);
        let orphaned = self.unless_orphaned(std::future::pending::<()>());
        tokio::pin!(orphaned);
        loop {
            tokio::select! {
                ended = &mut playing => {
                    if let Err(error) = ended {
                        events::thread_error("the process panicked", Some(id), &error);
                    }
                    return;
                }
                () = pulse.due() => self.beat(&mut pulse, id).await,
                _ = &mut orphaned, if !self.stop.gracefully.is_cancelled() => self.stop.gracefully.cancel(),
            }
        }
    }

    async fn beat(&self, pulse: &mut Pulse, id: ProcessId) {
        let alive = pulse.beat(vec![id]).await;
        if alive.is_some_and(|alive| alive.is_empty()) && !self.stop.gracefully.is_cancelled() {
            events::end_removed_process(id);
            self.stop.gracefully.cancel();
        }
    }

    /// What the work comes to; nothing, once the supervisor is gone.
    async fn unless_orphaned<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut looks = interval(PARENT_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let orphaned = async {
            while self.has_parent() {
                looks.tick().await;
            }
        };
        tokio::select! {
            outcome = work => Some(outcome),
            () = orphaned => {
                events::orphaned();
                None
            }
        }
    }

    fn has_parent(&self) -> bool {
        let parent = getppid().map(|pid| pid.as_raw_nonzero().get());
        parent.and_then(|pid| u32::try_from(pid).ok()) == Some(self.assignment.supervisor_pid)
    }
}
