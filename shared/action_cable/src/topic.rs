use std::collections::HashMap;
use std::sync::Arc;

use crate::frame::Frame;
use crate::outbox::Outbox;
use crate::protocol::{self, Dialect};
use crate::sink::{Mark, Sink};
use crate::{Position, remote};

/// The subscribers of one stream, grouped by identifier: those of one group get the very same bytes.
#[derive(Debug)]
pub(crate) struct Topic {
    name: Arc<str>,
    /// The sinks are ordered by id, so that one is found among many quickly.
    groups: HashMap<Group, Vec<Arc<Sink>>>,
    /// Connections that take orders from this stream.
    watchers: Vec<Arc<Outbox>>,
    /// Whether it is empty for good and on its way out of the hub's table.
    retired: bool,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Group {
    /// Quoted.
    identifier: Arc<str>,
    dialect: Dialect,
}

impl Group {
    fn of(sink: &Sink) -> Self {
        Self {
            identifier: Arc::clone(&sink.identifier),
            dialect: sink.dialect,
        }
    }
}

impl Topic {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            groups: HashMap::new(),
            watchers: Vec::new(),
            retired: false,
        }
    }

    /// Adds a sink once, however often it is called. `false` when the topic is retired and takes nobody.
    pub(crate) fn add(&mut self, sink: &Arc<Sink>) -> bool {
        if self.retired {
            return false;
        }
        let group = self.groups.entry(Group::of(sink)).or_default();
        if let Err(at) = group.binary_search_by_key(&sink.id, |sink| sink.id) {
            group.insert(at, Arc::clone(sink));
        }
        true
    }

    /// Retires the topic and returns `true` when nobody is left.
    pub(crate) fn remove(&mut self, sink: &Sink) -> bool {
        let key = Group::of(sink);
        if let Some(group) = self.groups.get_mut(&key) {
            if let Ok(at) = group.binary_search_by_key(&sink.id, |sink| sink.id) {
                group.remove(at);
            }
            if group.is_empty() {
                self.groups.remove(&key);
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
    pub(crate) fn deliver(&self, payload: &str, position: Option<&Position>) -> u64 {
        if !self.watchers.is_empty() {
            remote::obey(payload, &self.watchers);
        }
        let mut delivered = 0;
        for (group, sinks) in &self.groups {
            let mark = self.mark(group.dialect, position);
            let frame = self.frame(group, payload, mark.as_ref());
            for sink in sinks {
                sink.deliver(frame.clone(), mark.as_ref());
                delivered += 1;
            }
        }
        delivered
    }

    /// The place of a message, for those who are told of it.
    fn mark(&self, dialect: Dialect, position: Option<&Position>) -> Option<Mark> {
        let position = position.filter(|_| dialect == Dialect::Extended)?;
        Some(Mark {
            stream: Arc::clone(&self.name),
            position: position.clone(),
        })
    }

    fn frame(&self, group: &Group, payload: &str, mark: Option<&Mark>) -> Frame {
        match mark {
            None => protocol::message(&group.identifier, payload),
            Some(Mark { position, .. }) => protocol::positioned(
                &group.identifier,
                payload,
                &protocol::quoted(&self.name),
                position,
            ),
        }
    }

    /// Has those come again who can ask for what they missed.
    pub(crate) fn interrupt(&self) {
        let groups = self.groups.iter();
        let extended = groups.filter(|(group, _)| group.dialect == Dialect::Extended);
        for sink in extended.flat_map(|(_, sinks)| sinks) {
            sink.interrupt();
        }
    }

    /// Passes on what one client says to the others.
    pub(crate) fn whisper(&self, payload: &str, from: u64) {
        for (group, sinks) in &self.groups {
            let frame = protocol::message(&group.identifier, payload);
            for sink in sinks.iter().filter(|sink| sink.id != from) {
                sink.deliver(frame.clone(), None);
            }
        }
    }

    /// Tells those who understand it who came or went.
    pub(crate) fn announce(&self, event: &str) {
        let extended = |group: &&Group| group.dialect == Dialect::Extended;
        for group in self.groups.keys().filter(extended) {
            let frame = protocol::presence(&group.identifier, event);
            for sink in &self.groups[group] {
                sink.deliver(frame.clone(), None);
            }
        }
    }
}
