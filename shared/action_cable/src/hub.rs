use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::IgnoredAny;

use crate::outbox::Outbox;
use crate::sink::Sink;
use crate::topic::Topic;

/// Where an adapter's messages arrive and find the subscribers of this process. Cheap to clone.
///
/// A message costs one look-up and then only what its own subscribers cost; streams without messages cost nothing.
#[derive(Clone, Default)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    topics: Mutex<HashMap<Arc<str>, Arc<Mutex<Topic>>>>,
    next_sink: AtomicU64,
    subscriptions: AtomicUsize,
    delivered: AtomicU64,
}

impl Hub {
    /// A hub without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes a message on to the subscribers of `stream`, without waiting for any of them. All of them see the
    /// messages of a stream in one order. A `payload` that is no JSON is dropped with a warning: it would break the
    /// frame.
    pub fn deliver(&self, stream: &str, payload: &str) {
        let Some(topic) = self.topic(stream) else {
            return;
        };
        if let Err(error) = serde_json::from_str::<IgnoredAny>(payload) {
            tracing::warn!(cable.stream = stream, error = %error, "dropped a message that is not JSON");
            return;
        }
        let delivered = lock(&topic).deliver(payload);
        self.shared
            .delivered
            .fetch_add(delivered, Ordering::Relaxed);
    }

    /// Streams with subscribers.
    pub fn streams(&self) -> usize {
        lock(&self.shared.topics).len()
    }

    /// Subscriptions, confirmed or about to be.
    pub fn subscriptions(&self) -> usize {
        self.shared.subscriptions.load(Ordering::Relaxed)
    }

    /// Messages passed on so far, once for each subscription.
    pub fn delivered(&self) -> u64 {
        self.shared.delivered.load(Ordering::Relaxed)
    }

    pub(crate) fn sink(&self, identifier: Arc<str>, outbox: Arc<Outbox>) -> Arc<Sink> {
        let id = self.shared.next_sink.fetch_add(1, Ordering::Relaxed);
        Arc::new(Sink::new(id, identifier, outbox))
    }

    pub(crate) fn count_subscription(&self) {
        self.shared.subscriptions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn discount_subscription(&self) {
        self.shared.subscriptions.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn subscribe(&self, stream: &str, sink: &Arc<Sink>) {
        self.join(stream, |topic| topic.add(sink));
    }

    pub(crate) fn unsubscribe(&self, stream: &str, sink: &Sink) {
        self.leave(stream, |topic| topic.remove(sink));
    }

    pub(crate) fn watch(&self, stream: &str, outbox: &Arc<Outbox>) {
        self.join(stream, |topic| topic.watch(outbox));
    }

    pub(crate) fn unwatch(&self, stream: &str, outbox: &Arc<Outbox>) {
        self.leave(stream, |topic| topic.unwatch(outbox));
    }

    fn join(&self, stream: &str, add: impl Fn(&mut Topic) -> bool) {
        loop {
            let topic = self.topic_or_new(stream);
            if add(&mut lock(&topic)) {
                return;
            }
            // Its last subscriber left this moment, and has not yet taken it out of the table.
            self.forget(stream, &topic);
        }
    }

    fn leave(&self, stream: &str, remove: impl FnOnce(&mut Topic) -> bool) {
        if let Some(topic) = self.topic(stream)
            && remove(&mut lock(&topic))
        {
            self.forget(stream, &topic);
        }
    }

    fn topic(&self, stream: &str) -> Option<Arc<Mutex<Topic>>> {
        lock(&self.shared.topics).get(stream).cloned()
    }

    fn topic_or_new(&self, stream: &str) -> Arc<Mutex<Topic>> {
        let mut topics = lock(&self.shared.topics);
        if let Some(topic) = topics.get(stream) {
            return Arc::clone(topic);
        }
        Arc::clone(topics.entry(stream.into()).or_default())
    }

    fn forget(&self, stream: &str, topic: &Arc<Mutex<Topic>>) {
        let mut topics = lock(&self.shared.topics);
        if topics
            .get(stream)
            .is_some_and(|known| Arc::ptr_eq(known, topic))
        {
            topics.remove(stream);
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("streams", &self.streams())
            .field("delivered", &self.delivered())
            .finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
