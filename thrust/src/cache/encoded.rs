//! Encoded forms of stored bodies: made once, as small as they get, while nobody waits for them.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::Cache;
use super::entry::{Entry, Form, Slot};
use super::key::Key;
use crate::encoding::{Client, Encoding, Level, Preference, encode_whole};

/// Bounds how many forms are made at a time: the processors are there for the requests.
pub(super) struct Encoder {
    permits: Arc<Semaphore>,
}

/// The form for a client.
pub(super) enum Pick {
    Ready(Arc<Form>),
    /// It has to be encoded on the way.
    Later,
}

impl Encoder {
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            permits: Arc::new(Semaphore::new((processors / 2).max(1))),
        }
    }
}

impl Cache {
    pub(super) fn pick(&self, key: &Key, entry: &Arc<Entry>, client: &Client) -> Pick {
        let options = self.0.compression;
        let is_guarded = options.disable_on_auth && client.is_signed_in;
        if !entry.is_compressible || is_guarded {
            return Pick::Ready(Arc::clone(&entry.plain));
        }
        let Some(best) = client.accepts.choose(options, &Preference::SMALL) else {
            return Pick::Ready(Arc::clone(&entry.plain));
        };
        match entry.slot(best) {
            Slot::Ready(form) => Pick::Ready(Arc::clone(form)),
            Slot::Useless => Pick::Ready(Arc::clone(&entry.plain)),
            Slot::Missing => {
                self.make(key, entry, best);
                other(entry, client).map_or(Pick::Later, |form| Pick::Ready(Arc::clone(form)))
            }
        }
    }

    fn make(&self, key: &Key, entry: &Arc<Entry>, encoding: Encoding) {
        if entry.claim(encoding) {
            let (cache, key, entry) = (self.clone(), key.clone(), Arc::clone(entry));
            tokio::spawn(cache.encode(key, entry, encoding));
        }
    }

    async fn encode(self, key: Key, entry: Arc<Entry>, encoding: Encoding) {
        let Ok(_permit) = self.0.encoder.permits.acquire().await else {
            return;
        };
        let body = entry.plain.body.clone();
        // Without jitter: what is public holds no secret whose length could tell anything.
        let encode = move || encode_whole(encoding, Level::Small, &body, 0);
        if let (Ok(Ok(encoded)), Some(store)) =
            (tokio::task::spawn_blocking(encode).await, &self.0.store)
        {
            store.add_encoded(
                &key,
                &entry,
                encoding,
                Bytes::from(encoded.into_boxed_slice()),
            );
        }
    }
}

/// Any other form that is there and that the client takes.
fn other<'a>(entry: &'a Entry, client: &Client) -> Option<&'a Arc<Form>> {
    Encoding::ALL
        .into_iter()
        .find_map(|encoding| match entry.slot(encoding) {
            Slot::Ready(form) if client.accepts.accepts(encoding) => Some(form),
            _ => None,
        })
}
