use std::collections::HashMap;
use std::sync::Arc;

use crate::outbox::Outbox;
use crate::sink::Sink;
use crate::{Position, protocol, remote};

/// The subscribers of one stream, grouped by identifier: those of one group get the very same bytes.
#[derive(Debug, Default)]
pub(crate) struct Topic {
    /// The sinks are ordered by id, so that one is found among many quickly.
    groups: HashMap<Arc<str>, Vec<Arc<Sink>>>,
    /// Connections that take orders from this stream.
    watchers: Vec<Arc<Outbox>>,
    /// Whether it is empty for good and on its way out of the hub's table.
    retired: bool,
}

impl Topic {
    /// Adds a sink once, however often it is called. `false` when the topic is retired and takes nobody.
    pub(crate) fn add(&mut self, sink: &Arc<Sink>) -> bool {
        if self.retired {
            return false;
        }
        let group = self.groups.entry(Arc::clone(&sink.identifier)).or_default();
        if let Err(at) = group.binary_search_by_key(&sink.id, |sink| sink.id) {
            group.insert(at, Arc::clone(sink));
        }
        true
    }

    /// Retires the topic and returns `true` when nobody is left.
    pub(crate) fn remove(&mut self, sink: &Sink) -> bool {
        if let Some(group) = self.groups.get_mut(&sink.identifier) {
            if let Ok(at) = group.binary_search_by_key(&sink.id, |sink| sink.id) {
                group.remove(at);
            }
            if group.is_empty() {
                self.groups.remove(&sink.identifier);
            }
        }
        self.retire()
    }

    /// Adds a connection. `false` when the topic is retired.
    pub(crate) fn watch(&mut self, outbox: &Arc<Outbox>) -> bool {
        if !self.retired {
            self.watchers.push(Arc::clone(outbox));
        }
        !self.retired
    }

    /// Retires the topic and returns `true` when nobody is left.
    pub(crate) fn unwatch(&mut self, outbox: &Arc<Outbox>) -> bool {
        self.watchers.retain(|other| !Arc::ptr_eq(other, outbox));
        self.retire()
    }

    fn retire(&mut self) -> bool {
        self.retired = self.groups.is_empty() && self.watchers.is_empty();
        self.retired
    }

    /// Builds one frame for each group and passes it to all of its sinks. Returns how many got it.
    pub(crate) fn deliver(&self, _: &str, payload: &str, _: Option<&Position>) -> u64 {
        if !self.watchers.is_empty() {
            remote::obey(payload, &self.watchers);
        }
        let mut delivered = 0;
        for (identifier, sinks) in &self.groups {
            let frame = protocol::message(identifier, payload);
            for sink in sinks {
                sink.deliver(frame.clone());
                delivered += 1;
            }
        }
        delivered
    }
}
