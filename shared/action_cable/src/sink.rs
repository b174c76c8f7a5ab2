use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::frame::Frame;
use crate::load::Load;
use crate::outbox::Outbox;
use crate::protocol::{self, Dialect, Disconnect};
use crate::sent::Sent;
use crate::{PastMessage, Position};

/// The end of a subscription at which its frames go in.
///
/// What its streams bring before the subscription is confirmed is held back: a rejected one must never see it, and a
/// confirmed one sees it after the confirmation. It is held back too while the client gets what it missed before.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) id: u64,
    /// Quoted.
    pub(crate) identifier: Arc<str>,
    pub(crate) dialect: Dialect,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` while the client is away.
    outbox: Option<Arc<Outbox>>,
    held: Option<Box<Held>>,
    /// What the client has got, where it can ask for what it has not.
    sent: Sent,
}

/// Frames that wait.
#[derive(Debug, Default)]
struct Held {
    frames: VecDeque<(Frame, Option<Mark>)>,
    load: Load,
    /// Too many came: they are to be taken from the history.
    is_incomplete: bool,
}

/// Which message of which stream a frame carries.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) stream: Arc<str>,
    pub(crate) position: Position,
}

impl Sink {
    pub(crate) fn new(
        id: u64,
        identifier: Arc<str>,
        dialect: Dialect,
        outbox: Arc<Outbox>,
    ) -> Self {
        Self {
            id,
            identifier,
            dialect,
            state: Mutex::new(State {
                outbox: Some(outbox),
                held: Some(Box::default()),
                sent: Sent::default(),
            }),
        }
    }

    /// Passes on a frame of a stream.
    pub(crate) fn deliver(&self, frame: Frame, mark: Option<&Mark>) {
        let mut state = self.state();
        let State { outbox, held, sent } = &mut *state;
        let Some(outbox) = outbox else { return };
        match held {
            None => {
                if mark.is_none_or(|mark| sent.admit(mark)) {
                    outbox.push(frame);
                }
            }
            Some(held) => {
                let mut limit = outbox.limit();
                if let Some(mark) = mark {
                    sent.expect(mark);
                    // The rest of the queue is for what is there already when this is let go.
                    limit /= 2;
                }
                let taken = held.push(frame.clone(), mark, limit)
                    || held.give_up() && held.push(frame, mark, limit);
                if !taken {
                    outbox.overflow();
                }
            }
        }
    }

    /// Sends to this subscription alone, at once, even before the confirmation: Rails does so too.
    pub(crate) fn transmit(&self, payload: &str) {
        self.push(protocol::message(&self.identifier, payload));
    }

    /// Sends a frame at once.
    pub(crate) fn push(&self, frame: Frame) {
        if let Some(outbox) = &self.state().outbox {
            outbox.push(frame);
        }
    }

    /// Confirms the subscription. What was held waits for [`Sink::release`], until the client has what it missed.
    pub(crate) fn confirm(&self) {
        self.push(protocol::confirm(&self.identifier));
    }

    /// Holds back what comes from now on. Should it be too much, it is forgotten until the end of the hold.
    pub(crate) fn hold(&self) {
        let mut state = self.state();
        state.held.get_or_insert_default();
    }

    /// Whether anything waits for [`Sink::release`].
    pub(crate) fn holds(&self) -> bool {
        let state = self.state();
        let is_empty = |held: &Held| held.frames.is_empty() && !held.is_incomplete;
        state.held.as_ref().is_some_and(|held| !is_empty(held))
    }

    /// Lets go of what was held. `false` when that is not all: the history is to be read on, from what was sent.
    pub(crate) fn release(&self) -> bool {
        let mut state = self.state();
        let is_incomplete = state.held.as_ref().is_some_and(|held| held.is_incomplete);
        if let Some(held) = state.held.as_mut().filter(|_| is_incomplete) {
            held.is_incomplete = false;
            return false;
        }
        state.release();
        true
    }

    /// Sends a message of a stream that the client missed, unless it has got it.
    pub(crate) fn replay(&self, stream: &Arc<str>, epoch: &Arc<str>, message: &PastMessage) {
        let mut state = self.state();
        if state.sent.is_new(stream, epoch, message.offset) {
            let position = Position {
                epoch: Arc::clone(epoch),
                offset: message.offset,
            };
            let quoted = protocol::quoted(stream);
            state.push(protocol::positioned(
                &self.identifier,
                &message.payload,
                &quoted,
                &position,
            ));
        }
    }

    /// The client has got all of a stream up to `offset`.
    pub(crate) fn settle(&self, stream: &Arc<str>, epoch: &Arc<str>, offset: i64) {
        self.state().sent.settle(stream, epoch, offset);
    }

    /// Up to which message of each stream the client has got all that is to be had.
    pub(crate) fn settled(&self) -> Vec<(Arc<str>, Position)> {
        self.state().sent.positions()
    }

    /// Has the client come again.
    pub(crate) fn interrupt(&self) {
        if let Some(outbox) = &self.state().outbox {
            outbox.end(Disconnect::ServerRestart);
        }
    }

    /// The client is gone, but may come again.
    pub(crate) fn detach(&self) {
        let mut state = self.state();
        state.outbox = None;
        state.held = None;
        state.sent = Sent::default();
    }

    /// The client is back. What comes is held until it has told what it missed.
    pub(crate) fn attach(&self, outbox: Arc<Outbox>) {
        let mut state = self.state();
        state.outbox = Some(outbox);
        state.held = Some(Box::default());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&self, frame: Frame) {
        if let Some(outbox) = &self.outbox {
            outbox.push(frame);
        }
    }

    fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        for (frame, mark) in held.frames {
            if mark.is_none_or(|mark| self.sent.admit(&mark)) {
                self.push(frame);
            }
        }
    }
}

impl Held {
    /// Whether it took the frame.
    fn push(&mut self, frame: Frame, mark: Option<&Mark>, limit: usize) -> bool {
        if self.is_incomplete && mark.is_some() {
            return true;
        }
        let has_room = self.load.add(frame.len(), limit);
        if has_room {
            self.frames.push_back((frame, mark.cloned()));
        }
        has_room
    }

    /// Forgets what the history has. `false` when that is nothing.
    fn give_up(&mut self) -> bool {
        let before = self.frames.len();
        self.frames.retain(|(_, mark)| mark.is_none());
        self.load = Load::default();
        for (frame, _) in &self.frames {
            self.load.add(frame.len(), usize::MAX);
        }
        self.is_incomplete |= self.frames.len() < before;
        self.frames.len() < before
    }
}
