use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use solid_cache::Cache;
use test_support::wait_until;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

async fn fetch(cache: &Cache, value: i32) -> i32 {
    let Ok(value) = cache
        .fetch("key", async || Ok::<_, Infallible>(value))
        .await;
    value
}

/// Computations that start, tell so, and end when they are let.
#[derive(Clone)]
struct Gate {
    started: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            started: Arc::default(),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    fn fetch(
        &self,
        cache: &Cache,
        value: Result<i32, &'static str>,
    ) -> JoinHandle<Result<i32, &'static str>> {
        let (gate, cache) = (self.clone(), cache.clone());
        tokio::spawn(async move {
            let compute = || async {
                gate.started.fetch_add(1, SeqCst);
                gate.open.acquire().await.unwrap().forget();
                value
            };
            cache.fetch("key", compute).await
        })
    }

    async fn has_started(&self, count: usize) {
        wait_until("the computations start", || async {
            self.started.load(SeqCst) == count
        })
        .await;
    }
}

pub(crate) async fn a_missing_value_is_computed_once_and_kept(Store { cache, .. }: Store) {
    assert_eq!(fetch(&cache, 1).await, 1);
    assert_eq!(fetch(&cache, 2).await, 1);
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.hits, stats.writes), (1, 1, 1));
}

pub(crate) async fn the_callers_error_is_returned_and_not_kept(Store { cache, .. }: Store) {
    let failed = cache.fetch::<i32, _, _>("key", async || Err("no")).await;
    assert_eq!(failed, Err("no"));
    assert_eq!(fetch(&cache, 2).await, 2);
}

pub(crate) async fn force_computes_anew(Store { cache, .. }: Store) {
    fetch(&cache, 1).await;
    assert_eq!(fetch(&cache.force(), 2).await, 2);
    assert_eq!(fetch(&cache, 3).await, 2);
}

pub(crate) async fn skip_nil_does_not_keep_nothing(Store { cache, .. }: Store) {
    let cache = cache.skip_nil();
    let none = cache
        .fetch("key", async || Ok::<_, Infallible>(None::<i32>))
        .await;
    assert_eq!(none, Ok(None));
    assert!(!cache.exist("key").await);
    assert_eq!(fetch(&cache, 1).await, 1);
}

pub(crate) async fn nothing_is_kept_otherwise(Store { cache, .. }: Store) {
    let Ok(_) = cache
        .fetch("key", async || Ok::<_, Infallible>(None::<i32>))
        .await;
    let kept = cache
        .fetch("key", async || Ok::<_, Infallible>(Some(1)))
        .await;
    assert_eq!(kept, Ok(None));
}

pub(crate) async fn a_blank_key_is_computed(Store { cache, .. }: Store) {
    let computed = cache.fetch("", async || Ok::<_, Infallible>(1)).await;
    assert_eq!(computed, Ok(1));
}

pub(crate) async fn an_unreadable_value_is_computed_anew(Store { cache, .. }: Store) {
    cache.write_text("key", "no JSON").await;
    assert_eq!(fetch(&cache, 1).await, 1);
    assert_eq!(fetch(&cache, 2).await, 1);
}

pub(crate) async fn concurrent_fetches_compute_once(Store { cache, .. }: Store) {
    let gate = Gate::new();
    let fetches: Vec<_> = (0..50).map(|value| gate.fetch(&cache, Ok(value))).collect();
    gate.has_started(1).await;
    gate.open.add_permits(50);
    let mut values = Vec::new();
    for fetch in fetches {
        values.push(fetch.await.unwrap().unwrap());
    }
    assert_eq!(values, [values[0]; 50]);
    assert_eq!(gate.started.load(SeqCst), 1);
    assert_eq!(cache.stats().writes, 1);
}

pub(crate) async fn those_who_wait_compute_themselves_when_the_leader_fails(
    Store { cache, .. }: Store,
) {
    let gate = Gate::new();
    let leader = gate.fetch(&cache, Err("no"));
    gate.has_started(1).await;
    let others: Vec<_> = (0..5).map(|_| gate.fetch(&cache, Ok(1))).collect();
    gate.open.add_permits(6);
    assert_eq!(leader.await.unwrap(), Err("no"));
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(1));
    }
}

pub(crate) async fn another_leads_when_the_leader_goes_away(Store { cache, .. }: Store) {
    let gate = Gate::new();
    let leader = gate.fetch(&cache, Ok(1));
    gate.has_started(1).await;
    let others: Vec<_> = (0..5).map(|_| gate.fetch(&cache, Ok(2))).collect();
    leader.abort();
    gate.has_started(2).await;
    gate.open.add_permits(5);
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(2));
    }
    assert_eq!(gate.started.load(SeqCst), 2);
}

pub(crate) async fn a_delete_meanwhile_keeps_the_older_value_out(Store { cache, .. }: Store) {
    let gate = Gate::new();
    let older = gate.fetch(&cache, Ok(1));
    gate.has_started(1).await;
    cache.delete("key").await;
    let newer = gate.fetch(&cache, Ok(2));
    gate.has_started(2).await;
    gate.open.add_permits(2);
    assert_eq!(older.await.unwrap(), Ok(1));
    assert_eq!(newer.await.unwrap(), Ok(2));
    assert_eq!(cache.read::<i32>("key").await, Some(2));
    assert_eq!(cache.stats().writes, 1);
}

pub(crate) async fn another_version_is_computed_apart(Store { cache, .. }: Store) {
    let gate = Gate::new();
    let first = gate.fetch(&cache.version("1"), Ok(1));
    gate.has_started(1).await;
    let second = gate.fetch(&cache.version("2"), Ok(2));
    gate.has_started(2).await;
    gate.open.add_permits(2);
    assert_eq!(
        (first.await.unwrap(), second.await.unwrap()),
        (Ok(1), Ok(2))
    );
}

pub(crate) async fn an_expired_value_serves_the_others_for_a_while(store: Store) {
    let cache = store.cache.expires_in(MINUTE).race_condition_ttl(MINUTE);
    fetch(&cache, 1).await;
    store.travel(MINUTE * 3 / 2);
    let gate = Gate::new();
    let slow = gate.fetch(&cache, Ok(2));
    gate.has_started(1).await;
    assert_eq!(fetch(&cache, 3).await, 1);
    gate.open.add_permits(1);
    assert_eq!(slow.await.unwrap(), Ok(2));
    assert_eq!(fetch(&cache, 4).await, 2);
}

pub(crate) async fn a_value_that_expired_long_ago_serves_nobody(store: Store) {
    let cache = store.cache.expires_in(MINUTE).race_condition_ttl(MINUTE);
    fetch(&cache, 1).await;
    store.travel(MINUTE * 5 / 2);
    assert_eq!(fetch(&cache, 2).await, 2);
}
