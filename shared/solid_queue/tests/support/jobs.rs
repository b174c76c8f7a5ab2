use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use solid_queue::{Job, JobError, JobResult, PerformLater as _, Queue, Registry, Retry};
use tokio::sync::Semaphore;

/// What the jobs leave behind, and a gate that holds some of them up.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) queue: Queue,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) most_at_once: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Context {
    pub(crate) fn new(queue: Queue) -> Self {
        Self {
            queue,
            gate: Arc::new(Semaphore::new(0)),
            most_at_once: Arc::default(),
            at_once: Arc::default(),
            notes: Arc::default(),
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, note: &str) -> bool {
        self.notes().iter().any(|it| it == note)
    }

    pub(crate) fn note(&self, note: impl Into<String>) {
        self.notes.lock().unwrap().push(note.into());
    }
}

pub(crate) fn registry() -> Registry<Context> {
    Registry::new()
        .register::<Note>()
        .register::<Held>()
        .register::<Chain>()
        .register::<Failing>()
        .register::<Flaky>()
        .register::<Dropped>()
        .register::<Panicking>()
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Note(pub(crate) String);

impl Job for Note {
    const NAME: &'static str = "Note";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(self.0);
        Ok(())
    }
}

pub(crate) fn note(text: &str) -> Note {
    Note(text.into())
}

/// Waits at the gate.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) name: String,
}

impl Job for Held {
    const NAME: &'static str = "Held";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        let now = context.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        context.most_at_once.fetch_max(now, Ordering::SeqCst);
        context.note(format!("{} began", self.name));
        context.gate.acquire().await?.forget();
        context.at_once.fetch_sub(1, Ordering::SeqCst);
        context.note(format!("{} ended", self.name));
        Ok(())
    }
}

pub(crate) fn held(name: &str) -> Held {
    Held { name: name.into() }
}

/// Enqueues the next one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Chain;

impl Job for Chain {
    const NAME: &'static str = "Chain";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        note("chained").perform_later(&context.queue).await?;
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Failing {
    pub(crate) message: String,
}

impl Job for Failing {
    const NAME: &'static str = "Failing";
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        Err(self.message.into())
    }
}

/// Fails at first, and says in which attempt.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flaky {
    pub(crate) failures: usize,
}

impl Job for Flaky {
    const NAME: &'static str = "Flaky";
    const QUEUE: &'static str = "flaky";
    const PRIORITY: i32 = 3;
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note("tried");
        if context.notes().len() <= self.failures {
            return Err("not yet".into());
        }
        Ok(())
    }

    fn on_error(_: &JobError, attempt: u32) -> Retry {
        Retry::up_to(3, attempt, Duration::from_millis(1))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Dropped;

impl Job for Dropped {
    const NAME: &'static str = "Dropped";
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        Err("of no interest".into())
    }

    fn on_error(_: &JobError, _: u32) -> Retry {
        Retry::Discard
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Panicking;

impl Job for Panicking {
    const NAME: &'static str = "Panicking";
    type Context = Context;

    async fn perform(self, _: Context) -> JobResult {
        panic!("what now");
    }
}
