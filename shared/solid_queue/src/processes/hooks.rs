use std::fmt;
use std::sync::Arc;

use super::instance::{Instance, ProcessKind};
use crate::{JobError, events};

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The process is registered and about to begin.
    Start,
    /// It is told to stop, and what it runs comes to its end.
    Stop,
    /// It has ended and is registered no more.
    Exit,
}

/// What to call in the life of the processes.
///
/// Hooks may block; the process waits for them when it starts and when it ends, others do not. An error or a panic is
/// logged and changes nothing. Where each process of the queue is an own process of the operating system, its hooks run
/// in there.
///
/// ```
/// use solid_queue::{Hooks, Moment, ProcessKind};
///
/// let hooks = Hooks::new()
///     .on_supervisor_start(|supervisor| println!("{} has pid {}", supervisor.name, supervisor.pid))
///     .on_worker_stop(|worker| println!("{} stops", worker.name))
///     .on(ProcessKind::Dispatcher, Moment::Exit, |_| std::fs::write("gone", ""));
/// ```
#[derive(Clone, Default)]
pub struct Hooks {
    hooks: Vec<(ProcessKind, Moment, Hook)>,
}

type Hook = Arc<dyn Fn(&Instance) -> Result<(), JobError> + Send + Sync>;

/// What a hook may return: nothing, or a result whose error is logged.
pub trait HookResult {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), JobError>;
}

impl HookResult for () {
    fn into_result(self) -> Result<(), JobError> {
        Ok(())
    }
}

impl<E: Into<JobError>> HookResult for Result<(), E> {
    fn into_result(self) -> Result<(), JobError> {
        self.map_err(Into::into)
    }
}

macro_rules! named {
    ($($(#[$doc:meta])+ $name:ident: $kind:ident, $moment:ident;)+) => {$(
        $(#[$doc])+
        #[must_use]
        pub fn $name<R: HookResult>(
            self,
            hook: impl Fn(&Instance) -> R + Send + Sync + 'static,
        ) -> Self {
            self.on(ProcessKind::$kind, Moment::$moment, hook)
        }
    )+};
}

impl Hooks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a hook. Those of one moment are called in the order in which they were added.
    #[must_use]
    pub fn on<R: HookResult>(
        mut self,
        kind: ProcessKind,
        moment: Moment,
        hook: impl Fn(&Instance) -> R + Send + Sync + 'static,
    ) -> Self {
        let hook = move |instance: &Instance| hook(instance).into_result();
        self.hooks.push((kind, moment, Arc::new(hook)));
        self
    }

    named! {
        /// When a supervisor begins, before it starts others.
        on_supervisor_start: Supervisor, Start;
        /// When a supervisor is told to stop.
        on_supervisor_stop: Supervisor, Stop;
        /// When a supervisor has ended.
        on_supervisor_exit: Supervisor, Exit;
        /// When a worker begins, before it takes jobs.
        on_worker_start: Worker, Start;
        /// When a worker takes no more jobs.
        on_worker_stop: Worker, Stop;
        /// When a worker has ended.
        on_worker_exit: Worker, Exit;
        /// When a dispatcher begins.
        on_dispatcher_start: Dispatcher, Start;
        /// When a dispatcher is told to stop.
        on_dispatcher_stop: Dispatcher, Stop;
        /// When a dispatcher has ended.
        on_dispatcher_exit: Dispatcher, Exit;
        /// When a scheduler begins.
        on_scheduler_start: Scheduler, Start;
        /// When a scheduler is told to stop.
        on_scheduler_stop: Scheduler, Stop;
        /// When a scheduler has ended.
        on_scheduler_exit: Scheduler, Exit;
    }

    /// Calls those for this moment, one after the other, where they may block.
    pub(crate) async fn run(&self, moment: Moment, instance: &Instance) {
        for (kind, at, hook) in &self.hooks {
            if (*kind, *at) != (instance.kind, moment) {
                continue;
            }
            let (hook, of) = (Arc::clone(hook), instance.clone());
            let error = match tokio::task::spawn_blocking(move || hook(&of)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => telemetry::chain(&*error),
                Err(panic) => panic.to_string(),
            };
            events::hook_error(instance, moment, &error);
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooks = self.hooks.iter().map(|(kind, moment, _)| (kind, moment));
        f.debug_list().entries(hooks).finish()
    }
}
