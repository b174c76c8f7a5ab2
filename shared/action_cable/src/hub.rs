use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::IgnoredAny;

use crate::Position;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::protocol::Dialect;
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
    metrics: Arc<Metrics>,
}

impl Hub {
    /// A hub without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes a message on to the subscribers of `stream`, without waiting for any of them. All of them see the
    /// messages of a stream in one order. A `payload` that is no JSON is dropped with a warning: it would break the
    /// frame.
    ///
    /// `position` is that of the message, where the adapter keeps messages. Those of a stream come in its order.
    pub fn deliver(&self, stream: &str, payload: &str, position: Option<&Position>) {
        self.shared.metrics.broadcast();
        let Some(topic) = self.topic(stream) else {
            return;
        };
        if let Err(error) = serde_json::from_str::<IgnoredAny>(payload) {
            tracing::warn!(cable.stream = stream, error = %error, "dropped a message that is not JSON");
            self.shared.metrics.undeliverable();
            return;
        }
        let delivered = lock(&topic).deliver(payload, position);
        self.shared
            .delivered
            .fetch_add(delivered, Ordering::Relaxed);
    }

    /// Messages were missed that nobody can deliver any more. Clients that know where they are in a stream are told to come
    /// again, so that they ask for what they missed and hear that it is lost.
    pub fn interrupt(&self) {
        let topics: Vec<_> = lock(&self.shared.topics).values().cloned().collect();
        for topic in topics {
            lock(&topic).interrupt();
        }
    }

    /// Streams with subscribers.
    pub fn streams(&self) -> usize {
        lock(&self.shared.topics).len()
    }

    /// Subscriptions, confirmed or about to be, and those of clients that are away and may come back.
    pub fn subscriptions(&self) -> usize {
        self.shared.subscriptions.load(Ordering::Relaxed)
    }

    /// Messages passed on so far, once for each subscription.
    pub fn delivered(&self) -> u64 {
        self.shared.delivered.load(Ordering::Relaxed)
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    /// Passes on what the client of `from` says, to everybody else who streams from `stream` in this process.
    pub(crate) fn whisper(&self, stream: &str, payload: &str, from: &Sink) {
        if let Some(topic) = self.topic(stream) {
            lock(&topic).whisper(payload, from.id);
        }
    }

    /// Tells the subscribers of `stream` in this process of an event of its presence.
    pub(crate) fn announce(&self, stream: &str, event: &str) {
        if let Some(topic) = self.topic(stream) {
            lock(&topic).announce(event);
        }
    }

    pub(crate) fn sink(
        &self,
        identifier: Arc<str>,
        dialect: Dialect,
        outbox: Arc<Outbox>,
    ) -> Arc<Sink> {
        let id = self.shared.next_sink.fetch_add(1, Ordering::Relaxed);
        Arc::new(Sink::new(id, identifier, dialect, outbox))
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
        let name: Arc<str> = stream.into();
        let topic = Arc::new(Mutex::new(Topic::new(Arc::clone(&name))));
        topics.insert(name, Arc::clone(&topic));
        topic
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

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(hub: &Hub, stream: &str, identifier: &str) -> (Arc<Sink>, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::new(usize::MAX));
        let sink = hub.sink(identifier.into(), Dialect::Base, Arc::clone(&outbox));
        hub.subscribe(stream, &sink);
        sink.confirm();
        sink.release();
        outbox.try_next();
        (sink, outbox)
    }

    fn next(outbox: &Outbox) -> Option<String> {
        let frame = outbox.try_next()?;
        Some(String::from_utf8(frame.payload().to_vec()).unwrap())
    }

    #[test]
    fn subscribers_with_one_identifier_get_the_very_same_bytes() {
        let hub = Hub::new();
        let [(_a, a), (_b, b), (_c, c)] =
            ["\"x\"", "\"x\"", "\"y\""].map(|identifier| subscriber(&hub, "s", identifier));
        hub.deliver("s", "12345678901234567890123", None);
        let [a, b, c] = [a, b, c].map(|outbox| outbox.try_next().unwrap());
        let number = "12345678901234567890123";
        let expected = |name| format!(r#"{{"identifier":"{name}","message":{number}}}"#);
        assert_eq!(a.payload(), expected("x").as_bytes());
        assert_eq!(a.payload().as_ptr(), b.payload().as_ptr());
        assert_eq!(c.payload(), expected("y").as_bytes());
        assert_eq!(hub.delivered(), 3);
    }

    #[test]
    fn messages_of_other_streams_and_what_is_not_json_are_dropped() {
        let hub = Hub::new();
        let (_sink, outbox) = subscriber(&hub, "s", "\"x\"");
        hub.deliver("other", "1", None);
        for payload in ["", "{", "a string", "1}", "1,\"type\":1"] {
            hub.deliver("s", payload, None);
        }
        assert!(outbox.try_next().is_none());
    }

    #[test]
    fn all_subscribers_see_concurrent_messages_in_one_order() {
        let hub = Hub::new();
        let (_a, a) = subscriber(&hub, "s", "\"x\"");
        let (_b, b) = subscriber(&hub, "s", "\"y\"");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let hub = &hub;
                scope.spawn(move || {
                    for number in 0..500 {
                        hub.deliver("s", &format!("{}", thread * 1000 + number), None);
                    }
                });
            }
        });
        let messages = |outbox: &Outbox| {
            let frames = std::iter::from_fn(|| next(outbox));
            let messages = frames.map(|frame| frame.split("message").nth(1).unwrap().to_owned());
            messages.collect::<Vec<_>>()
        };
        let (a, b) = (messages(&a), messages(&b));
        assert_eq!(a.len(), 2000);
        assert_eq!(a, b);
    }

    #[test]
    fn a_stream_is_there_as_long_as_its_subscribers_are() {
        let hub = Hub::new();
        let (a, _) = subscriber(&hub, "s", "\"x\"");
        let (b, outbox) = subscriber(&hub, "s", "\"x\"");
        hub.subscribe("s", &b);
        hub.unsubscribe("s", &a);
        hub.unsubscribe("s", &a);
        hub.deliver("s", "1", None);
        assert!(next(&outbox).is_some());
        assert!(next(&outbox).is_none());
        assert_eq!(hub.streams(), 1);
        hub.unsubscribe("s", &b);
        assert_eq!(hub.streams(), 0);
    }

    #[test]
    fn subscribing_while_others_leave_never_loses_a_subscriber() {
        let hub = Hub::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let (sink, outbox) = subscriber(&hub, "s", "\"x\"");
                        hub.deliver("s", "1", None);
                        assert!(next(&outbox).is_some());
                        hub.unsubscribe("s", &sink);
                    }
                });
            }
        });
        assert_eq!(hub.streams(), 0);
    }
}
