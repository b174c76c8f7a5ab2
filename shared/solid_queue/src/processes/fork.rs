//! The processes of a supervisor that are processes of the operating system.

use std::future::poll_fn;
use std::os::unix::process::ExitStatusExt as _;
use std::pin::pin;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::assignment::Assignment;
use super::instance::ProcessKind;
use super::recovery::Recovery;
use super::role::Role;
use crate::events;
use crate::patience::within;
use crate::{Config, ProcessId};

/// How long children may take to end after QUIT.
const QUIT_TIMEOUT: Duration = Duration::from_millis(500);
/// Who lived shorter than this died at once.
const AT_ONCE: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

const UNBURIED: &str = "could not recover yet what a process left";
const UNKNOWN_END: &str = "the system does not say how a process ended";

/// Makes the command that starts a child.
pub(crate) type MakeCommand = Arc<dyn Fn(&Assignment) -> Command + Send + Sync>;

pub(crate) struct Forks {
    command: MakeCommand,
    slots: Vec<Slot>,
    shutdown_timeout: Duration,
    at_once: CancellationToken,
    /// Whose leftovers the database did not take yet.
    unburied: Vec<Exit>,
}

/// A child, or the place of one.
struct Slot {
    kind: ProcessKind,
    running: Option<Running>,
    /// How many in a row died at once.
    deaths: u32,
    not_before: Instant,
}

struct Running {
    child: Child,
    pid: u32,
    supervisor: ProcessId,
    since: Instant,
}

/// A child that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    kind: ProcessKind,
    pid: u32,
    supervisor: ProcessId,
    status: ExitStatus,
}

impl Forks {
    /// None runs yet.
    pub(crate) fn new(config: &Config, command: MakeCommand, at_once: CancellationToken) -> Self {
        let slots = Role::all(config)
            .into_iter()
            .map(|role| Slot::new(role.kind()));
        Self {
            command,
            slots: slots.collect(),
            shutdown_timeout: config.shutdown_timeout,
            at_once,
            unburied: Vec::new(),
        }
    }

    /// Starts those that are missing, unless they died at once just before.
    pub(crate) fn start(&mut self, supervisor: ProcessId) {
        let now = Instant::now();
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if slot.running.is_none() && slot.not_before <= now {
                slot.start(&self.command, at, supervisor);
            }
        }
    }

    /// How many are to be started.
    pub(crate) fn missing(&self) -> usize {
        let missing = self.slots.iter().filter(|slot| slot.running.is_none());
        missing.count()
    }

    /// The next child that ended. Never completes while all is well. Cancel safe.
    pub(crate) async fn fallen(&mut self) -> Exit {
        let exit = match self.exited().await {
            Some(exit) => exit,
            None => std::future::pending().await,
        };
        events::replace_fork(exit.kind, exit.pid, exit.status);
        exit
    }

    /// Recovers what a child left, and those before it.
    pub(crate) async fn clean_up(&mut self, exit: Option<Exit>, recovery: &Recovery) {
        self.unburied.extend(exit);
        let mut left = Vec::new();
        for exit in self.unburied.drain(..) {
            if let Err(error) = recovery.bury(exit.supervisor, exit.pid, exit.status).await {
                events::trouble(UNBURIED, None, &error);
                left.push(exit);
            }
        }
        self.unburied = left;
    }

    /// Asks all to end, with more emphasis each time, and waits for them.
    pub(crate) async fn stop(&mut self, recovery: &Recovery) {
        let at_once = self.at_once.clone();
        self.signal(Signal::TERM);
        let timeout = self.shutdown_timeout;
        let in_time = within(timeout, self.all_exited(recovery, false));
        if at_once.run_until_cancelled(in_time).await == Some(true) {
            return;
        }
        if !at_once.is_cancelled() {
            events::shutdown_timeout_exceeded(self.slots.len() - self.missing());
        }
        self.signal(Signal::QUIT);
        if within(QUIT_TIMEOUT, self.all_exited(recovery, false)).await {
            return;
        }
        self.signal(Signal::KILL);
        self.all_exited(recovery, true).await;
    }

    async fn all_exited(&mut self, recovery: &Recovery, are_killed: bool) {
        while let Some(exit) = self.exited().await {
            // What those leave that we told to end is put back when the supervisor deregisters.
            if exit.is_crash() && !are_killed {
                self.clean_up(Some(exit), recovery).await;
            }
        }
    }

    /// The next child that ends; nothing when none runs. Cancel safe.
    async fn exited(&mut self) -> Option<Exit> {
        let (slot, ended) = poll_fn(|context| {
            let mut are_any = false;
            for (at, slot) in self.slots.iter_mut().enumerate() {
                if let Some(running) = &mut slot.running {
                    are_any = true;
                    if let Poll::Ready(ended) = pin!(running.child.wait()).poll(context) {
                        return Poll::Ready(Some((at, ended)));
                    }
                }
            }
            if are_any {
                Poll::Pending
            } else {
                Poll::Ready(None)
            }
        })
        .await?;
        let slot = self.slots.get_mut(slot)?;
        let (kind, running) = (slot.kind, slot.ended()?);
        let status = ended.unwrap_or_else(|error| {
            events::thread_error(UNKNOWN_END, None, &error);
            ExitStatus::from_raw(0)
        });
        Some(Exit {
            kind,
            pid: running.pid,
            supervisor: running.supervisor,
            status,
        })
    }

    fn signal(&self, signal: Signal) {
        for running in self.slots.iter().filter_map(|slot| slot.running.as_ref()) {
            // Nothing, once the system may have given the pid to another.
            let pid = running.child.id().and_then(|pid| i32::try_from(pid).ok());
            let Some(pid) = pid.and_then(Pid::from_raw) else {
                continue;
            };
            if let Err(error) = kill_process(pid, signal) {
                events::thread_error("could not signal a process", None, &error);
            }
        }
    }
}

