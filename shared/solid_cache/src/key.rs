use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::Config;
use crate::failsafe::Failure;

/// What a cut key ends with: this, and so many bytes of the whole key's digest in hex.
const MARK: &str = ":hash:";
const DIGEST: usize = 16;

/// A key as the store holds it: with its namespace, and cut when it was too long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key(Arc<[u8]>);

impl Key {
    pub(crate) fn new(name: &str, config: &Config) -> Result<Self, Failure> {
        if name.is_empty() {
            return Err(Failure::BlankKey);
        }
        let whole = match &config.namespace {
            Some(namespace) => [namespace.as_bytes(), b":", name.as_bytes()].concat(),
            None => name.as_bytes().to_vec(),
        };
        Ok(Self(cut(whole, config.max_key_bytesize).into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How SQLite finds the row.
    pub(crate) fn hash(&self) -> i64 {
        db::key_hash(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).fmt(f)
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

    fn key(name: &str, config: &Config) -> String {
        Key::new(name, config).unwrap().to_string()
    }

    #[test]
    fn a_namespace_stands_before_the_key() {
        let config = Config {
            namespace: Some("production".into()),
            ..Config::default()
        };
        assert_eq!(key("todos", &config), "production:todos");
        assert_eq!(key("todos", &Config::default()), "todos");
    }

    #[test]
    fn a_long_key_is_cut_as_rails_cuts_it() {
        let config = Config {
            namespace: Some("production".into()),
            ..Config::default()
        };
        let long = key(&format!("long{}", "k".repeat(2000)), &config);
        assert_eq!(long.len(), 1024);
        assert!(long.ends_with("kkk:hash:9e8187e01c1ef8de5d206d81d2760c47"));
        let longest = "k".repeat(1024);
        assert_eq!(key(&longest, &Config::default()), longest);
    }

    #[test]
    fn the_hash_is_that_of_the_whole_stored_key() {
        let config = Config {
            namespace: Some("production".into()),
            ..Config::default()
        };
        let key = Key::new("str", &config).unwrap();
        assert_eq!(key.hash(), -4_720_528_434_771_567_882);
    }

    #[test]
    fn a_blank_key_is_refused() {
        let refused = Key::new("", &Config::default());
        assert!(matches!(refused, Err(Failure::BlankKey)));
    }
}
