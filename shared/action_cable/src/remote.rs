//! Disconnecting a client from another process, as `remote_connections` of Rails does: a message on a stream of its
//! own that only the server reads.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::outbox::Outbox;
use crate::protocol::Disconnect;
use crate::{Hub, Stream};

/// What such a message says.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Order {
    Disconnect {
        #[serde(default = "yes")]
        reconnect: bool,
    },
}

fn yes() -> bool {
    true
}

/// What the names of these streams begin with.
pub(crate) const PREFIX: &str = "action_cable/";

/// The stream for the connections of one identifier.
pub(crate) fn stream(connection_identifier: &str) -> Stream<Order> {
    Stream::new(format!("{PREFIX}{connection_identifier}"))
}

/// Obeys the orders for one connection, until it is dropped.
pub(crate) struct Obedience {
    hub: Hub,
    stream: Stream<Order>,
    outbox: Arc<Outbox>,
}

impl Obedience {
    pub(crate) fn new(hub: Hub, connection_identifier: &str, outbox: &Arc<Outbox>) -> Self {
        let stream = stream(connection_identifier);
        let outbox = Arc::clone(outbox);
        hub.watch(stream.name(), &outbox);
        hub.metrics().identified(stream.name());
        Self {
            hub,
            stream,
            outbox,
        }
    }
}

impl Drop for Obedience {
    fn drop(&mut self) {
        self.hub.metrics().forgotten(self.stream.name());
        self.hub.unwatch(self.stream.name(), &self.outbox);
    }
}

/// Carries out the order in `payload`, if it is one.
pub(crate) fn obey(payload: &str, connections: &[Arc<Outbox>]) {
    if let Ok(Order::Disconnect { reconnect }) = serde_json::from_str(payload) {
        if let Some(any) = connections.first() {
            any.metrics().commanded();
        }
        for outbox in connections {
            outbox.end(Disconnect::Remote { reconnect });
        }
    }
}