impl Slot {
    fn new(kind: ProcessKind) -> Self {
        Self {
            kind,
            running: None,
            deaths: 0,
            not_before: Instant::now(),
        }
    }

    fn start(&mut self, command: &MakeCommand, at: usize, supervisor: ProcessId) {
        let command = command(&Assignment::new(self.kind, at, supervisor));
        match tokio::process::Command::from(command).spawn() {
            Ok(child) => {
                let pid = child.id().unwrap_or_default();
                events::start_fork(self.kind, pid);
                self.running = Some(Running {
                    child,
                    pid,
                    supervisor,
                    since: Instant::now(),
                });
            }
            Err(error) => {
                events::thread_error("could not start a process", None, &error);
                self.died_at_once();
            }
        }
    }

    /// Frees the place, for another child in time.
    fn ended(&mut self) -> Option<Running> {
        let running = self.running.take()?;
        if running.since.elapsed() < AT_ONCE {
            self.died_at_once();
        } else {
            self.deaths = 0;
        }
        Some(running)
    }

    fn died_at_once(&mut self) {
        self.not_before = Instant::now() + wait_after(self.deaths);
        self.deaths = self.deaths.saturating_add(1);
    }
}

/// The first one that dies at once is replaced at once, the others after a wait that grows.
fn wait_after(deaths: u32) -> Duration {
    match deaths {
        0 => Duration::ZERO,
        _ => FIRST_WAIT
            .saturating_mul(1 << (deaths - 1).min(16))
            .min(LONGEST_WAIT),
    }
}

impl Exit {
    /// Whether something else than the supervisor ended it.
    fn is_crash(&self) -> bool {
        let signal = self.status.signal();
        let ours = [Signal::TERM, Signal::QUIT].map(Signal::as_raw);
        signal.is_some_and(|signal| !ours.contains(&signal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_dies_at_once_is_replaced_ever_later() {
        let waits = [0, 1, 2, 3, 9, 10, 100].map(|deaths| wait_after(deaths).as_millis());
        assert_eq!(waits, [0, 100, 200, 400, 25_600, 30_000, 30_000]);
    }
}
