//! What goes when a cache is full, done exactly and in memory: the yardstick for a cache that does it about so.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// How many of the requests a policy answers. Whatever is missing is put in.
pub(crate) fn hits(mut policy: impl Policy, trace: &[u32]) -> usize {
    trace.iter().filter(|key| policy.ask(**key)).count()
}

pub(crate) trait Policy {
    /// Whether the key was there. It is afterwards.
    fn ask(&mut self, key: u32) -> bool;
}

/// The oldest goes.
pub(crate) struct Fifo {
    room: usize,
    there: HashSet<u32>,
    order: VecDeque<u32>,
}

impl Fifo {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            room,
            there: HashSet::new(),
            order: VecDeque::new(),
        }
    }
}

impl Policy for Fifo {
    fn ask(&mut self, key: u32) -> bool {
        if !self.there.insert(key) {
            return true;
        }
        self.order.push_back(key);
        if self.there.len() > self.room
            && let Some(oldest) = self.order.pop_front()
        {
            self.there.remove(&oldest);
        }
        false
    }
}

/// The one that was asked for the longest time ago goes.
pub(crate) struct Lru {
    room: usize,
    now: u64,
    asked_at: HashMap<u32, u64>,
    order: BTreeMap<u64, u32>,
}

impl Lru {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            room,
            now: 0,
            asked_at: HashMap::new(),
            order: BTreeMap::new(),
        }
    }
}

impl Policy for Lru {
    fn ask(&mut self, key: u32) -> bool {
        self.now += 1;
        let before = self.asked_at.insert(key, self.now);
        if let Some(before) = before {
            self.order.remove(&before);
        }
        self.order.insert(self.now, key);
        if self.asked_at.len() > self.room
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.asked_at.remove(&oldest);
        }
        before.is_some()
    }
}

/// A hand goes from the oldest to the newest, and around. It takes the first that was not asked for since it passed.
pub(crate) struct Sieve {
    room: usize,
    now: u64,
    /// When each came.
    there: HashMap<u32, u64>,
    /// In the order in which they came, and whether they were asked for.
    order: BTreeMap<u64, (u32, bool)>,
    /// Where the hand looks next.
    hand: u64,
}

impl Sieve {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            room,
            now: 0,
            there: HashMap::new(),
            order: BTreeMap::new(),
            hand: 0,
        }
    }

    fn evict(&mut self) {
        loop {
            let Some((&at, (key, asked))) = self.order.range_mut(self.hand..).next() else {
                self.hand = 0;
                continue;
            };
            let is_newest = at == self.now;
            // What comes next waits for the next time around.
            self.hand = if is_newest { 0 } else { at + 1 };
            if !std::mem::take(asked) {
                self.there.remove(key);
                self.order.remove(&at);
                return;
            }
        }
    }
}

impl Policy for Sieve {
    fn ask(&mut self, key: u32) -> bool {
        if let Some(at) = self.there.get(&key) {
            if let Some((_, asked)) = self.order.get_mut(at) {
                *asked = true;
            }
            return true;
        }
        if self.there.len() >= self.room {
            self.evict();
        }
        self.now += 1;
        self.there.insert(key, self.now);
        self.order.insert(self.now, (key, false));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: [u32; 8] = [1, 2, 1, 3, 1, 2, 3, 1];

    #[test]
    fn fifo_forgets_the_oldest() {
        // 3 takes the place of 1, 1 that of 2, 2 that of 3, 3 that of 1, 1 that of 2.
        assert_eq!(hits(Fifo::new(2), &TRACE), 1);
    }

    #[test]
    fn lru_forgets_what_was_not_asked_for() {
        // 3 takes the place of 2, 2 that of 3, 3 that of 1, 1 that of 2.
        assert_eq!(hits(Lru::new(2), &TRACE), 2);
    }

    #[test]
    fn sieve_spares_what_was_asked_for_once_more() {
        // The hand passes 1, and takes 2, 3 and 4.
        assert_eq!(hits(Sieve::new(3), &[1, 2, 3, 1, 4, 5, 6, 1]), 2);
        assert_eq!(hits(Lru::new(3), &[1, 2, 3, 1, 4, 5, 6, 1]), 1);
    }
}
