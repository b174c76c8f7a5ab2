//! Where stored responses are: at most so many bytes, with all that belongs to them.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use quick_cache::sync::Cache as Memory;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::DefaultLifecycle};
use tokio::time::Instant;

use super::entry::Entry;
use super::key::Key;
use super::metrics::Metrics;
use crate::encoding::{Client, Encoding};
use crate::options;

/// How many variants of a URI are kept. The one that was used longest ago goes.
const MOST_VARIANTS: usize = 8;
/// Each part has a lock and a share of the capacity of its own, and must hold some of the largest items.
const ITEMS_OF_PART: u64 = 8;
const MOST_PARTS: u64 = 64;
/// A guess, which the memory for the order of eviction depends on.
const USUAL_WEIGHT: u64 = 16 << 10;

pub(super) struct Store {
    memory: Memory<Key, Arc<Resource>, Weights>,
    /// Resources are read, changed and written back: by one at a time. Readers do not come by here.
    writing: Mutex<()>,
    heaviest: u64,
    started: Instant,
    metrics: Metrics,
}

/// The stored variants of a URI, the newest first.
struct Resource {
    variants: Vec<Arc<Entry>>,
    weight: u64,
}

#[derive(Clone)]
struct Weights;

impl Weighter<Key, Arc<Resource>> for Weights {
    fn weight(&self, _: &Key, resource: &Arc<Resource>) -> u64 {
        resource.weight
    }
}

impl Store {
    pub(super) fn new(options: options::Cache, metrics: Metrics) -> Self {
        let parts = parts(options);
        // Shares are rounded up: what does not divide would be added.
        let capacity = options.capacity - options.capacity % parts;
        Self {
            memory: memory(parts, capacity),
            writing: Mutex::new(()),
            heaviest: capacity / parts,
            started: Instant::now(),
            metrics,
        }
    }

    pub(super) fn find(
        &self,
        key: &Key,
        request: &HeaderMap,
        client: &Client,
    ) -> Option<Arc<Entry>> {
        let resource = self.memory.get(key)?;
        let entry = resource
            .variants
            .iter()
            .find(|entry| entry.selection.matches(request, client))?;
        if resource.variants.len() > 1 {
            entry.touch(self.time());
        }
        Some(Arc::clone(entry))
    }

    /// The newest variant, whomever it is for: it tells what the others depend on, most likely.
    pub(super) fn newest(&self, key: &Key) -> Option<Arc<Entry>> {
        self.memory.get(key)?.variants.first().cloned()
    }

    /// Puts an entry in the place of the one for the same requests. `false` if it does not fit.
    pub(super) fn insert(&self, key: &Key, entry: Arc<Entry>) -> bool {
        if weigh(key, std::slice::from_ref(&entry)) > self.heaviest {
            self.remove_entry(key, &entry);
            return false;
        }
        entry.touch(self.time());
        self.change(key, |mut variants| {
            variants.retain(|variant| variant.selection != entry.selection);
            variants.insert(0, entry);
            variants
        });
        true
    }

    /// Adds an encoded form, if the entry is still there.
    pub(super) fn add_encoded(
        &self,
        key: &Key,
        entry: &Entry,
        encoding: Encoding,
        encoded: bytes::Bytes,
    ) {
        self.change(key, |mut variants| {
            if let Some(variant) = variants
                .iter_mut()
                .find(|variant| variant.has_same_body(entry))
            {
                *variant = Arc::new(variant.with(encoding, encoded));
            }
            variants
        });
    }

    pub(super) fn remove(&self, key: &Key) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.memory.remove(key);
        self.report();
    }

    pub(super) fn remove_entry(&self, key: &Key, entry: &Entry) {
        self.change(key, |mut variants| {
            variants.retain(|variant| variant.selection != entry.selection);
            variants
        });
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.memory.weight()
    }

    fn change(&self, key: &Key, change: impl FnOnce(Vec<Arc<Entry>>) -> Vec<Arc<Entry>>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self
            .memory
            .peek(key)
            .map(|resource| resource.variants.clone())
            .unwrap_or_default();
        let resource = Resource::new(key, change(before), self.heaviest);
        if resource.variants.is_empty() {
            self.memory.remove(key);
        } else if resource.weight <= self.heaviest {
            self.memory.insert(key.clone(), Arc::new(resource));
        }
        self.report();
    }

    fn report(&self) {
        self.metrics.size(self.memory.weight(), self.memory.len());
    }

    fn time(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Resource {
    fn new(key: &Key, mut variants: Vec<Arc<Entry>>, heaviest: u64) -> Self {
        let mut weight = weigh(key, &variants);
        while variants.len() > MOST_VARIANTS || (variants.len() > 1 && weight > heaviest) {
            forget_one(&mut variants);
            weight = weigh(key, &variants);
        }
        Self { variants, weight }
    }
}

fn weigh(key: &Key, variants: &[Arc<Entry>]) -> u64 {
    let all = variants.iter().map(|entry| entry.weight()).sum::<usize>();
    (key.len() + size_of::<Resource>() + all) as u64
}

fn forget_one(variants: &mut Vec<Arc<Entry>>) {
    let oldest = variants
        .iter()
        .enumerate()
        .skip(1)
        .min_by_key(|(_, entry)| entry.used());
    if let Some((index, _)) = oldest {
        variants.remove(index);
    }
}

fn parts(options: options::Cache) -> u64 {
    let most = options.capacity / (options.max_item_size.max(1) * ITEMS_OF_PART).max(1);
    let parts = most.clamp(1, MOST_PARTS);
    // A power of two, as the memory takes no other.
    1 << parts.ilog2()
}

fn memory(parts: u64, capacity: u64) -> Memory<Key, Arc<Resource>, Weights> {
    // At least as many as keep the memory from having fewer parts.
    let items = (capacity / USUAL_WEIGHT).max(parts * 32);
    let mut options = OptionsBuilder::new();
    let built = options
        .shards(usize::try_from(parts).unwrap_or(1))
        .estimated_items_capacity(usize::try_from(items).unwrap_or(usize::MAX))
        .weight_capacity(capacity)
        .build();
    match built {
        Ok(options) => Memory::with_options(
            options,
            Weights,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Memory::with_weighter(
            usize::try_from(items).unwrap_or(usize::MAX),
            capacity,
            Weights,
        ),
    }
}
