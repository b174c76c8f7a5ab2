use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use db::{Database, Timestamp};

use crate::adapter::Adapter;
use crate::clock::Clock;
use crate::failsafe::{Failsafe, Failure};
use crate::key::{self, Key};
use crate::memory::Memory;
use crate::options::Options;
use crate::single_flight::Flights;
use crate::solid::Solid;
use crate::stats::Counters;
use crate::{Config, Stats};

/// A cache. Cheap to clone; clones, and the handles its builders return, share their entries.
#[derive(Clone)]
pub struct Cache {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
}

pub(crate) struct Shared {
    pub(crate) adapter: Adapter,
    pub(crate) config: Config,
    pub(crate) flights: Flights,
    pub(crate) failsafe: Arc<Failsafe>,
    pub(crate) counters: Arc<Counters>,
}

impl Cache {
    /// A cache in the file of `database`, which has to have been opened with [`crate::MIGRATIONS`]. Its timeout is how
    /// long a write waits for another process before the caller goes on without it; a cache's may be short.
    pub fn solid(database: Database, config: Config) -> Self {
        Self::sharded(vec![(String::new(), database)], config)
    }

    /// A cache whose entries are spread over several files, each with the name by which Rails' `cache.yml` knows it: the
    /// names say which key is where. The limits of `config` are those of each file. Names that repeat count once; no
    /// shards at all are a cache in memory.
    pub fn sharded(shards: Vec<(String, Database)>, config: Config) -> Self {
        if shards.is_empty() {
            return Self::memory(config);
        }
        Self::new(config, |config, failsafe, counters| {
            Adapter::Solid(Solid::new(shards, config, failsafe, counters))
        })
    }

    /// A cache in the memory of this process, 32 MiB large unless `config` says otherwise.
    pub fn memory(config: Config) -> Self {
        Self::new(config, |config, _, counters| {
            Adapter::Memory(Memory::new(config, Arc::clone(counters)))
        })
    }

    /// A cache that keeps nothing, as Rails' `:null_store`: each read is a miss, each fetch computes.
    pub fn null() -> Self {
        Self::new(Config::default(), |_, _, _| Adapter::Null)
    }

    fn new(
        config: Config,
        adapter: impl FnOnce(&Config, &Arc<Failsafe>, &Arc<Counters>) -> Adapter,
    ) -> Self {
        let (failsafe, counters) = (Arc::default(), Arc::new(Counters::new()));
        let options = Options::new(&config);
        Self {
            shared: Arc::new(Shared {
                adapter: adapter(&config, &failsafe, &counters),
                config,
                flights: Flights::default(),
                failsafe,
                counters,
            }),
            clock: Clock::default(),
            options,
        }
    }

    /// The same cache by another clock: a test travels in time by it.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// What the cache did so far, in this process.
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    pub(crate) fn key(&self, name: &str) -> Result<Key, Failure> {
        let limit = self.shared.config.max_key_bytesize;
        Key::new(name, self.options.namespace.as_deref(), limit)
    }

    /// The name with the namespace of this handle.
    pub(crate) fn namespaced(&self, name: &str) -> Vec<u8> {
        key::whole(name, self.options.namespace.as_deref())
    }

    /// What is at hand under the name without any wait. `None` says nothing about what there is.
    pub(crate) fn peek(&self, name: &str) -> Option<Bytes> {
        let namespace = self.options.namespace.as_deref();
        key::look_short(name, namespace, |key| self.shared.adapter.peek(key))
    }

    pub(crate) fn rescue<T>(
        &self,
        operation: &'static str,
        outcome: Result<T, Failure>,
    ) -> Option<T> {
        self.shared
            .failsafe
            .rescue(operation, outcome, &self.shared.counters)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("config", &self.shared.config)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
