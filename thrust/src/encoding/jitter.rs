//! Noise in the length of encoded bodies. An attacker who measures lengths (BREACH) has to measure many more. It
//! hampers him and does not stop him.
//!
//! Each format has a place for bytes that decoders skip: the comment of gzip (RFC 1952, 2.3.1), the skippable frame of
//! Zstandard (RFC 8878, 3.1.2), the metadata block of Brotli (RFC 7932, 9.2).

use rand::RngExt;

/// Between none and `most` letters. Letters, for a comment of gzip must not hold a zero.
pub(super) fn letters(most: u32) -> Vec<u8> {
    let mut random = rand::rng();
    let length = random.random_range(0..=most);
    (0..length)
        .map(|_| random.random_range(b'a'..=b'z'))
        .collect()
}
