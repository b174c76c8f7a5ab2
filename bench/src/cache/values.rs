//! What is cached: bytes that do not compress, the same in every run.

use std::ops::RangeInclusive;

use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

const SEED: u64 = 20_260_101;
/// As long as the threshold from which on a cache may try to compress.
pub(crate) const SIZE: usize = 1024;
const POOL: usize = 1 << 20;

/// The generator of everything that is random here.
pub(crate) fn generator() -> SmallRng {
    SmallRng::seed_from_u64(SEED)
}

/// Windows on one pool of noise, each at a place of its own.
pub(crate) struct Values {
    noise: Vec<u8>,
}

impl Values {
    pub(crate) fn new() -> Self {
        let mut noise = vec![0; POOL];
        generator().fill_bytes(&mut noise);
        Self { noise }
    }

    /// A value of [`SIZE`].
    pub(crate) fn nth(&self, number: usize) -> &[u8] {
        self.sized(number, SIZE)
    }

    /// A value of some size within `sizes`, always the same for the same number.
    pub(crate) fn within(&self, number: usize, sizes: RangeInclusive<usize>) -> &[u8] {
        let mut of_number = SmallRng::seed_from_u64(number as u64);
        self.sized(number, of_number.random_range(sizes))
    }

    /// A string whose JSON has [`SIZE`].
    pub(crate) fn text(&self, number: usize) -> String {
        let letters = self.sized(number, SIZE - 2).iter();
        letters
            .map(|byte| char::from(b'0' + byte % 64))
            .map(plain)
            .collect()
    }

    fn sized(&self, number: usize, size: usize) -> &[u8] {
        let start = number.wrapping_mul(7919) % (POOL - size);
        &self.noise[start..start + size]
    }
}

/// JSON writes a backslash as two characters.
fn plain(letter: char) -> char {
    if letter == '\\' { '~' } else { letter }
}

pub(crate) fn key(number: usize) -> String {
    format!("bench/{number}")
}
