use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use db::DbError;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Stop;
use super::child::Children;
use super::fork::{Forks, MakeCommand};
use super::health::Health;
use super::hooks::Moment;
use super::instance::Instance;
use super::pulse::Pulse;
use super::recovery::Recovery;
use super::registration::{Registration, deregister};
use super::role::Parts;
use super::staff::{Fallen, Staff};
use crate::{ProcessId, SupervisorError, events};

/// How often to look after the others: their death is noticed within this time.
const CARE_INTERVAL: Duration = Duration::from_secs(1);

/// A supervisor, before it is registered.
pub(crate) struct Control<C> {
    pub(crate) parts: Arc<Parts<C>>,
    /// Where jobs run, unless in other processes.
    pub(crate) runtime: Handle,
    pub(crate) stop: Stop,
    /// How to start other processes, if each is one of the operating system.
    pub(crate) fork: Option<MakeCommand>,
    pub(crate) health: Health,
}

impl<C: Clone + Send + Sync + 'static> Control<C> {
    /// Supervises until it is to stop, then stops all others.
    pub(crate) async fn run(self) -> Result<(), SupervisorError> {
        let (shutdown, at_once) = (self.stop.gracefully.clone(), self.stop.at_once.clone());
        let registration = Registration::supervisor(self.fork.is_some());
        let registering = registration.register_patiently(&self.parts.database);
        let Some(registered) = shutdown.run_until_cancelled(registering).await else {
            return Ok(());
        };
        let mut running = self.begin(registered.map_err(SupervisorError::Start)?);
        running.tell(Moment::Start).await;
        shutdown.run_until_cancelled(running.supervise()).await;
        running.tell_end(&at_once);
        let (hooks, instance) = (running.parts.hooks.clone(), running.instance.clone());
        tokio::join!(hooks.run(Moment::Stop, &instance), running.stop());
        let outcome = running.deregister().await;
        running.tell(Moment::Exit).await;
        outcome.map_err(SupervisorError::Stop)
    }

    fn begin(self, instance: Instance) -> Running<C> {
        let (database, config) = (&self.parts.database, &self.parts.config);
        let (every, threshold) = (
            config.process_heartbeat_interval,
            config.process_alive_threshold,
        );
        let classes = Arc::clone(&self.parts.classes);
        let recovery = Recovery::new(database.clone(), threshold, classes);
        let staff = match self.fork {
            Some(command) => Staff::Forks(Forks::new(config, command, self.stop.at_once)),
            None => Staff::Tasks(Children::new(
                Arc::clone(&self.parts),
                self.runtime,
                self.stop,
            )),
        };
        self.health.missing(staff.missing());
        Running {
            instance,
            staff,
            recovery,
            pulse: Pulse::new(database.clone(), every, self.health.clone()),
            health: self.health,
            parts: self.parts,
        }
    }
}

/// A registered supervisor.
struct Running<C> {
    instance: Instance,
    staff: Staff<C>,
    recovery: Recovery,
    pulse: Pulse,
    health: Health,
    parts: Arc<Parts<C>>,
}

impl<C: Clone + Send + Sync + 'static> Running<C> {
    async fn supervise(&mut self) {
        let mut care = interval(CARE_INTERVAL);
        care.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let look = self.health.begin_loop(CARE_INTERVAL);
        loop {
            look.begin();
            tokio::select! {
                _ = care.tick() => self.care().await,
                () = self.pulse.due() => self.beat().await,
                fallen = self.staff.fallen() => self.replace(fallen).await,
            }
            self.health.missing(self.staff.missing());
        }
    }

    /// Recovers what it left. A task is started again with the next care, so that one that cannot work does not keep
    /// everybody busy; processes have a wait of their own for that.
    async fn replace(&mut self, fallen: Fallen) {
        self.staff.clean_up(fallen, &self.recovery).await;
        if self.staff.is_forked() {
            self.start().await;
        }
    }

    /// Recovers what dead processes left, and starts the children that are missing.
    async fn care(&mut self) {
        if let Err(error) = self.recovery.run(&self.own()).await {
            let own = Some(self.instance.id);
            events::trouble("could not look after dead processes", own, &error);
        }
        self.staff.retry_clean_up(&self.recovery).await;
        self.start().await;
    }

    async fn start(&mut self) {
        if let Err(error) = self.staff.start(self.instance.id).await {
            events::trouble(
                "could not start a process yet",
                Some(self.instance.id),
                &error,
            );
        }
    }

    /// One write for all rows of this process.
    async fn beat(&mut self) {
        let own = self.own().into_iter().collect();
        let Some(mut alive) = self.pulse.beat(own).await else {
            return;
        };
        if !alive.contains(&self.instance.id) {
            // The children's rows name a supervisor that is gone: all begin anew.
            let registration = Registration::supervisor(self.staff.is_forked());
            match registration.register(&self.parts.database).await {
                Ok(instance) => self.instance = instance,
                Err(error) => {
                    events::trouble("could not register the supervisor again yet", None, &error);
                    return self.pulse.retry();
                }
            }
            events::forget_process(self.instance.kind);
            alive.clear();
        }
        self.staff.replace_all_but(&alive);
    }

    async fn stop(&mut self) {
        // Others must not take this process for dead while long jobs come to their end.
        let own: Vec<_> = self.own().into_iter().collect();
        tokio::select! {
            () = self.staff.stop(&self.recovery) => {}
            () = self.pulse.keep_beating(&own) => {}
        }
        self.health.ended();
    }

    fn tell_end(&self, at_once: &CancellationToken) {
        if at_once.is_cancelled() {
            events::immediate_termination(&self.instance);
        } else {
            events::graceful_termination(&self.instance);
        }
    }

    async fn deregister(&self) -> Result<(), DbError> {
        deregister(
            &self.parts.database,
            self.instance.kind,
            self.instance.id,
            |_| Ok(()),
        )
        .await
    }

    async fn tell(&self, moment: Moment) {
        self.parts.hooks.run(moment, &self.instance).await;
    }

    /// The rows of this process.
    fn own(&self) -> BTreeSet<ProcessId> {
        let mut own = self.staff.ids();
        own.insert(self.instance.id);
        own
    }
}
