//! Which keys were read since the hand of the eviction passed them: one bit for each, found by the key's hash.
//!
//! Two keys may share a bit; then a cold one survives a round, which does no harm. The bits of a process are its own, so
//! it publishes them in a table, for whichever process evicts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Visits that may wait to be published; of more, some are forgotten.
const WAITING: usize = 8192;
/// Words of bits that come together: a page of memory.
const BLOCK: usize = 512;

type Block = [AtomicU64; BLOCK];

#[derive(Debug)]
pub(crate) struct Visits {
    /// Made when the first of their keys is read: a process that reads little needs little.
    blocks: Box<[OnceLock<Box<Block>>]>,
    unpublished: Mutex<Vec<i64>>,
}

impl Visits {
    /// Room for about so many keys.
    pub(crate) fn new(keys: u64) -> Self {
        let words = (keys / 8).next_power_of_two().clamp(1 << 10, 1 << 18);
        Self {
            blocks: (0..words).step_by(BLOCK).map(|_| OnceLock::new()).collect(),
            unpublished: Mutex::default(),
        }
    }

    /// Whether this is the first visit since the hand passed.
    pub(crate) fn mark(&self, hash: i64) -> bool {
        let (block, word, bit) = self.place(hash);
        let word = &block.get_or_init(empty)[word];
        if word.load(Relaxed) & bit != 0 || word.fetch_or(bit, Relaxed) & bit != 0 {
            return false;
        }
        let mut unpublished = self.unpublished();
        if unpublished.len() < WAITING {
            unpublished.push(hash);
        }
        true
    }

    /// Whether the key was visited; from now on it was not.
    pub(crate) fn take(&self, hash: i64) -> bool {
        let (block, word, bit) = self.place(hash);
        let word = block.get().map(|block| &block[word]);
        word.is_some_and(|word| {
            word.load(Relaxed) & bit != 0 && word.fetch_and(!bit, Relaxed) & bit != 0
        })
    }

    /// What is to be published.
    pub(crate) fn take_unpublished(&self) -> Vec<i64> {
        std::mem::take(&mut *self.unpublished())
    }

    pub(crate) fn has_unpublished(&self) -> bool {
        !self.unpublished().is_empty()
    }

    /// Forgets all, so that what is read now counts anew: others moved the hand meanwhile.
    pub(crate) fn reset(&self) {
        let blocks = self.blocks.iter().filter_map(OnceLock::get);
        for word in blocks.flat_map(|block| block.iter()) {
            word.store(0, Relaxed);
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some bits of the hash are wanted, whatever they stand for"
    )]
    fn place(&self, hash: i64) -> (&OnceLock<Box<Block>>, usize, u64) {
        let hash = hash as u64;
        let word = (hash >> 6) as usize & (self.blocks.len() * BLOCK - 1);
        (&self.blocks[word / BLOCK], word % BLOCK, 1 << (hash & 63))
    }

    fn unpublished(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.unpublished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty() -> Box<Block> {
    Box::new([const { AtomicU64::new(0) }; BLOCK])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_counts_until_the_hand_passes() {
        let visits = Visits::new(1000);
        assert!(visits.mark(-7));
        assert!(!visits.mark(-7));
        assert!(visits.take(-7));
        assert!(!visits.take(-7));
        assert!(visits.mark(-7));
        assert_eq!(visits.take_unpublished(), [-7, -7]);
        visits.reset();
        assert!(!visits.take(-7));
    }
}
