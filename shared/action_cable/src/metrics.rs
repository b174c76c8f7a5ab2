//! What the servers of a process count. Cheap to count: the recorder gets the numbers when somebody asks for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::outbox::Ending;
use crate::protocol::Disconnect;
use crate::server::Shared;
use crate::{Identify, ListenerState, Server, Stats};

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    client_messages: Count,
    failed_client_messages: Count,
    received_bytes: Count,
    server_messages: Count,
    failed_server_messages: Count,
    sent_bytes: Count,
    broadcasts: Count,
    failed_broadcasts: Count,
    failed_auths: Count,
    slow_clients: Count,
    remote_commands: Count,
    /// Connections of server-sent events.
    event_streams: AtomicUsize,
    /// How many connections each identity has.
    identities: Mutex<HashMap<String, usize>>,
}

#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A client sent a command of so many bytes.
    pub(crate) fn received(&self, bytes: usize) {
        self.client_messages.add(1);
        self.received_bytes.add(bytes);
    }

    /// What a client sent could not be performed.
    pub(crate) fn ignored(&self) {
        self.failed_client_messages.add(1);
    }

    /// A frame of so many bytes went to a client.
    pub(crate) fn sent(&self, bytes: usize) {
        self.server_messages.add(1);
        self.sent_bytes.add(bytes);
    }

    /// A frame found no room.
    pub(crate) fn unsent(&self) {
        self.failed_server_messages.add(1);
    }

    /// A message arrived from the adapter.
    pub(crate) fn broadcast(&self) {
        self.broadcasts.add(1);
    }

    /// It was none that could be delivered.
    pub(crate) fn undeliverable(&self) {
        self.failed_broadcasts.add(1);
    }

    /// A client was not let in.
    pub(crate) fn refused(&self) {
        self.failed_auths.add(1);
    }

    /// A connection is to end.
    pub(crate) fn ended(&self, ending: Ending) {
        if ending.disconnect == Some(Disconnect::TooSlow) {
            self.slow_clients.add(1);
        }
    }

    /// An order to disconnect came from another process.
    pub(crate) fn commanded(&self) {
        self.remote_commands.add(1);
    }

    /// A connection of server-sent events has been opened.
    pub(crate) fn event_stream_opened(&self) {
        self.event_streams.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection of server-sent events is gone.
    pub(crate) fn event_stream_closed(&self) {
        self.event_streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// A connection of an identity has been opened.
    pub(crate) fn identified(&self, identity: &str) {
        *self.identities().entry(identity.to_owned()).or_default() += 1;
    }

    /// A connection of an identity is gone.
    pub(crate) fn forgotten(&self, identity: &str) {
        let mut identities = self.identities();
        if let Some(connections) = identities.get_mut(identity) {
            *connections -= 1;
            if *connections == 0 {
                identities.remove(identity);
            }
        }
    }

    /// Clients with one identity are one; those without are each somebody else.
    fn unique_clients(&self, connections: usize) -> usize {
        let identities = self.identities();
        let identified = identities.values().sum();
        identities.len() + connections.saturating_sub(identified)
    }

    fn identities(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.identities
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Under the names that AnyCable gave them.
    fn counters(&self) -> [(&'static str, &Count, &'static str); 11] {
        [
            (
                "client_msg_total",
                &self.client_messages,
                "Messages from clients.",
            ),
            (
                "failed_client_msg_total",
                &self.failed_client_messages,
                "Messages from clients that could not be performed.",
            ),
            (
                "data_rcvd_total",
                &self.received_bytes,
                "Bytes of messages from clients.",
            ),
            (
                "server_msg_total",
                &self.server_messages,
                "Frames sent to clients.",
            ),
            (
                "failed_server_msg_total",
                &self.failed_server_messages,
                "Frames that a client had no room for.",
            ),
            (
                "data_sent_total",
                &self.sent_bytes,
                "Bytes sent to clients.",
            ),
            (
                "broadcast_msg_total",
                &self.broadcasts,
                "Messages that arrived for streams.",
            ),
            (
                "failed_broadcast_msg_total",
                &self.failed_broadcasts,
                "Messages that arrived for streams and are no JSON.",
            ),
            (
                "failed_auths_total",
                &self.failed_auths,
                "Clients that were not let in.",
            ),
            (
                "disconnected_slow_clients_total",
                &self.slow_clients,
                "Clients that read too slowly.",
            ),
            (
                "remote_commands_total",
                &self.remote_commands,
                "Orders to disconnect clients.",
            ),
        ]
    }
}

const PREFIX: &str = "anycable_go_";

/// Gauges, with those of AnyCable under its names.
const GAUGES: [(&str, Unit, &str); 7] = [
    ("anycable_go_clients_num", Unit::Count, "Open connections."),
    (
        "anycable_go_clients_uniq_num",
        Unit::Count,
        "Clients, those with one identity counted once.",
    ),
    (
        "anycable_go_sse_clients_num",
        Unit::Count,
        "Open connections of server-sent events.",
    ),
    (
        "anycable_go_broadcast_streams_num",
        Unit::Count,
        "Streams with subscribers.",
    ),
    (
        "action_cable_subscriptions",
        Unit::Count,
        "Subscriptions of open connections.",
    ),
    (
        "action_cable_listener_up",
        Unit::Count,
        "1 while the listener hands on what arrives, else 0.",
    ),
    (
        "action_cable_listener_silence_seconds",
        Unit::Seconds,
        "How long ago the listener last looked for messages with success.",
    ),
];

const DELIVERED: &str = "action_cable_messages_delivered_total";

/// Tells the installed recorder what the metrics of this library mean and in which units they are.
pub fn describe_metrics() {
    for (name, _, help) in Metrics::default().counters() {
        describe_counter!(format!("{PREFIX}{name}"), Unit::Count, help);
    }
    for (name, unit, help) in GAUGES {
        describe_gauge!(name, unit, help);
    }
    describe_counter!(
        DELIVERED,
        Unit::Count,
        "Messages handed to connections, once for each subscription."
    );
}

impl<A, I> Server<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Hands the numbers of this moment to the installed recorder of the `metrics` facade, for whoever asks for them.
    pub fn record_metrics(&self) {
        let (stats, metrics) = (self.stats(), self.shared.metrics());
        for (name, Count(count), _) in metrics.counters() {
            counter!(format!("{PREFIX}{name}")).absolute(count.load(Ordering::Relaxed));
        }
        counter!(DELIVERED).absolute(stats.delivered);
        for ((name, ..), value) in GAUGES.into_iter().zip(metrics.gauges(&stats)) {
            gauge!(name).set(value);
        }
    }
}

impl Metrics {
    /// The values of the gauges, in their order.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts as many clients")]
    fn gauges(&self, stats: &Stats) -> [f64; 7] {
        let listener = &stats.listener;
        let is_up = listener.state == ListenerState::Listening;
        let silence = listener
            .since_poll
            .map_or(f64::INFINITY, |age| age.as_secs_f64());
        [
            stats.connections as f64,
            self.unique_clients(stats.connections) as f64,
            self.event_streams.load(Ordering::Relaxed) as f64,
            stats.streams as f64,
            stats.subscriptions as f64,
            f64::from(u8::from(is_up)),
            silence,
        ]
    }
}

impl<A, I> Shared<A, I> {
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        self.cable.hub().metrics()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_identity_are_one() {
        let metrics = Metrics::default();
        for identity in ["a", "a", "b"] {
            metrics.identified(identity);
        }
        assert_eq!(metrics.unique_clients(5), 4);
        for identity in ["a", "b", "nobody"] {
            metrics.forgotten(identity);
        }
        assert_eq!(metrics.unique_clients(3), 3);
        metrics.forgotten("a");
        assert_eq!(metrics.unique_clients(0), 0);
        assert!(metrics.identities().is_empty());
    }
}
