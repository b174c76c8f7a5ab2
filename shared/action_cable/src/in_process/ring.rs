//! The newest messages of all streams, in the order of their offsets.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use serde::de::IgnoredAny;

use crate::{Backlog, History, PastMessage, Position, Since};

/// Messages that are kept, and their bytes.
const MESSAGES: usize = 1000;
const BYTES: usize = 1024 * 1024;

/// What is read at a time, at least one message.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 256 * 1024;

pub(super) struct Ring {
    /// A process begins anew with its numbers, so it has a name of its own for them.
    epoch: Arc<str>,
    messages: VecDeque<Kept>,
    bytes: usize,
    /// The offset of the newest message, 0 before the first.
    newest: i64,
    /// The offset of the newest message that was dropped: all after it are here.
    floor: i64,
}

struct Kept {
    offset: i64,
    at: SystemTime,
    stream: Box<str>,
    payload: Box<str>,
}

impl Kept {
    fn size(&self) -> usize {
        self.stream.len() + self.payload.len()
    }
}

impl Default for Ring {
    fn default() -> Self {
        // Its keys are random ones of the system.
        let random = RandomState::new().build_hasher().finish();
        Self {
            epoch: format!("{random:016x}").into(),
            messages: VecDeque::new(),
            bytes: 0,
            newest: 0,
            floor: 0,
        }
    }
}

impl Ring {
    /// Keeps a message, and says where it stands.
    pub(super) fn push(&mut self, stream: &str, payload: &str) -> Position {
        self.newest += 1;
        let message = Kept {
            offset: self.newest,
            at: SystemTime::now(),
            stream: stream.into(),
            payload: payload.into(),
        };
        self.bytes += message.size();
        self.messages.push_back(message);
        self.make_room();
        Position {
            epoch: Arc::clone(&self.epoch),
            offset: self.newest,
        }
    }

    /// The newest message stays, however long it is.
    fn make_room(&mut self) {
        while self.messages.len() > 1
            && (self.messages.len() > MESSAGES || self.bytes > BYTES)
            && let Some(oldest) = self.messages.pop_front()
        {
            self.bytes -= oldest.size();
            self.floor = oldest.offset;
        }
    }

    /// The next messages of the stream.
    pub(super) fn since(&self, stream: &str, since: &Since) -> History {
        match since {
            Since::Position(Position { epoch, offset }) => {
                if *epoch != self.epoch || !(self.floor..=self.newest).contains(offset) {
                    return History::Lost;
                }
                // They are sorted: a look at those before would cost as much as the whole ring.
                let first = self.messages.partition_point(|kept| kept.offset <= *offset);
                self.batch(stream, self.messages.range(first..))
            }
            // The clock may have been set back meanwhile, so they need not be sorted by it.
            Since::Time(time) => {
                self.batch(stream, self.messages.iter().filter(|kept| kept.at >= *time))
            }
        }
    }

    fn batch<'a>(&self, stream: &str, kept: impl Iterator<Item = &'a Kept>) -> History {
        let mut messages: Vec<PastMessage> = Vec::new();
        let (mut bytes, mut has_more) = (0, false);
        for kept in kept.filter(|kept| *kept.stream == *stream && is_json(&kept.payload)) {
            bytes += kept.payload.len();
            has_more = messages.len() == BATCH || (!messages.is_empty() && bytes > BATCH_BYTES);
            if has_more {
                break;
            }
            messages.push(PastMessage {
                offset: kept.offset,
                payload: kept.payload.as_ref().into(),
            });
        }
        let last = messages.last().filter(|_| has_more);
        History::Kept(Backlog {
            epoch: Arc::clone(&self.epoch),
            complete_to: last.map_or(self.newest, |message| message.offset),
            messages,
            has_more,
        })
    }
}

/// The hub passes nothing else on.
fn is_json(payload: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(payload).is_ok()
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("epoch", &self.epoch)
            .field("newest", &self.newest)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ring: &Ring, stream: &str, offset: i64) -> History {
        let epoch = Arc::clone(&ring.epoch);
        ring.since(stream, &Since::Position(Position { epoch, offset }))
    }

    fn offsets(history: History) -> Option<Vec<i64>> {
        match history {
            History::Kept(backlog) => Some(backlog.messages.iter().map(|it| it.offset).collect()),
            History::Lost => None,
        }
    }

    #[test]
    fn so_many_messages_are_kept() {
        let mut ring = Ring::default();
        for _ in 0..MESSAGES + 10 {
            ring.push("s", "1");
        }
        assert_eq!(ring.messages.len(), MESSAGES);
        assert_eq!(offsets(after(&ring, "s", 9)), None);
        let first = offsets(after(&ring, "s", 10)).unwrap();
        assert_eq!(first, (11..=110).collect::<Vec<_>>());
        // A stream of which nothing was dropped shares the floor.
        assert_eq!(offsets(after(&ring, "other", 9)), None);
        assert_eq!(offsets(after(&ring, "other", 10)), Some(Vec::new()));
    }

    #[test]
    fn so_many_bytes_are_kept() {
        let mut ring = Ring::default();
        let payload = format!("\"{}\"", "x".repeat(BYTES / 4));
        for _ in 0..5 {
            ring.push("s", &payload);
        }
        assert!(ring.bytes <= BYTES);
        assert_eq!(offsets(after(&ring, "s", 1)), None);
        assert_eq!(offsets(after(&ring, "s", 2)), Some(vec![3]));
        ring.push("s", &format!("\"{}\"", "x".repeat(BYTES)));
        assert_eq!(ring.messages.len(), 1);
        assert_eq!(offsets(after(&ring, "s", 4)), None);
        assert_eq!(offsets(after(&ring, "s", 5)), Some(vec![6]));
        ring.push("s", "1");
        assert_eq!(ring.messages.len(), 1);
        assert_eq!(offsets(after(&ring, "s", 6)), Some(vec![7]));
    }

    #[test]
    fn each_process_has_an_epoch_of_its_own() {
        assert_ne!(Ring::default().epoch, Ring::default().epoch);
    }
}
