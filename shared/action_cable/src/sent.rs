use std::sync::Arc;

use crate::Position;
use crate::sink::Mark;

/// Which messages a subscription has got of its streams: for each a range of offsets, within which it has got all.
#[derive(Debug, Default)]
pub(crate) struct Sent(Vec<Range>);

#[derive(Debug)]
struct Range {
    stream: Arc<str>,
    epoch: Arc<str>,
    first: i64,
    last: i64,
}

impl Sent {
    /// Whether a live message is new; it counts as sent from then on.
    pub(crate) fn admit(&mut self, Mark { stream, position }: &Mark) -> bool {
        let offset = position.offset;
        match self.find(stream, &position.epoch) {
            Some(range) if offset <= range.last => false,
            Some(range) => {
                range.last = offset;
                true
            }
            None => {
                self.begin(stream, &position.epoch, offset, offset);
                true
            }
        }
    }

    /// Whether a message of the history is new.
    pub(crate) fn is_new(&mut self, stream: &Arc<str>, epoch: &Arc<str>, offset: i64) -> bool {
        self.find(stream, epoch)
            .is_none_or(|range| offset < range.first || offset > range.last)
    }

    /// All of the history up to `offset` has been sent.
    pub(crate) fn settle(&mut self, stream: &Arc<str>, epoch: &Arc<str>, offset: i64) {
        match self.find(stream, epoch) {
            Some(range) => range.last = range.last.max(offset),
            None => self.begin(stream, epoch, offset, offset),
        }
    }

    /// A live message waits: of its stream, all before it is settled that was not asked for.
    pub(crate) fn expect(&mut self, Mark { stream, position }: &Mark) {
        if self.find(stream, &position.epoch).is_none() {
            let before = position.offset - 1;
            self.begin(stream, &position.epoch, position.offset, before);
        }
    }

    /// The newest message of each stream that was sent or settled.
    pub(crate) fn positions(&self) -> Vec<(Arc<str>, Position)> {
        let position = |range: &Range| Position {
            epoch: Arc::clone(&range.epoch),
            offset: range.last,
        };
        let ranges = self.0.iter();
        ranges
            .map(|range| (Arc::clone(&range.stream), position(range)))
            .collect()
    }

    fn find(&mut self, stream: &str, epoch: &str) -> Option<&mut Range> {
        let range = self.0.iter_mut().find(|range| &*range.stream == stream)?;
        (&*range.epoch == epoch).then_some(range)
    }

    /// Of a new epoch nothing was sent.
    fn begin(&mut self, stream: &Arc<str>, epoch: &Arc<str>, first: i64, last: i64) {
        self.0.retain(|range| range.stream != *stream);
        self.0.push(Range {
            stream: Arc::clone(stream),
            epoch: Arc::clone(epoch),
            first,
            last,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(epoch: &str, offset: i64) -> Mark {
        let epoch = epoch.into();
        Mark {
            stream: "s".into(),
            position: Position { epoch, offset },
        }
    }

    #[test]
    fn a_live_message_is_sent_once_and_in_order() {
        let mut sent = Sent::default();
        assert!(sent.admit(&mark("a", 5)));
        assert!(!sent.admit(&mark("a", 5)));
        assert!(!sent.admit(&mark("a", 4)));
        assert!(sent.admit(&mark("a", 9)));
        assert_eq!(sent.positions()[0].1.offset, 9);
    }

    #[test]
    fn the_history_fills_in_what_is_before_and_after_the_live_messages() {
        let (mut sent, stream, epoch) = (Sent::default(), "s".into(), "a".into());
        assert!(sent.admit(&mark("a", 5)));
        assert!(sent.admit(&mark("a", 7)));
        let new = [4, 5, 6, 7, 8].map(|offset| sent.is_new(&stream, &epoch, offset));
        assert_eq!(new, [true, false, false, false, true]);
        sent.settle(&stream, &epoch, 8);
        assert!(!sent.admit(&mark("a", 8)));
        assert!(sent.admit(&mark("a", 9)));
    }

    #[test]
    fn what_waits_is_sent_after_the_history_or_with_it() {
        let (mut sent, stream, epoch) = (Sent::default(), "s".into(), "a".into());
        sent.expect(&mark("a", 5));
        sent.expect(&mark("a", 6));
        assert_eq!(sent.positions()[0].1.offset, 4);
        let new = [3, 4, 5, 6].map(|offset| sent.is_new(&stream, &epoch, offset));
        assert_eq!(new, [true; 4]);
        sent.settle(&stream, &epoch, 5);
        assert!(!sent.admit(&mark("a", 5)));
        assert!(sent.admit(&mark("a", 6)));
    }

    #[test]
    fn a_new_epoch_begins_anew() {
        let mut sent = Sent::default();
        assert!(sent.admit(&mark("a", 500)));
        assert!(sent.admit(&mark("b", 1)));
        assert!(!sent.admit(&mark("b", 1)));
    }
}
