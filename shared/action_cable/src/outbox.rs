//! What waits for one client. Bounded in bytes: whoever reads too slowly is disconnected and may come again, so that
//! nobody's slowness costs the others time or memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;
use actix_ws::CloseCode;
use bytestring::ByteString;
use tokio::sync::Notify;

use crate::protocol::Disconnect;

/// What a frame costs beyond its bytes: its place in the queue.
const FRAME_COST: usize = 64;
/// Room that a queue keeps when it has become empty, in frames.
const KEPT_ROOM: usize = 16;

/// A frame to a client.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(ByteString),
    Pong(Bytes),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What the client is told before.
    pub(crate) disconnect: Option<Disconnect>,
    pub(crate) code: CloseCode,
}

impl From<Disconnect> for Ending {
    fn from(disconnect: Disconnect) -> Self {
        Self {
            disconnect: Some(disconnect),
            code: CloseCode::Normal,
        }
    }
}

pub(crate) enum Next {
    Frame(Frame),
    End(Ending),
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    limit: usize,
    state: Mutex<State>,
    ready: Notify,
    ending: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    ending: Option<Ending>,
}

impl Outbox {
    /// Takes up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            ready: Notify::new(),
            ending: Notify::new(),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Queues a frame; one that finds no room ends the connection.
    pub(crate) fn push(&self, frame: Frame) {
        let mut state = self.lock();
        if state.ending.is_some() {
            return;
        }
        let taken = state.queue.push(frame, self.limit);
        drop(state);
        if taken {
            self.ready.notify_one();
        } else {
            self.overflow();
        }
    }

    pub(crate) fn push_text(&self, text: ByteString) {
        self.push(Frame::Text(text));
    }

    /// Gives the client up: what waits for it is dropped.
    pub(crate) fn overflow(&self) {
        self.lock().queue = Queue::default();
        self.end(Disconnect::SlowClient);
    }

    /// Ends the connection after what already waits. The first reason stands.
    pub(crate) fn end(&self, ending: impl Into<Ending>) {
        self.lock().ending.get_or_insert(ending.into());
        self.ready.notify_one();
        self.ending.notify_waiters();
    }

    /// Completes once the connection is to end.
    pub(crate) async fn ended(&self) {
        let notified = self.ending.notified();
        if self.lock().ending.is_none() {
            notified.await;
        }
    }

    /// The next frame, or the end after the last one. For one caller at a time; cancel safe.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.ready.notified().await;
        }
    }

    pub(crate) fn try_next(&self) -> Option<Next> {
        self.lock().next()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<Next> {
        if let Some(frame) = self.queue.pop() {
            return Some(Next::Frame(frame));
        }
        self.ending.map(Next::End)
    }
}

impl Queue {
    /// Whether it took the frame. An empty queue takes a frame of any size.
    pub(crate) fn push(&mut self, frame: Frame, limit: usize) -> bool {
        let cost = frame.cost();
        if !self.frames.is_empty() && self.bytes + cost > limit {
            return false;
        }
        self.bytes += cost;
        self.frames.push_back(frame);
        true
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.cost();
        if self.frames.is_empty() && self.frames.capacity() > KEPT_ROOM {
            self.frames.shrink_to(KEPT_ROOM);
        }
        Some(frame)
    }
}

impl Frame {
    fn cost(&self) -> usize {
        FRAME_COST
            + match self {
                Self::Text(text) => text.len(),
                Self::Pong(data) => data.len(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outbox: &Outbox) -> Option<ByteString> {
        match outbox.try_next()? {
            Next::Frame(Frame::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn a_full_queue_ends_the_connection() {
        let outbox = Outbox::new(2 * (FRAME_COST + 1));
        for frame in ["a", "b", "c", "d"] {
            outbox.push_text(frame.into());
        }
        let Some(Next::End(ending)) = outbox.try_next() else {
            panic!("expected the end");
        };
        assert_eq!(ending, Disconnect::SlowClient.into());
    }

    #[test]
    fn a_queue_that_is_read_from_takes_more() {
        let outbox = Outbox::new(2 * (FRAME_COST + 1));
        for frame in ["a", "b", "c", "d"] {
            outbox.push_text(frame.into());
            assert_eq!(text(&outbox).unwrap(), frame);
        }
    }

    #[test]
    fn an_empty_queue_takes_a_frame_of_any_size() {
        let outbox = Outbox::new(10);
        outbox.push_text("longer than ten bytes".into());
        assert!(text(&outbox).is_some());
    }

    #[test]
    fn the_end_comes_after_what_waits_and_the_first_reason_stands() {
        let outbox = Outbox::new(1000);
        outbox.push_text("a".into());
        outbox.end(Disconnect::ServerRestart);
        outbox.end(Disconnect::Unauthorized);
        outbox.push_text("too late".into());
        assert!(text(&outbox).is_some());
        let Some(Next::End(ending)) = outbox.try_next() else {
            panic!("expected the end");
        };
        assert_eq!(ending, Disconnect::ServerRestart.into());
    }
}
