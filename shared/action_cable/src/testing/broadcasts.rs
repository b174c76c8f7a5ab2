use std::future::poll_fn;
use std::sync::Arc;

use serde_json::Value;

use crate::outbox::Outbox;
use crate::protocol::Dialect;
use crate::sink::Sink;
use crate::{Cable, Hub, Stream};

/// What is broadcast to one stream, as a subscriber sees it.
pub struct Broadcasts {
    hub: Hub,
    stream: String,
    sink: Arc<Sink>,
    outbox: Arc<Outbox>,
}

/// Follows a stream from now on. Waits until the adapter is ready, so that no later broadcast is missed.
pub async fn broadcasts<M>(cable: &Cable, stream: Stream<M>) -> Broadcasts {
    cable.ready().await;
    let (hub, stream) = (cable.hub().clone(), stream.into_name());
    let outbox = Arc::new(Outbox::new(usize::MAX));
    let sink = hub.sink("\"\"".into(), Dialect::Base, Arc::clone(&outbox));
    hub.subscribe(&stream, &sink);
    sink.confirm();
    sink.release();
    // The confirmation is no message.
    outbox.try_next();
    Broadcasts {
        hub,
        stream,
        sink,
        outbox,
    }
}

impl Broadcasts {
    /// The next message, once it is there.
    pub async fn next(&mut self) -> Value {
        let frame = poll_fn(|context| self.outbox.poll_next(context)).await;
        frame.as_ref().and_then(super::message).unwrap_or_default()
    }

    /// The messages that are there and have not been looked at.
    pub fn received(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.outbox.try_next())
            .filter_map(|frame| super::message(&frame))
            .collect()
    }
}

impl Drop for Broadcasts {
    fn drop(&mut self) {
        self.hub.unsubscribe(&self.stream, &self.sink);
    }
}
