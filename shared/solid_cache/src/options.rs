use std::sync::Arc;
use std::time::Duration;

use db::Timestamp;

use crate::Cache;
use crate::entry::{self, Stamp};

/// What a handle does differently from the one it was made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    expiry: Option<Expiry>,
    version: Option<Arc<[u8]>>,
    pub(crate) race_condition_ttl: Option<Duration>,
    pub(crate) force: bool,
    pub(crate) skip_nil: bool,
    pub(crate) unless_exist: bool,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    At(Timestamp),
}

impl Options {
    pub(crate) fn version(&self) -> Option<&[u8]> {
        self.version.as_deref()
    }

    /// What an entry written at `now` carries.
    pub(crate) fn stamp(&self, now: Timestamp) -> Stamp<'_> {
        let expires_at = self.expiry.map(|expiry| match expiry {
            Expiry::In(duration) => now.after(duration),
            Expiry::At(moment) => moment,
        });
        Stamp {
            expires_at: expires_at.map(entry::seconds),
            version: self.version(),
        }
    }

    /// Whether a computed value, given as JSON, is one to keep.
    pub(crate) fn keeps(&self, json: &[u8]) -> bool {
        !(self.skip_nil && json == b"null")
    }
}

/// Handles with other options. Each leaves the handle it is called on as it is and shares its entries:
/// `cache.expires_in(hour).version("3").fetch(..)`.
impl Cache {
    /// Entries written expire so much later.
    #[must_use]
    pub fn expires_in(&self, duration: Duration) -> Self {
        self.with(|options| options.expiry = Some(Expiry::In(duration)))
    }

    /// Entries written expire at this moment. Takes the place of [`Cache::expires_in`], and the other way round.
    #[must_use]
    pub fn expires_at(&self, moment: Timestamp) -> Self {
        self.with(|options| options.expiry = Some(Expiry::At(moment)))
    }

    /// Entries written have this version; entries read that have another one are a miss.
    #[must_use]
    pub fn version(&self, version: impl AsRef<str>) -> Self {
        let version = entry::encode_version(version.as_ref()).into();
        self.with(|options| options.version = Some(version))
    }

    /// `fetch` of an entry that expired no longer ago than this gives the others the old value for as long again, while
    /// one caller, of all processes, computes the new one.
    #[must_use]
    pub fn race_condition_ttl(&self, duration: Duration) -> Self {
        self.with(|options| options.race_condition_ttl = Some(duration))
    }

    /// `fetch` computes and writes the value even when there is one.
    #[must_use]
    pub fn force(&self) -> Self {
        self.with(|options| options.force = true)
    }

    /// `fetch` does not write a value that is `null` as JSON, such as `None`.
    #[must_use]
    pub fn skip_nil(&self) -> Self {
        self.with(|options| options.skip_nil = true)
    }

    /// Writes leave a live entry as it is, and say `false`.
    #[must_use]
    pub fn unless_exist(&self) -> Self {
        self.with(|options| options.unless_exist = true)
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.options);
        changed
    }

    /// The bytes of an entry with this handle's options.
    pub(crate) fn text_entry(&self, text: &[u8], now: Timestamp) -> Vec<u8> {
        entry::encode_text(
            text,
            self.options.stamp(now),
            self.shared.config.compression(),
        )
    }
}
