use std::sync::Arc;
use std::time::{Duration, Instant};

use db::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::entries::{Found, typed};
use crate::entry::{Entry, postponed};
use crate::failsafe::Failure;
use crate::key::Key;
use crate::single_flight::{Follower, Landed, Leader, Seat};
use crate::value;

/// What a fetch found.
enum Lookup<T> {
    Hit(T),
    /// Nothing, but another caller may put something there any moment.
    Nothing,
    /// A reason to compute and not to look again: the store failed, or this caller put an expired value back so that
    /// the others have something meanwhile.
    Compute,
}

impl Cache {
    /// The value under `key`; when there is none, what `compute` returns, which is then written.
    ///
    /// Concurrent fetches of one key in one process compute once: the others wait and share the value. When the
    /// computation fails, each of them computes for itself. When the key is written or deleted by this process
    /// meanwhile, the value is returned but not kept: it may be older than that change.
    ///
    /// `compute` must not fetch the same key.
    ///
    /// # Errors
    /// Only what `compute` returns. A cache that fails is a miss.
    pub async fn fetch<T, E, Fut>(
        &self,
        key: impl AsRef<str>,
        compute: impl FnOnce() -> Fut,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        Fut: Future<Output = Result<T, E>>,
    {
        let Some(key) = self.rescue("cache.fetch", self.key(key.as_ref())) else {
            return compute().await;
        };
        if self.options.force {
            self.shared.flights.forget(&key);
            return self.generate(&key, None, compute).await;
        }
        match self.hit_or_seat(&key).await {
            Ok(hit) => Ok(hit),
            Err(leader) => self.generate(&key, leader, compute).await,
        }
    }

    /// A value, from the store or from whoever computes it just now; else the seat from which to compute it.
    async fn hit_or_seat<T: DeserializeOwned>(&self, key: &Key) -> Result<T, Option<Leader<'_>>> {
        loop {
            let lookup = self.look(key).await;
            if let Lookup::Hit(value) = lookup {
                return Ok(self.hit(key, value));
            }
            match self.shared.flights.join(key, self.options.version()) {
                Seat::Leader(leader) => {
                    // The flight before may have landed between the look and the seat.
                    return match lookup.or(self.look(key)).await {
                        Lookup::Hit(value) => Ok(self.hit(key, value)),
                        Lookup::Nothing | Lookup::Compute => Err(self.miss(key, Some(leader))),
                    };
                }
                Seat::Follower(flight) => match self.follow(flight).await {
                    Landed::Value(value) => return Ok(self.hit(key, value)),
                    Landed::Failed => return Err(self.miss(key, None)),
                    Landed::Gone => {}
                },
                Seat::Apart => return Err(self.miss(key, None)),
            }
        }
    }

    /// The store's value under `key`. An expired one is put back for the others if the options say so.
    async fn look<T: DeserializeOwned>(&self, key: &Key) -> Lookup<T> {
        let found = match self.find(key, typed).await {
            Ok(Found::Live(value)) => Ok(Lookup::Hit(value)),
            Ok(Found::Expired(stored)) => self.revive(key, stored).await,
            Ok(Found::Nothing) => Ok(Lookup::Nothing),
            Err(failure) => Err(failure),
        };
        let or = match &found {
            Err(Failure::Store(_)) => Lookup::Compute,
            _ => Lookup::Nothing,
        };
        self.rescue("cache.fetch", found).unwrap_or(or)
    }

    async fn revive<T: DeserializeOwned>(
        &self,
        key: &Key,
        stored: Vec<u8>,
    ) -> Result<Lookup<T>, Failure> {
        let now = self.clock.now();
        let Some(grace) = self.grace(&stored, now)? else {
            self.shared.adapter.discard(key, stored, now);
            return Ok(Lookup::Nothing);
        };
        let put_back = move |current: Option<&[u8]>| {
            let mine = current == Some(&stored);
            (mine.then(|| postponed(stored, now.after(grace))), mine)
        };
        if self
            .shared
            .adapter
            .update(key.clone(), now, put_back)
            .await?
        {
            return Ok(Lookup::Compute);
        }
        // Another caller was faster; what it put back is there for us.
        match self.find(key, typed).await? {
            Found::Live(value) => Ok(Lookup::Hit(value)),
            Found::Expired(_) | Found::Nothing => Ok(Lookup::Compute),
        }
    }

    /// For how long an expired entry may still serve.
    fn grace(&self, stored: &[u8], now: Timestamp) -> Result<Option<Duration>, Failure> {
        let entry = Entry::parse(stored)?;
        let grace = self.options.race_condition_ttl;
        Ok(grace.filter(|&grace| entry.expired_within(grace, now)))
    }

    async fn follow<T: DeserializeOwned>(&self, flight: Follower) -> Landed<T> {
        flight.landed().await.and_then(|json| {
            let shared = serde_json::from_slice(&json).map_err(Failure::WrongType);
            self.rescue("cache.fetch", shared)
        })
    }

    async fn generate<T, E, Fut>(
        &self,
        key: &Key,
        leader: Option<Leader<'_>>,
        compute: impl FnOnce() -> Fut,
    ) -> Result<T, E>
    where
        T: Serialize,
        Fut: Future<Output = Result<T, E>>,
    {
        let start = Instant::now();
        let computed = compute().await;
        tracing::debug!(
            cache.key = %key,
            cache.duration_ms = start.elapsed().as_secs_f64() * 1000.0,
            "cache.generate"
        );
        let Ok(value) = &computed else {
            if let Some(leader) = leader {
                leader.fail();
            }
            return computed;
        };
        let json = value::json(value).map_err(Failure::Unwritable);
        match (self.rescue("cache.fetch", json), leader) {
            (Some(json), leader) => self.keep_computed(key, json, leader).await,
            (None, Some(leader)) => leader.fail(),
            (None, None) => {}
        }
        computed
    }

    /// Hands the value to those who wait, and writes it, unless the key changed while it was computed.
    async fn keep_computed(&self, key: &Key, json: Vec<u8>, leader: Option<Leader<'_>>) {
        let json: Arc<[u8]> = json.into();
        if let Some(leader) = &leader {
            leader.land(&json);
        }
        let overtaken = || leader.as_ref().is_some_and(|leader| !leader.is_current());
        if !self.options.keeps(&json) || overtaken() {
            return;
        }
        let now = self.clock.now();
        let stored = self.text_entry(&json, now);
        let written = self.store(key.clone(), stored.clone(), now).await;
        self.rescue("cache.fetch", written);
        if overtaken() {
            self.shared.adapter.discard(key, stored, now);
        }
    }

    fn hit<T>(&self, key: &Key, value: T) -> T {
        self.shared.counters.hit(1);
        tracing::debug!(cache.key = %key, cache.hit = true, "cache.fetch");
        value
    }

    fn miss<L>(&self, key: &Key, leader: L) -> L {
        self.shared.counters.missed(1);
        tracing::debug!(cache.key = %key, cache.hit = false, "cache.fetch");
        leader
    }
}

impl<T> Lookup<T> {
    /// Looks again if that makes sense.
    async fn or(self, again: impl Future<Output = Self>) -> Self {
        match self {
            Self::Nothing => again.await,
            found => found,
        }
    }
}
