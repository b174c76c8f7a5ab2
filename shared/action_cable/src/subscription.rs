use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::sink::Sink;
use crate::{Channel, Hub, Stream, json};

/// What a channel knows of one subscription and does with it.
pub struct Subscription<C: Channel> {
    /// The application.
    pub app: C::App,
    /// Who is connected.
    pub identity: C::Identity,
    streams: Streams,
    pub(crate) whispers_to: Option<String>,
    pub(crate) presence_of: Option<String>,
    pub(crate) timers: Vec<(Duration, &'static str)>,
}

/// The streams of one subscription. Dropping it ends them.
pub(crate) struct Streams {
    hub: Hub,
    sink: Arc<Sink>,
    names: BTreeSet<String>,
}

impl<C: Channel> Subscription<C> {
    pub(crate) fn new(app: C::App, identity: C::Identity, hub: Hub, sink: Arc<Sink>) -> Self {
        Self {
            app,
            identity,
            streams: Streams::new(hub, sink),
            whispers_to: None,
            presence_of: None,
            timers: Vec::new(),
        }
    }

    /// Passes the stream's messages on to the client, from now on. Once is enough: again changes nothing.
    pub fn stream_from<M>(&mut self, stream: Stream<M>) {
        self.streams.add(stream.into_name());
    }

    /// Passes the stream's messages on no longer.
    pub fn stop_stream_from<M>(&mut self, stream: &Stream<M>) {
        self.streams.remove(stream.name());
    }

    /// Passes no stream's messages on any longer.
    pub fn stop_all_streams(&mut self) {
        self.streams.clear();
    }

    /// The names of the streams whose messages are passed on.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.streams.names.iter().map(String::as_str)
    }

    /// Sends a message to this subscription alone.
    pub fn transmit<M: Serialize>(&self, message: &M) {
        match json::encode(message) {
            Ok(payload) => self.streams.sink.transmit(&payload),
            Err(error) => {
                tracing::error!(cable.channel = C::NAME, error = %error, "could not serialize a message to transmit");
            }
        }
    }

    /// Lets the client send to the others who stream from `stream`, without the application and without being kept:
    /// AnyCable's whispers. They reach the clients of this process.
    pub fn allow_whispers<M>(&mut self, stream: &Stream<M>) {
        self.whispers_to = Some(stream.name().to_owned());
    }

    /// Lets the client be present on `stream`, and ask who else is: AnyCable's presence. It knows the clients of this
    /// process.
    pub fn allow_presence<M>(&mut self, stream: &Stream<M>) {
        self.presence_of = Some(stream.name().to_owned());
    }

    /// Has [`Channel::periodically`] called with `timer` every so often, from the confirmation on: Rails'
    /// `periodically`. For [`Channel::subscribed`].
    pub fn every(&mut self, interval: Duration, timer: &'static str) {
        self.timers.push((interval, timer));
    }

    pub(crate) fn sink(&self) -> &Arc<Sink> {
        &self.streams.sink
    }
}

impl Streams {
    fn new(hub: Hub, sink: Arc<Sink>) -> Self {
        hub.count_subscription();
        Self {
            hub,
            sink,
            names: BTreeSet::new(),
        }
    }

    fn add(&mut self, name: String) {
        self.hub.subscribe(&name, &self.sink);
        self.names.insert(name);
    }

    fn remove(&mut self, name: &str) {
        if self.names.remove(name) {
            self.hub.unsubscribe(name, &self.sink);
        }
    }

    fn clear(&mut self) {
        for name in std::mem::take(&mut self.names) {
            self.hub.unsubscribe(&name, &self.sink);
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.clear();
        self.hub.discount_subscription();
    }
}
