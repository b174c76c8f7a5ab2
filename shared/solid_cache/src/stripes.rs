//! Counters of changes, a key's found by its hash: what was read before a change is told from what was read after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const STRIPES: u16 = 4096;
/// The bits of a hash that choose its stripe begin here: others choose other things.
const SHIFT: u32 = 20;

#[derive(Debug)]
pub(crate) struct Stripes(Box<[AtomicU64]>);

impl Default for Stripes {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Stripes {
    pub(crate) fn stamp(&self, hash: i64) -> u64 {
        self.of(hash).load(Ordering::Acquire)
    }

    /// Counts a change of these keys once the result is dropped. A transaction's work returns it with its own result, and so
    /// the keys count as changed after the commit, also when nobody waits for the result any more.
    pub(crate) fn change(self: &Arc<Self>, hashes: Vec<i64>) -> Change {
        Change {
            stripes: Arc::clone(self),
            hashes,
        }
    }

    /// Counts a change of all keys once the result is dropped.
    pub(crate) fn change_all(self: &Arc<Self>) -> Change {
        self.change(
            (0..i64::from(STRIPES))
                .map(|stripe| stripe << SHIFT)
                .collect(),
        )
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some bits of the hash are wanted, whatever they stand for"
    )]
    fn of(&self, hash: i64) -> &AtomicU64 {
        &self.0[(hash as u64 >> SHIFT) as usize % usize::from(STRIPES)]
    }
}

#[derive(Debug)]
pub(crate) struct Change {
    stripes: Arc<Stripes>,
    hashes: Vec<i64>,
}

impl Drop for Change {
    fn drop(&mut self) {
        for &hash in &self.hashes {
            self.stripes.of(hash).fetch_add(1, Ordering::AcqRel);
        }
    }
}
