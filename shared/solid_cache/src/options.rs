use std::sync::Arc;
use std::time::Duration;

use db::Timestamp;

use crate::entry::{self, Stamp};
use crate::leases::Tags;
use crate::value::{Format, Payload};
use crate::{Cache, Config};

/// What a handle does differently from the one it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    expiry: Option<Expiry>,
    version: Option<Arc<[u8]>>,
    pub(crate) race_condition_ttl: Option<Duration>,
    pub(crate) force: bool,
    pub(crate) skip_nil: bool,
    pub(crate) unless_exist: bool,
    pub(crate) format: Format,
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    At(Timestamp),
}

impl Options {
    /// Those of a new cache.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            expiry: config.expires_in.map(Expiry::In),
            version: None,
            race_condition_ttl: config.race_condition_ttl,
            force: false,
            skip_nil: false,
            unless_exist: false,
            format: Format::default(),
            namespace: config.namespace.as_deref().map(Into::into),
            tags: Arc::new([]),
        }
    }

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

    /// Whether a computed value is one to keep.
    pub(crate) fn keeps(&self, payload: &Payload) -> bool {
        !(self.skip_nil && payload.is_nil())
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

    /// Typed values are written as `MessagePack`: smaller and faster than JSON, and a binary string for Rails. Reads know one
    /// from the other by themselves.
    #[must_use]
    pub fn message_pack(&self) -> Self {
        self.with(|options| options.format = Format::MessagePack)
    }

    /// Keys are put into this namespace, instead of the configured one.
    #[must_use]
    pub fn namespace(&self, namespace: impl AsRef<str>) -> Self {
        let namespace = namespace.as_ref();
        self.with(|options| options.namespace = (!namespace.is_empty()).then(|| namespace.into()))
    }

    /// Keys are taken as they are.
    #[must_use]
    pub fn without_namespace(&self) -> Self {
        self.namespace("")
    }

    /// Entries written carry these tags, and go when one of them is deleted ([`Cache::delete_tag`]). A tag belongs to the
    /// namespace of its handle.
    #[must_use]
    pub fn tags(&self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let tags: Vec<String> = tags.into_iter().map(|tag| self.tag(tag.as_ref())).collect();
        self.with(|options| options.tags = tags.into())
    }

    /// The tag as the store holds it.
    pub(crate) fn tag(&self, tag: &str) -> String {
        match &self.options.namespace {
            Some(namespace) => format!("{namespace}:{tag}"),
            None => tag.to_owned(),
        }
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.options);
        changed
    }

    /// The bytes of a text entry with this handle's options.
    pub(crate) fn text_entry(&self, text: &[u8], now: Timestamp) -> Vec<u8> {
        let compression = self.shared.config.compression();
        entry::encode_text(text, self.options.stamp(now), compression)
    }

    /// The bytes of an entry of bytes with this handle's options.
    pub(crate) fn bytes_entry(&self, bytes: &[u8], now: Timestamp) -> Vec<u8> {
        let compression = self.shared.config.compression();
        entry::encode_bytes(bytes, self.options.stamp(now), compression)
    }

    /// The bytes of an entry of a typed value with this handle's options.
    pub(crate) fn typed_entry(&self, payload: &Payload, now: Timestamp) -> Vec<u8> {
        match payload.format {
            Format::Json => self.text_entry(&payload.bytes, now),
            Format::MessagePack => self.bytes_entry(&payload.bytes, now),
        }
    }
}
