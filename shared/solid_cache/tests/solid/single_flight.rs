//! One computation among all processes: two handles of one file are as two processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use db::{Database, Timestamp};
use solid_cache::{Cache, Config, MIGRATIONS};
use test_support::wait_until;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::table::Table;

type Fetched = JoinHandle<Result<i32, &'static str>>;

fn handles(table: &Table, config: &Config) -> [Cache; 2] {
    [(); 2].map(|()| {
        let database = Database::open(&table.config, MIGRATIONS).unwrap();
        Cache::solid(database, config.clone())
    })
}

/// Computations that count and then wait to be let.
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

    fn fetch(&self, cache: &Cache, value: Result<i32, &'static str>) -> Fetched {
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

async fn lease(table: &Table, until: Timestamp) {
    let (hash, until) = (db::key_hash(b"key"), until.as_microseconds() / 1000);
    let sql = format!("INSERT INTO trifecta_cache_leases VALUES ({hash}, 1, {until})");
    table.execute(sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_of_two_handles_compute_once() {
    let table = Table::new();
    let handles = handles(&table, &Config::default());
    let gate = Gate::new();
    let fetches: Vec<_> = (0..40)
        .map(|number| gate.fetch(&handles[number % 2], Ok(7)))
        .collect();
    gate.has_started(1).await;
    gate.open.add_permits(40);
    for fetch in fetches {
        assert_eq!(fetch.await.unwrap(), Ok(7));
    }
    assert_eq!(gate.started.load(SeqCst), 1);
    let writes: u64 = handles.iter().map(|cache| cache.stats().writes).sum();
    assert_eq!(writes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computation_longer_than_its_lease_is_waited_for() {
    let table = Table::new();
    let config = Config::default();
    let [one, other] = handles(&table, &config);
    let gate = Gate::new();
    let first = gate.fetch(&one, Ok(1));
    gate.has_started(1).await;
    let second = gate.fetch(&other, Ok(2));
    let begun = std::time::Instant::now();
    wait_until("the lease would have run out", || async {
        begun.elapsed() > config.lease * 2
    })
    .await;
    gate.open.add_permits(2);
    assert_eq!(first.await.unwrap(), Ok(1));
    assert_eq!(second.await.unwrap(), Ok(1));
    assert_eq!(gate.started.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_gave_no_sign_is_taken_over() {
    let table = Table::new();
    lease(&table, Timestamp::now().before(Duration::from_millis(1))).await;
    let cache = table.cache(Config::default());
    assert_eq!(cache.fetch("key", async || Ok::<_, ()>(1)).await, Ok(1));
    assert_eq!(cache.read::<i32>("key").await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_dies_is_taken_over_when_its_lease_runs_out() {
    let table = Table::new();
    let end = Timestamp::now().after(Duration::from_millis(500));
    lease(&table, end).await;
    let cache = table.cache(Config::default());
    let computed = cache.fetch("key", async || Ok::<_, ()>(Timestamp::now() >= end));
    assert_eq!(computed.await, Ok(true));
    assert_eq!(cache.read::<bool>("key").await, Some(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_by_the_other_handle_keeps_the_older_value_out() {
    for deletes in [true, false] {
        let table = Table::new();
        let [one, other] = handles(&table, &Config::default());
        let gate = Gate::new();
        let older = gate.fetch(&one, Ok(1));
        gate.has_started(1).await;
        if deletes {
            other.delete("key").await;
        } else {
            other.write("key", &2).await;
        }
        gate.open.add_permits(1);
        assert_eq!(older.await.unwrap(), Ok(1));
        let kept = (!deletes).then_some(2);
        assert_eq!(other.read::<i32>("key").await, kept);
        assert_eq!(one.stats().writes, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lease_each_handle_computes() {
    let table = Table::new();
    let config = Config {
        lease: Duration::ZERO,
        ..Config::default()
    };
    let [one, other] = handles(&table, &config);
    let gate = Gate::new();
    let fetches = [gate.fetch(&one, Ok(1)), gate.fetch(&other, Ok(2))];
    gate.has_started(2).await;
    gate.open.add_permits(2);
    let [first, second] = fetches;
    assert_eq!(first.await.unwrap(), Ok(1));
    assert_eq!(second.await.unwrap(), Ok(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_computation_lets_the_other_handle_compute_at_once() {
    let table = Table::new();
    // Nobody could wait until this lease runs out.
    let config = Config {
        lease: Duration::from_hours(1),
        ..Config::default()
    };
    for aborts in [false, true] {
        let [one, other] = handles(&table, &config);
        other.clear().await;
        let gate = Gate::new();
        let failing = gate.fetch(&one, Err("no"));
        gate.has_started(1).await;
        let waiting = gate.fetch(&other, Ok(2));
        if aborts {
            failing.abort();
        } else {
            gate.open.add_permits(1);
            assert_eq!(failing.await.unwrap(), Err("no"));
        }
        gate.has_started(2).await;
        gate.open.add_permits(1);
        assert_eq!(waiting.await.unwrap(), Ok(2));
        assert_eq!(one.read::<i32>("key").await, Some(2));
    }
}
