//! Changes that are made once, however often they are asked for: whoever got no answer may send the request again.

use std::time::Duration;

use db::Timestamp;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use super::todo::Effect;
use crate::schema::idempotency_keys::{self, created_at, fingerprint, key_hash};

/// How long a key is known.
const KEPT: Duration = Duration::from_hours(24);

/// Old keys that go with each new one: more than come, so that they do not pile up, and few enough for nobody to wait.
const SWEPT: i64 = 8;

/// How often a change may be made: once under its key, or, without a key, each time it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Once {
    key: Option<Key>,
}

/// Hashes only: what clients make up is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    hash: Vec<u8>,
    fingerprint: Vec<u8>,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The list is another one now.
    Changed,
    /// All was as it was to become.
    Unchanged,
    /// It had been made under the same key.
    MadeBefore,
}

pub(super) enum Attempt {
    Made(Effect),
    MadeBefore,
    KeyOfAnother,
}

impl Once {
    /// Each time it is asked for.
    pub fn each_time() -> Self {
        Self::default()
    }

    /// Once for this author and key. `request` says what is asked for: the same key for another request is refused.
    pub fn new(author: &str, key: &str, request: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(author.len().to_be_bytes())
            .chain_update(author)
            .chain_update(key);
        Self {
            key: Some(Key {
                hash: hash.finalize().to_vec(),
                fingerprint: Sha256::digest(request).to_vec(),
            }),
        }
    }

    /// Makes the change and keeps the key, in the transaction of the caller. A change that fails leaves no key.
    pub(super) fn attempt(
        self,
        connection: &mut SqliteConnection,
        change: impl FnOnce(&mut SqliteConnection) -> QueryResult<Effect>,
    ) -> QueryResult<Attempt> {
        let Some(key) = self.key else {
            return change(connection).map(Attempt::Made);
        };
        if let Some(known) = key.known(connection)? {
            return Ok(if known == key.fingerprint {
                Attempt::MadeBefore
            } else {
                Attempt::KeyOfAnother
            });
        }
        let effect = change(connection)?;
        if !matches!(effect, Effect::Missing(_)) {
            key.keep(connection)?;
        }
        Ok(Attempt::Made(effect))
    }
}

impl Key {
    /// The fingerprint of the request that had this key.
    fn known(&self, connection: &mut SqliteConnection) -> QueryResult<Option<Vec<u8>>> {
        idempotency_keys::table
            .find(&self.hash)
            .filter(created_at.ge(oldest()))
            .select(fingerprint)
            .first(connection)
            .optional()
    }

    fn keep(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        sweep(connection)?;
        let row = (
            key_hash.eq(self.hash),
            fingerprint.eq(self.fingerprint),
            created_at.eq(Timestamp::now().to_string()),
        );
        // One that is too old to count may not have been swept yet.
        diesel::replace_into(idempotency_keys::table)
            .values(row)
            .execute(connection)
            .map(drop)
    }
}

fn sweep(connection: &mut SqliteConnection) -> QueryResult<()> {
    let old: Vec<Vec<u8>> = idempotency_keys::table
        .filter(created_at.lt(oldest()))
        .order(created_at)
        .limit(SWEPT)
        .select(key_hash)
        .load(connection)?;
    if old.is_empty() {
        return Ok(());
    }
    let old = idempotency_keys::table.filter(key_hash.eq_any(old));
    diesel::delete(old).execute(connection).map(drop)
}

fn oldest() -> String {
    Timestamp::now().before(KEPT).to_string()
}

#[cfg(test)]
mod tests;
