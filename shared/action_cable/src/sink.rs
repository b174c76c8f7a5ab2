use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::frame::Frame;
use crate::outbox::{Outbox, Queue};
use crate::protocol;

/// The end of a subscription at which its frames go in.
///
/// What its streams bring before the subscription is confirmed is held back: a rejected one must never see it, and a
/// confirmed one sees it after the confirmation.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) id: u64,
    /// Quoted.
    pub(crate) identifier: Arc<str>,
    outbox: Arc<Outbox>,
    held: Mutex<Option<Queue>>,
}

impl Sink {
    pub(crate) fn new(id: u64, identifier: Arc<str>, outbox: Arc<Outbox>) -> Self {
        Self {
            id,
            identifier,
            outbox,
            held: Mutex::new(Some(Queue::default())),
        }
    }

    /// Passes on a frame of a stream.
    pub(crate) fn deliver(&self, frame: Frame) {
        let mut held = self.held();
        match &mut *held {
            None => self.outbox.push(frame),
            Some(queue) => {
                if !queue.push(frame, self.outbox.limit()) {
                    self.outbox.overflow();
                }
            }
        }
    }

    /// Sends to this subscription alone, at once, even before the confirmation: Rails does so too.
    pub(crate) fn transmit(&self, payload: &str) {
        let frame = protocol::message(&self.identifier, payload);
        self.outbox.push(frame);
    }

    /// Confirms the subscription and lets go of what was held.
    pub(crate) fn confirm(&self) {
        let mut held = self.held();
        self.outbox.push(protocol::confirm(&self.identifier));
        if let Some(mut queue) = held.take() {
            while let Some(frame) = queue.pop() {
                self.outbox.push(frame);
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Queue>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
