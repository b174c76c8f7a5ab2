use sha2::{Digest as _, Sha256};

/// The hash by which Solid Cache finds a key and Solid Cable a channel: the first eight bytes of the key's SHA-256 as
/// a signed big-endian integer (`unpack("q>")` in the originals).
///
/// ```
/// assert_eq!(db::key_hash(b"hello"), 3238736544897475342);
/// assert_eq!(db::key_hash(b""), -2039914840885289964);
/// ```
pub fn key_hash(key: &[u8]) -> i64 {
    let digest = Sha256::digest(key);
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(head)
}
