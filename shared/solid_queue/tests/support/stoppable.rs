//! Jobs that are not easily stopped.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use solid_queue::{
    Backoff, Concurrency, Controls, Job, JobError, JobResult, Policy, Registry, Retry, RetryOn,
    TimedOut, Unique,
};

/// What the jobs left behind, and a door that blocks the threads of those who wait at it.
#[derive(Clone, Default)]
pub(crate) struct Context {
    notes: Arc<Mutex<Vec<String>>>,
    door: Arc<(Mutex<bool>, Condvar)>,
}

impl Context {
    pub(crate) fn note(&self, note: &str) {
        self.notes.lock().unwrap().push(note.into());
    }

    pub(crate) fn count(&self, note: &str) -> usize {
        self.notes
            .lock()
            .unwrap()
            .iter()
            .filter(|it| *it == note)
            .count()
    }

    pub(crate) fn has(&self, note: &str) -> bool {
        self.count(note) > 0
    }

    pub(crate) fn open_door(&self) {
        *self.door.0.lock().unwrap() = true;
        self.door.1.notify_all();
    }

    fn wait_at_door(&self) {
        let is_closed = |is_open: &mut bool| !*is_open;
        drop(
            self.door
                .1
                .wait_while(self.door.0.lock().unwrap(), is_closed)
                .unwrap(),
        );
    }
}

/// Never ends by itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Endless {
    name: String,
}

impl Job for Endless {
    const NAME: &'static str = "Endless";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let _dropped = OnDrop(|| context.note(&format!("{} dropped", self.name)));
        context.note(&self.name);
        std::future::pending().await
    }

    fn controls(&self) -> Controls {
        let limit = Concurrency::key("k").group("Endless");
        Controls::new()
            .concurrency(limit)
            .unique(Unique::key(&self.name))
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

pub(crate) fn endless(name: &str) -> Endless {
    Endless { name: name.into() }
}

/// Takes too long.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slow;

impl Job for Slow {
    const NAME: &'static str = "Slow";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("slow");
        std::future::pending().await
    }

    fn policy() -> Policy {
        let at_once = Backoff::fixed(Duration::ZERO);
        Policy::new().retry_on::<TimedOut>(RetryOn::new().attempts(2).wait(at_once))
    }
}

/// Blocks its thread for longer than it may take.
#[derive(Serialize, Deserialize)]
pub(crate) struct Blocking;

impl Job for Blocking {
    const NAME: &'static str = "Blocking";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("blocking");
        context.wait_at_door();
        context.note("blocking ended");
        Ok(())
    }
}

/// Blocks its thread, and may.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stubborn;

impl Job for Stubborn {
    const NAME: &'static str = "Stubborn";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("stubborn");
        context.wait_at_door();
        context.note("stubborn ended");
        Ok(())
    }
}

/// Panics when it is dropped before its end.
#[derive(Serialize, Deserialize)]
pub(crate) struct Explosive;

impl Job for Explosive {
    const NAME: &'static str = "Explosive";
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(20));
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        let _bang = OnDrop(|| panic!("bang"));
        std::future::pending().await
    }

    fn on_error(_: &JobError, _: u32) -> Retry {
        Retry::Fail
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Quick;

impl Job for Quick {
    const NAME: &'static str = "Quick";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("quick");
        Ok(())
    }
}

pub(crate) fn registry() -> Registry<Context> {
    Registry::new()
        .register::<Endless>()
        .register::<Slow>()
        .register::<Blocking>()
        .register::<Stubborn>()
        .register::<Explosive>()
        .register::<Quick>()
}
