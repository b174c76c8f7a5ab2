use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use db::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::adapter::Adapter;
use crate::entries::{Found, typed};
use crate::entry::{Entry, postponed};
use crate::failsafe::Failure;
use crate::key::Key;
use crate::leases::{self, Claim, Lease};
use crate::shard::{Shard, Written};
use crate::single_flight::{Follower, Landed, Leader, Seat};
use crate::value::Payload;

/// What a fetch found.
enum Lookup<T> {
    Hit(T),
    /// Nothing, but another caller may put something there any moment.
    Nothing,
    /// A reason to compute and not to look again: this caller put an expired value back so that the others have something
    /// meanwhile.
    Compute,
    /// The store failed.
    Broken,
}

/// What came of a claim to compute.
enum Claimed<T> {
    Hit(T),
    Compute(Option<leases::Held>),
    /// Compute, and keep the value to oneself.
    Apart,
}

/// From where a value is computed.
#[derive(Default)]
struct Seated<'a> {
    leader: Option<Leader<'a>>,
    lease: Option<leases::Held>,
    is_apart: bool,
}

impl Cache {
    /// The value under `key`; when there is none, what `compute` returns, which is then written.
    ///
    /// Concurrent fetches of one key compute once, those of other processes included ([`crate::Config::lease`]): the others
    /// wait and share the value. When the computation fails, each of them computes for itself. When the key is written or
    /// deleted meanwhile, the value is returned but not kept: it may be older than that change.
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
        if !self.options.force
            && let Some(value) = self.find_at_hand(key.as_ref(), |entry, _| typed(entry))
        {
            return Ok(self.hit(key.as_ref(), value));
        }
        let Some(key) = self.rescue("cache.fetch", self.key(key.as_ref())) else {
            return compute().await;
        };
        if self.options.force {
            self.shared.flights.forget(&key);
            return self.generate(&key, Seated::default(), compute).await;
        }
        match self.hit_or_seat(&key).await {
            Ok(hit) => Ok(hit),
            Err(seated) => self.generate(&key, seated, compute).await,
        }
    }

    /// A value, from the store or from whoever computes it just now; else the seat from which to compute it.
    async fn hit_or_seat<T: DeserializeOwned>(&self, key: &Key) -> Result<T, Seated<'_>> {
        loop {
            let lookup = self.look(key).await;
            if let Lookup::Hit(value) = lookup {
                return Ok(self.hit(key, value));
            }
            match self.shared.flights.join(key, self.options.version()) {
                Seat::Leader(leader) => {
                    // The flight before may have landed between the look and the seat.
                    let lookup = lookup.or(self.look(key)).await;
                    return match self.claim(key, lookup).await {
                        Claimed::Hit(value) => Ok(self.hit(key, value)),
                        Claimed::Compute(lease) => Err(self.miss(
                            key,
                            Seated {
                                leader: Some(leader),
                                lease,
                                ..Seated::default()
                            },
                        )),
                        Claimed::Apart => Err(self.miss(
                            key,
                            Seated {
                                leader: Some(leader),
                                is_apart: true,
                                ..Seated::default()
                            },
                        )),
                    };
                }
                Seat::Follower(flight) => match self.follow(flight).await {
                    Landed::Value(value) => return Ok(self.hit(key, value)),
                    Landed::Failed => return Err(self.miss(key, Seated::default())),
                    Landed::Gone => {}
                },
                Seat::Apart => return Err(self.miss(key, Seated::default())),
            }
        }
    }

    /// The right to compute among all processes, or the value that another one computed meanwhile.
    async fn claim<T: DeserializeOwned>(&self, key: &Key, lookup: Lookup<T>) -> Claimed<T> {
        let (Lookup::Nothing, Adapter::Solid(solid)) = (&lookup, &self.shared.adapter) else {
            return match lookup {
                Lookup::Hit(value) => Claimed::Hit(value),
                // The store does not answer: the caller has waited long enough.
                Lookup::Broken => Claimed::Apart,
                Lookup::Nothing | Lookup::Compute => Claimed::Compute(None),
            };
        };
        let duration = self.shared.config.lease;
        if duration.is_zero() {
            return Claimed::Compute(None);
        }
        let shard = solid.shard(key);
        let mut changes = None;
        loop {
            match leases::claim(shard, key, duration, self.is_usable()).await {
                Ok(Claim::Mine(lease)) => {
                    return Claimed::Compute(Some(leases::Held::new(lease, shard, duration)));
                }
                Ok(Claim::Found(stored)) => match self.inspect(stored, |entry, _| typed(entry)) {
                    Ok(Found::Live(value)) => return Claimed::Hit(value),
                    _ => return Claimed::Compute(None),
                },
                Ok(Claim::Taken) => {
                    let changes = changes.get_or_insert_with(|| shard.database.changes());
                    self.wait_for(shard, key, changes).await;
                }
                Err(failure) => {
                    let is_store = matches!(failure, Failure::Store(_));
                    self.rescue::<()>("cache.fetch", Err(failure));
                    return if is_store {
                        Claimed::Apart
                    } else {
                        Claimed::Compute(None)
                    };
                }
            }
        }
    }

    /// Whether an entry is live and of this handle's version. What cannot be decoded is computed anew.
    fn is_usable(&self) -> impl Fn(&Entry<'_>) -> bool + Send + 'static {
        let (clock, options) = (self.clock.clone(), self.options.clone());
        move |entry| {
            !entry.is_expired(clock.now())
                && !entry.is_mismatched(options.version())
                && entry.value().is_ok()
        }
    }

    /// Waits until nobody holds the lease any more.
    async fn wait_for(&self, shard: &Shard, key: &Key, changes: &mut db::Changes) {
        while matches!(leases::is_claimed(shard, key).await, Ok(true)) {
            // Time runs out or somebody commits: either way the loop looks again.
            drop(tokio::time::timeout(leases::POLL, changes.changed()).await);
        }
    }

    /// The store's value under `key`. An expired one is put back for the others if the options say so.
    async fn look<T: DeserializeOwned>(&self, key: &Key) -> Lookup<T> {
        let found = match self.find(key, |entry, _| typed(entry)).await {
            Ok(Found::Live(value)) => Ok(Lookup::Hit(value)),
            Ok(Found::Expired(stored)) => self.revive(key, stored).await,
            Ok(Found::Nothing) => Ok(Lookup::Nothing),
            Err(failure) => Err(failure),
        };
        let or = match &found {
            Err(Failure::Store(_)) => Lookup::Broken,
            _ => Lookup::Nothing,
        };
        self.rescue("cache.fetch", found).unwrap_or(or)
    }

    async fn revive<T: DeserializeOwned>(
        &self,
        key: &Key,
        stored: Bytes,
    ) -> Result<Lookup<T>, Failure> {
        let now = self.clock.now();
        let Some(grace) = self.grace(&stored, now)? else {
            self.shared.adapter.discard(key, stored, now);
            return Ok(Lookup::Nothing);
        };
        let put_back = move |current: Option<&[u8]>| {
            let mine = current == Some(&*stored);
            (mine.then(|| postponed(&stored, now.after(grace))), mine)
        };
        if self
            .shared
            .adapter
            .update(key.clone(), &self.options.tags, now, put_back)
            .await?
        {
            return Ok(Lookup::Compute);
        }
        // Another caller was faster; what it put back is there for us.
        match self.find(key, |entry, _| typed(entry)).await? {
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
        flight
            .landed()
            .await
            .and_then(|payload| self.rescue("cache.fetch", payload.typed()))
    }

    async fn generate<T, E, Fut>(
        &self,
        key: &Key,
        seated: Seated<'_>,
        compute: impl FnOnce() -> Fut,
    ) -> Result<T, E>
    where
        T: Serialize,
        Fut: Future<Output = Result<T, E>>,
    {
        let start = Instant::now();
        let computed = match &seated.lease {
            Some(lease) => lease.during(compute()).await,
            None => compute().await,
        };
        tracing::debug!(
            cache.key = %key,
            cache.duration_ms = start.elapsed().as_secs_f64() * 1000.0,
            "cache.generate"
        );
        let payload = match &computed {
            Ok(value) => self.rescue("cache.fetch", Payload::of(value, self.options.format)),
            Err(_) => None,
        };
        match (payload, seated.leader) {
            (Some(payload), leader) => {
                self.keep_computed(key, payload, leader, seated.lease, seated.is_apart)
                    .await;
            }
            (None, Some(leader)) => leader.fail(),
            (None, None) => {}
        }
        computed
    }

    /// Hands the value to those who wait, and writes it, unless the key changed while it was computed.
    async fn keep_computed(
        &self,
        key: &Key,
        payload: Payload,
        leader: Option<Leader<'_>>,
        lease: Option<leases::Held>,
        is_apart: bool,
    ) {
        let payload = Arc::new(payload);
        if let Some(leader) = &leader {
            leader.land(&payload);
        }
        let overtaken = || leader.as_ref().is_some_and(|leader| !leader.is_current());
        if is_apart || !self.options.keeps(&payload) || overtaken() {
            return;
        }
        let now = self.clock.now();
        let stored = self.typed_entry(&payload, now);
        let written = match lease.and_then(leases::Held::into_lease) {
            Some(lease) => self.land(lease, stored.clone(), now).await,
            None => self.store(key.clone(), stored.clone(), now).await,
        };
        self.rescue("cache.fetch", written);
        if overtaken() {
            self.shared.adapter.discard(key, stored.into(), now);
        }
    }

    async fn land(&self, lease: Lease, stored: Vec<u8>, now: Timestamp) -> Result<bool, Failure> {
        let Adapter::Solid(solid) = &self.shared.adapter else {
            return Ok(false);
        };
        let key = lease.key.clone();
        let written = solid
            .shard(&key)
            .land(lease, stored, &self.options.tags, now)
            .await?;
        let is_written = written == Written::Yes;
        self.shared.counters.wrote(usize::from(is_written));
        solid.written(&key, now);
        Ok(is_written)
    }

    fn hit<T>(&self, key: impl std::fmt::Display, value: T) -> T {
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
