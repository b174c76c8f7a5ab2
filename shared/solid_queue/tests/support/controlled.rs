//! A job whose controls are what its fields say.

use std::sync::Arc;
use std::time::Duration;

use db::Timestamp;
use serde::{Deserialize, Serialize};
use solid_queue::{
    Clock, Concurrency, Controls, Enqueue, EnqueueError, Job, JobError, JobId, JobResult,
    OnConflict, OnDuplicate, PerformLater as _, Queue, RateLimit, Registry, Retry, States, Unique,
    testing,
};

use super::Temp;
use super::jobs::Context;

#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Controlled {
    pub(crate) name: String,
    /// Key and limit of each concurrency limit.
    pub(crate) keys: Vec<(String, u32)>,
    pub(crate) is_discarded: bool,
    /// Key, limit and seconds of a rate limit.
    pub(crate) rate: Option<(String, u32, u64)>,
    pub(crate) unique: Option<Only>,
    /// Whether it waits at the gate.
    pub(crate) is_held: bool,
    /// Executions that fail, and the seconds after which it is tried again.
    pub(crate) failures: u32,
    pub(crate) wait: u64,
}

#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Only {
    pub(crate) key: String,
    pub(crate) within: Option<u64>,
    /// 0 keeps, 1 replaces, 2 refuses.
    pub(crate) on_duplicate: u8,
    /// Names of states; those of a job that is not finished when there are none.
    pub(crate) states: Vec<String>,
}

impl Job for Controlled {
    const NAME: &'static str = "Controlled";
    type Context = Context;

    async fn perform(self, context: Context) -> JobResult {
        context.note(&self.name);
        if self.is_held {
            context.gate.acquire().await?.forget();
        }
        let tries = context
            .notes()
            .iter()
            .filter(|it| **it == self.name)
            .count();
        if tries <= self.failures as usize {
            return Err(format!("wait {}", self.wait).into());
        }
        context.note(format!("{} ended", self.name));
        Ok(())
    }

    fn controls(&self) -> Controls {
        let mut controls = Controls::new();
        let on_conflict = if self.is_discarded {
            OnConflict::Discard
        } else {
            OnConflict::Block
        };
        for (key, to) in &self.keys {
            let limit = Concurrency::group_alone().group(key).to(*to);
            controls = controls.concurrency(limit.on_conflict(on_conflict));
        }
        if let Some((key, limit, seconds)) = &self.rate {
            let period = Duration::from_secs(*seconds);
            controls = controls.rate(RateLimit::key(key, *limit, period));
        }
        match &self.unique {
            Some(only) => controls.unique(only.unique()),
            None => controls,
        }
    }

    fn on_error(error: &JobError, _: u32) -> Retry {
        let wait = error.to_string();
        match wait.strip_prefix("wait ").and_then(|it| it.parse().ok()) {
            Some(seconds) => Retry::After(Duration::from_secs(seconds)),
            None => Retry::Fail,
        }
    }
}

impl Only {
    fn unique(&self) -> Unique {
        let mut unique = Unique::key(&self.key).on_duplicate(match self.on_duplicate {
            0 => OnDuplicate::Keep,
            1 => OnDuplicate::Replace,
            _ => OnDuplicate::Refuse,
        });
        if let Some(seconds) = self.within {
            unique = unique.within(Duration::from_secs(seconds));
        }
        let states = self.states.iter().map(|state| match state.as_str() {
            "waiting" => States::WAITING,
            "running" => States::RUNNING,
            "failed" => States::FAILED,
            _ => States::FINISHED,
        });
        match states.reduce(|one, other| one | other) {
            Some(states) => unique.states(states),
            None => unique,
        }
    }
}

pub(crate) fn plain(name: &str) -> Controlled {
    Controlled {
        name: name.into(),
        ..Controlled::default()
    }
}

/// One of at most `to` at once.
pub(crate) fn limited(name: &str, key: &str, to: u32) -> Controlled {
    Controlled {
        keys: vec![(key.into(), to)],
        ..plain(name)
    }
}

pub(crate) fn rated(name: &str, key: &str, limit: u32, seconds: u64) -> Controlled {
    Controlled {
        rate: Some((key.into(), limit, seconds)),
        ..plain(name)
    }
}

pub(crate) fn only(name: &str, key: &str) -> Controlled {
    let key = key.into();
    Controlled {
        unique: Some(Only {
            key,
            ..Only::default()
        }),
        ..plain(name)
    }
}

impl Controlled {
    pub(crate) fn held(self) -> Self {
        Self {
            is_held: true,
            ..self
        }
    }

    /// Changes what is said about its unique key.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Only)) -> Self {
        change(self.unique.as_mut().unwrap());
        self
    }
}

pub(crate) fn registry() -> Registry<Context> {
    Registry::new().register::<Controlled>()
}

/// A queue whose time stands still, and nobody who works by itself.
pub(crate) struct Still {
    pub(crate) temp: Temp,
    pub(crate) clock: Clock,
    pub(crate) queue: Queue,
    pub(crate) context: Context,
}

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Still {
    pub(crate) fn new() -> Self {
        Self::on(Temp::new())
    }

    pub(crate) fn on(temp: Temp) -> Self {
        let clock = Clock::fixed(moment("2026-11-23 12:00:00"));
        let queue = Queue::solid_at(temp.database.clone(), clock.clone());
        let context = Context::new(queue.clone());
        Self {
            temp,
            clock,
            queue,
            context,
        }
    }

    pub(crate) async fn enqueue(&self, job: Controlled) -> JobId {
        self.try_enqueue(job).await.unwrap()
    }

    pub(crate) async fn try_enqueue(&self, job: Controlled) -> Result<JobId, EnqueueError> {
        job.perform_later(&self.queue).await
    }

    pub(crate) async fn enqueue_in(&self, seconds: u64, job: Controlled) -> JobId {
        let later = Enqueue::new().wait(Duration::from_secs(seconds));
        job.set(later).perform_later(&self.queue).await.unwrap()
    }

    /// Performs what is due. Returns the names of the jobs that began since the last time.
    pub(crate) async fn run(&self) -> Vec<String> {
        let before = self.context.notes().len();
        self.context.gate.add_permits(1000);
        let registry = Arc::new(registry());
        testing::run_pending(&self.queue, registry, &self.context)
            .await
            .unwrap();
        let notes = self.context.notes().split_off(before);
        notes
            .into_iter()
            .filter(|it| !it.ends_with(" ended"))
            .collect()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The names of the jobs that wait, each with when it is due or the key for which it is blocked.
    pub(crate) async fn waiting(&self) -> Vec<String> {
        let jobs = testing::enqueued(&self.queue).await.unwrap();
        let describe = |it: &testing::EnqueuedJob| {
            let name = it.job::<Controlled>().unwrap().name;
            match &it.waits_for {
                testing::WaitsFor::Worker => name,
                testing::WaitsFor::Time => format!("{name} at {}", it.scheduled_at),
                testing::WaitsFor::Room { key } => format!("{name} for {key}"),
            }
        };
        jobs.iter().map(describe).collect()
    }

    /// What the key's semaphore says.
    pub(crate) async fn semaphore(&self, key: &str) -> Vec<String> {
        let query = format!("SELECT value FROM solid_queue_semaphores WHERE key = '{key}'");
        self.temp.texts(&query).await
    }
}
