use std::collections::VecDeque;

/// What a frame costs beyond its bytes: its place in a queue, and here.
const FRAME_COST: usize = 64;
/// Room that is kept when nothing waits any more, in frames.
const KEPT_ROOM: usize = 16;

/// How much waits in a queue. The longest of the frames does not count against a limit, so that there is always room for
/// one, however long it is, and for others up to the limit: a list that is longer than the limit must not keep the
/// confirmation behind it, or a ping before it, from their client.
#[derive(Debug, Default)]
pub(crate) struct Load {
    bytes: usize,
    /// The costs of those frames behind which no longer one waits, so the longest is the first.
    longest: VecDeque<usize>,
}

impl Load {
    /// Counts a frame of so many bytes at the end of the queue, if there is room for it.
    pub(crate) fn add(&mut self, length: usize, limit: usize) -> bool {
        let cost = length + FRAME_COST;
        let longest = self.longest.front().copied().unwrap_or(0).max(cost);
        if self.bytes + cost - longest > limit {
            return false;
        }
        self.bytes += cost;
        while self
            .longest
            .pop_back_if(|shorter| *shorter < cost)
            .is_some()
        {}
        self.longest.push_back(cost);
        true
    }

    /// The frame at the front of the queue, of so many bytes, is gone.
    pub(crate) fn remove(&mut self, length: usize) {
        let cost = length + FRAME_COST;
        self.bytes -= cost;
        self.longest.pop_front_if(|longest| *longest == cost);
        if self.longest.is_empty() && self.longest.capacity() > KEPT_ROOM {
            self.longest.shrink_to(KEPT_ROOM);
        }
    }

    /// All of it, the longest frame too.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 3 * (FRAME_COST + 10);

    /// How many frames of these lengths find room one after the other.
    fn taken(load: &mut Load, lengths: &[usize]) -> usize {
        let taken = lengths
            .iter()
            .take_while(|length| load.add(**length, LIMIT));
        taken.count()
    }

    #[test]
    fn the_limit_is_for_what_waits_beside_the_longest_frame() {
        for lengths in [
            [10, 10, 10, 5000, 10],
            [5000, 10, 10, 10, 10],
            [10, 5000, 10, 10, 10],
            [10, 10, 10, 10, 10],
        ] {
            assert_eq!(taken(&mut Load::default(), &lengths), 4, "{lengths:?}");
        }
        assert_eq!(taken(&mut Load::default(), &[5000, 5000]), 1);
        assert_eq!(taken(&mut Load::default(), &[10, 5000, 6000]), 2);
    }

    #[test]
    fn there_is_room_again_for_a_long_frame_when_the_last_is_gone() {
        let mut load = Load::default();
        assert_eq!(taken(&mut load, &[10, 5000, 10, 7000]), 3);
        load.remove(10);
        assert_eq!(taken(&mut load, &[7000]), 0);
        load.remove(5000);
        assert_eq!(taken(&mut load, &[7000, 10, 10, 10]), 3);
        for length in [10, 7000, 10, 10] {
            load.remove(length);
        }
        assert_eq!(load.bytes(), 0);
        assert!(load.longest.is_empty());
    }
}
