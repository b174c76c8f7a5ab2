//! What waits for one client. Bounded in bytes: whoever reads too slowly is disconnected and may come again, so that
//! nobody's slowness costs the others time or memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use actix_ws::CloseCode;
use tokio::sync::Notify;

use crate::frame::Frame;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::protocol::Disconnect;

/// Room that a queue keeps when it has become empty, in frames.
const KEPT_ROOM: usize = 16;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
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

#[derive(Debug)]
pub(crate) struct Outbox {
    limit: usize,
    state: Mutex<State>,
    /// It is to end, or has room again for somebody who waits for that.
    news: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    ended: bool,
    /// Nobody reads any more.
    is_left: bool,
    wants_room: bool,
    reader: Option<Waker>,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    frames: VecDeque<Frame>,
    load: Load,
}

impl Outbox {
    /// Takes up to `limit` bytes beside the longest frame.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            news: Notify::new(),
            metrics: Arc::default(),
        }
    }

    /// Counts along with the others.
    pub(crate) fn measured(mut self, metrics: &Arc<Metrics>) -> Self {
        self.metrics = Arc::clone(metrics);
        self
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Queues a frame; one that finds no room ends the connection.
    pub(crate) fn push(&self, frame: Frame) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        let taken = state.queue.push(frame, self.limit);
        let reader = state.reader.take();
        drop(state);
        if !taken {
            self.overflow();
        }
        wake(reader);
    }

    /// Gives the client up: what waits for it is dropped.
    pub(crate) fn overflow(&self) {
        self.metrics.unsent();
        self.finish(Disconnect::TooSlow.into(), Queue::clear);
    }

    /// Ends the connection after what already waits. The first reason stands.
    pub(crate) fn end(&self, ending: impl Into<Ending>) {
        self.finish(ending.into(), |_| ());
    }

    fn finish(&self, ending: Ending, prepare: impl FnOnce(&mut Queue)) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        state.ended = true;
        self.metrics.ended(ending);
        prepare(&mut state.queue);
        if let Some(disconnect) = ending.disconnect {
            tracing::debug!(cable.reason = disconnect.reason(), "disconnecting a client");
            state.queue.push(disconnect.frame(), usize::MAX);
        }
        state.queue.push(Frame::close(ending.code), usize::MAX);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        self.news.notify_waiters();
    }

    /// Whether the connection is to end.
    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Completes once the connection is to end.
    pub(crate) async fn ended(&self) {
        loop {
            let news = self.news.notified();
            if self.has_ended() {
                return;
            }
            news.await;
        }
    }

    /// Completes once no more than half of what may wait does. `false` when the connection is to end, or has ended, instead.
    pub(crate) async fn has_room(&self) -> bool {
        loop {
            let news = self.news.notified();
            {
                let mut state = self.lock();
                if state.ended || state.is_left {
                    return false;
                }
                if state.queue.load.bytes() <= self.limit / 2 {
                    return true;
                }
                state.wants_room = true;
            }
            news.await;
        }
    }

    /// The next frame, and `None` after the last one. For one reader.
    pub(crate) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        let mut state = self.lock();
        match self.pop(&mut state) {
            Some(frame) => Poll::Ready(Some(frame)),
            None if state.ended => Poll::Ready(None),
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The reader is gone. How the connection ended is for others to find out.
    pub(crate) fn leave(&self) {
        self.lock().is_left = true;
        self.news.notify_waiters();
    }

    /// Whether the reader is gone.
    pub(crate) fn is_left(&self) -> bool {
        self.lock().is_left
    }

    /// The next frame, if it is there.
    pub(crate) fn try_next(&self) -> Option<Frame> {
        self.pop(&mut self.lock())
    }

    fn pop(&self, state: &mut State) -> Option<Frame> {
        let frame = state.queue.pop()?;
        if state.wants_room && state.queue.load.bytes() <= self.limit / 2 {
            state.wants_room = false;
            self.news.notify_waiters();
        }
        Some(frame)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(reader: Option<Waker>) {
    if let Some(reader) = reader {
        reader.wake();
    }
}

impl Queue {
    /// Whether it took the frame.
    pub(crate) fn push(&mut self, frame: Frame, limit: usize) -> bool {
        let has_room = self.load.add(frame.len(), limit);
        if has_room {
            self.frames.push_back(frame);
        }
        has_room
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.load.remove(frame.len());
        if self.frames.is_empty() && self.frames.capacity() > KEPT_ROOM {
            self.frames.shrink_to(KEPT_ROOM);
        }
        Some(frame)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has room for two frames of a letter.
    const ROOM: usize = 100;

    fn text(outbox: &Outbox) -> Option<String> {
        let frame = outbox.try_next()?;
        Some(String::from_utf8_lossy(frame.payload()).into_owned())
    }

    fn is_closed(outbox: &Outbox) -> bool {
        text(outbox).as_deref() == Some("\u{3}\u{fffd}") && outbox.try_next().is_none()
    }

    #[test]
    fn a_full_queue_ends_the_connection() {
        let outbox = Outbox::new(ROOM);
        for frame in ["a", "b", "c", "d"] {
            outbox.push(Frame::text(&[frame]));
        }
        assert!(text(&outbox).unwrap().contains("too_slow"));
        assert!(is_closed(&outbox));
    }

    #[test]
    fn a_queue_that_is_read_from_takes_more() {
        let outbox = Outbox::new(ROOM);
        for frame in ["a", "b", "c", "d"] {
            outbox.push(Frame::text(&[frame]));
            assert_eq!(text(&outbox).unwrap(), frame);
        }
    }

    #[test]
    fn a_frame_of_any_size_may_wait_among_others() {
        let outbox = Outbox::new(ROOM);
        let long = "x".repeat(2 * ROOM);
        for frame in ["a", &long] {
            outbox.push(Frame::text(&[frame]));
        }
        assert_eq!(text(&outbox).unwrap(), "a");
        outbox.push(Frame::text(&["b"]));
        assert_eq!(text(&outbox).unwrap(), long);
        outbox.push(Frame::text(&[&long]));
        assert_eq!(text(&outbox).unwrap(), "b");
        assert_eq!(text(&outbox).unwrap(), long);
    }

    #[test]
    fn the_end_comes_after_what_waits_and_the_first_reason_stands() {
        let outbox = Outbox::new(1000);
        outbox.push(Frame::text(&["a"]));
        outbox.end(Disconnect::ServerRestart);
        outbox.end(Disconnect::Unauthorized);
        outbox.push(Frame::text(&["too late"]));
        assert_eq!(text(&outbox).unwrap(), "a");
        assert!(text(&outbox).unwrap().contains("server_restart"));
        assert!(is_closed(&outbox));
    }
}
