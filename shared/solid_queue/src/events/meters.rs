//! The handles of what is counted for each job: asked for once, and kept by whoever enqueues and whoever performs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, Histogram};

use super::metrics::{
    CLAIM_SIZE, DURATION, ENQUEUED, LATENCY, PERFORMED, POLLS, RUNNING, is_recorded,
};
use crate::processes::ProcessKind;

/// What a queue counts: jobs by class, and then by queue.
#[derive(Debug, Default)]
pub(crate) struct EnqueueMeters(ByName<Arc<ByName<Counter>>>);

/// What is counted where jobs are performed.
#[derive(Debug, Default)]
pub(crate) struct PerformMeters {
    classes: ByName<Arc<ClassMeters>>,
    latencies: ByName<Histogram>,
    running: OnceLock<Gauge>,
    claim_size: OnceLock<Histogram>,
}

/// What is counted of one class.
#[derive(Debug)]
struct ClassMeters {
    duration: Histogram,
    outcomes: ByName<Counter>,
}

/// The looks for work of one worker, dispatcher or scheduler.
#[derive(Debug)]
pub(crate) struct Polls {
    kind: ProcessKind,
    count: OnceLock<Counter>,
}

impl EnqueueMeters {
    pub(crate) fn enqueued(&self, class: &str, queue: &str, size: usize) {
        if !is_recorded() {
            return;
        }
        let labels = [("class", class), ("queue", queue)];
        self.0.with(class, Arc::default, |queues| {
            queues.with(
                queue,
                || ENQUEUED.counter(&labels),
                |it| it.increment(size as u64),
            );
        });
    }
}

impl PerformMeters {
    /// `waited` since the job was due.
    pub(crate) fn started(&self, queue: &str, waited: Duration) {
        if is_recorded() {
            let new = || LATENCY.histogram(&[("queue", queue)]);
            self.latencies.with(queue, new, |it| it.record(waited));
        }
    }

    pub(crate) fn performed(&self, class: &str, outcome: &'static str, took: Duration) {
        if !is_recorded() {
            return;
        }
        let labels = [("class", class), ("outcome", outcome)];
        self.classes.with(
            class,
            || ClassMeters::new(class),
            |meters| {
                meters.duration.record(took);
                let new = || PERFORMED.counter(&labels);
                meters.outcomes.with(outcome, new, |it| it.increment(1));
            },
        );
    }

    pub(crate) fn claimed(&self, size: usize) {
        if size > 0 && is_recorded() {
            let size = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
            let new = || CLAIM_SIZE.histogram(&[]);
            self.claim_size.get_or_init(new).record(size);
        }
    }

    /// A job runs until the result is dropped.
    pub(crate) fn running(&self) -> Running<'_> {
        let running = is_recorded().then(|| self.running.get_or_init(|| RUNNING.gauge(&[])));
        if let Some(running) = running {
            running.increment(1.0);
        }
        Running(running)
    }
}

impl ClassMeters {
    fn new(class: &str) -> Arc<Self> {
        Arc::new(Self {
            duration: DURATION.histogram(&[("class", class)]),
            outcomes: ByName::default(),
        })
    }
}

impl Polls {
    pub(crate) fn of(kind: ProcessKind) -> Self {
        Self {
            kind,
            count: OnceLock::new(),
        }
    }

    pub(crate) fn count(&self) {
        if is_recorded() {
            let new = || POLLS.counter(&[("kind", self.kind.name())]);
            self.count.get_or_init(new).increment(1);
        }
    }
}

/// A job that runs, until it is dropped.
pub(crate) struct Running<'a>(Option<&'a Gauge>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.0 {
            running.decrement(1.0);
        }
    }
}

/// What there is once for each value of a label. To find what is known takes neither memory nor a lock.
struct ByName<T>(ArcSwap<BTreeMap<Box<str>, T>>);

impl<T: Clone> ByName<T> {
    fn with(&self, name: &str, new: impl FnOnce() -> T, work: impl FnOnce(&T)) {
        if let Some(known) = self.0.load().get(name) {
            return work(known);
        }
        let new = new();
        self.0.rcu(|known| {
            let mut known = BTreeMap::clone(known);
            // Whoever was faster has asked for the same handle.
            known.entry(name.into()).or_insert_with(|| new.clone());
            known
        });
        work(&new);
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<T> fmt::Debug for ByName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.load().keys()).finish()
    }
}
