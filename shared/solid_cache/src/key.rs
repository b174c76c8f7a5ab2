use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::failsafe::Failure;

/// What a cut key ends with: this, and so many bytes of the whole key's digest in hex.
const MARK: &str = ":hash:";
const DIGEST: usize = 16;

/// A whole key that fits is put together without an allocation.
const SHORT: usize = 250;

/// A key as the store holds it: with its namespace, and cut when it was too long.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    bytes: Arc<[u8]>,
    hash: i64,
}

impl Key {
    pub(crate) fn new(name: &str, namespace: Option<&str>, limit: usize) -> Result<Self, Failure> {
        if name.is_empty() {
            return Err(Failure::BlankKey);
        }
        Ok(Self::stored(&cut(whole(name, namespace), limit)))
    }

    /// A key that is as the store holds it.
    pub(crate) fn stored(bytes: &[u8]) -> Self {
        Self {
            hash: db::key_hash(bytes),
            bytes: bytes.into(),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How SQLite finds the row.
    pub(crate) fn hash(&self) -> i64 {
        self.hash
    }
}

/// The name with its namespace.
pub(crate) fn whole(name: &str, namespace: Option<&str>) -> Vec<u8> {
    match namespace {
        Some(namespace) => [namespace.as_bytes(), b":", name.as_bytes()].concat(),
        None => name.as_bytes().to_vec(),
    }
}

/// What `look` finds under the bytes of a short key; `None` for others.
pub(crate) fn look_short<T>(
    name: &str,
    namespace: Option<&str>,
    look: impl FnOnce(&[u8]) -> Option<T>,
) -> Option<T> {
    let Some(namespace) = namespace else {
        return (name.len() <= SHORT)
            .then(|| look(name.as_bytes()))
            .flatten();
    };
    let mut buffer = [0; SHORT];
    let (before, after) = (namespace.len(), namespace.len() + 1 + name.len());
    let bytes = buffer.get_mut(..after)?;
    bytes[..before].copy_from_slice(namespace.as_bytes());
    bytes[before] = b':';
    bytes[before + 1..].copy_from_slice(name.as_bytes());
    look(bytes)
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Key {}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.bytes).fmt(f)
    }
}

fn cut(mut key: Vec<u8>, limit: usize) -> Vec<u8> {
    if key.len() <= limit {
        return key;
    }
    let digest = Sha256::digest(&key);
    key.truncate(limit.saturating_sub(MARK.len() + 2 * DIGEST));
    key.extend(MARK.bytes());
    for byte in &digest[..DIGEST] {
        key.extend(format!("{byte:02x}").bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, namespace: Option<&str>) -> String {
        Key::new(name, namespace, 1024).unwrap().to_string()
    }

    #[test]
    fn a_namespace_stands_before_the_key() {
        assert_eq!(key("todos", Some("production")), "production:todos");
        assert_eq!(key("todos", None), "todos");
    }

    #[test]
    fn a_long_key_is_cut_as_rails_cuts_it() {
        let long = key(&format!("long{}", "k".repeat(2000)), Some("production"));
        assert_eq!(long.len(), 1024);
        assert!(long.ends_with("kkk:hash:9e8187e01c1ef8de5d206d81d2760c47"));
        let longest = "k".repeat(1024);
        assert_eq!(key(&longest, None), longest);
    }

    #[test]
    fn the_hash_is_that_of_the_whole_stored_key() {
        let key = Key::new("str", Some("production"), 1024).unwrap();
        assert_eq!(key.hash(), -4_720_528_434_771_567_882);
    }

    #[test]
    fn a_blank_key_is_refused() {
        assert!(matches!(Key::new("", None, 1024), Err(Failure::BlankKey)));
    }

    #[test]
    fn a_short_key_is_looked_up_by_the_same_bytes() {
        for (name, namespace) in [("str", Some("production")), ("str", None)] {
            let bytes = look_short(name, namespace, |bytes| Some(bytes.to_vec()));
            assert_eq!(bytes, Some(whole(name, namespace)));
        }
        let long = "k".repeat(SHORT);
        assert_eq!(look_short(&long, Some("n"), |_| Some(())), None);
    }
}
