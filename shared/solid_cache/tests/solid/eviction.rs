//! What goes when there is no room, and what never does.

use std::time::Duration;

use db::{Database, Timestamp};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use solid_cache::{Cache, Config, Eviction, MIGRATIONS};
use test_support::wait_until;

use crate::table::Table;

fn at_most(max_entries: u64, eviction: Eviction) -> Config {
    Config {
        max_age: None,
        max_entries: Some(max_entries),
        eviction,
        ..Config::default()
    }
}

async fn write(cache: &Cache, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert!(cache.write(format!("{number:05}"), &number).await);
    }
}

/// Writes many keys, and reads some all the time: how many of those are left?
async fn survivors(eviction: Eviction) -> usize {
    let table = Table::new();
    let cache = table.cache(at_most(100, eviction));
    write(&cache, 0..20).await;
    let wanted: Vec<String> = (0..20).map(|number| format!("{number:05}")).collect();
    for number in 20..600 {
        for key in &wanted {
            cache.exist(key).await;
            cache.read::<usize>(key).await;
        }
        write(&cache, number..number + 1).await;
    }
    cache.read_multi::<usize>(&wanted).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_between_rounds_stays() {
    assert_eq!(survivors(Eviction::Sieve).await, 20);
    assert_eq!(survivors(Eviction::Fifo).await, 0);
}

/// The share of hits in a trace in which the `n`th key is asked for with a frequency of about `1 / n`.
async fn hit_ratio(eviction: Eviction) -> f64 {
    let table = Table::new();
    let cache = table.cache(at_most(100, eviction));
    let mut random = StdRng::seed_from_u64(7);
    let mut hits = 0.0;
    for _ in 0..4_000 {
        let key = 1_000_f64.powf(random.random::<f64>()).floor().to_string();
        if cache.exist(&key).await && cache.read::<i32>(&key).await.is_some() {
            hits += 1.0;
        } else {
            cache.write(&key, &1).await;
        }
    }
    hits / 4_000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sieve_has_more_hits_than_fifo_where_some_keys_are_popular() {
    let (sieve, fifo) = (
        hit_ratio(Eviction::Sieve).await,
        hit_ratio(Eviction::Fifo).await,
    );
    assert!(sieve > fifo + 0.01, "{sieve} and {fifo}");
}

async fn assert_counted(table: &Table, cache: &Cache, after: &str) {
    let rows = table.rows().await;
    let bytes: i64 = rows.iter().map(|row| row.byte_size).sum();
    let totals = cache.totals().await.unwrap().remove(0);
    assert_eq!(
        usize::try_from(totals.entries).unwrap(),
        rows.len(),
        "{after}"
    );
    assert_eq!(i64::try_from(totals.bytes).unwrap(), bytes, "{after}");
}

#[tokio::test]
async fn the_counters_are_exact_whoever_writes() {
    let table = Table::new();
    let cache = table.cache(at_most(100, Eviction::Sieve));
    write(&cache, 0..50).await;
    assert_counted(&table, &cache, "writes").await;
    for number in 0..25 {
        cache
            .write(format!("{number:05}"), &"long".repeat(number))
            .await;
    }
    assert_counted(&table, &cache, "overwrites").await;
    cache.increment("00030", 1 << 40).await;
    assert_counted(&table, &cache, "an increment").await;
    assert!(cache.delete("00001").await);
    cache.delete_prefix("0001").await;
    assert_counted(&table, &cache, "deletions").await;
    write(&cache, 50..400).await;
    assert_counted(&table, &cache, "evictions").await;
    assert!(cache.totals().await.unwrap()[0].evictions >= 250);
    for foreign in [
        "INSERT INTO solid_cache_entries (key, value, created_at, key_hash, byte_size)
         VALUES (X'00', X'00', '2026-11-22 08:26:29.484', 5, 1000), (X'01', X'00', '2026-11-22 08:26:29.484', 6, 10)",
        "UPDATE solid_cache_entries SET byte_size = byte_size + 7 WHERE id % 2 = 0",
        "UPDATE solid_cache_entries SET value = X'00' WHERE key_hash = 5",
        "DELETE FROM solid_cache_entries WHERE id % 3 = 0",
    ] {
        table.execute(foreign).await;
        assert_counted(&table, &cache, foreign).await;
    }
    assert!(cache.clear().await);
    assert_counted(&table, &cache, "clear").await;
    assert_eq!(cache.totals().await.unwrap()[0].entries, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pinned_entries_are_neither_evicted_nor_too_old() {
    let table = Table::new();
    let long_ago = Timestamp::now().before(Duration::from_hours(24 * 30));
    let config = Config {
        pinned: vec!["pinned".into()],
        ..at_most(50, Eviction::Sieve)
    };
    let old = table.cache(config.clone()).with_clock(move || long_ago);
    write(&old.namespace("pinned"), 0..20).await;
    write(&old, 0..10).await;
    let cache = table.cache(Config {
        max_age: Some(Duration::from_hours(24)),
        ..config
    });
    write(&cache, 1_000..1_500).await;
    wait_until("the old ones are gone", || async {
        !table.keys().await.contains(&"00009".to_owned())
    })
    .await;
    let pinned = cache.namespace("pinned");
    let keys: Vec<String> = (0..20).map(|number| format!("{number:05}")).collect();
    assert_eq!(pinned.read_multi::<usize>(&keys).await.len(), 20);
    assert!(table.rows().await.len() <= 50);
}

#[tokio::test]
async fn pinned_entries_alone_leave_no_room_for_others() {
    let table = Table::new();
    let cache = table.cache(Config {
        pinned: vec!["pinned".into()],
        ..at_most(10, Eviction::Sieve)
    });
    let pinned = cache.namespace("pinned");
    write(&pinned, 0..10).await;
    assert!(!cache.write("other", &1).await);
    assert!(!cache.exist("other").await);
    assert!(cache.stats().failures > 0);
    assert_eq!(cache.fetch("other", async || Ok::<_, ()>(2)).await, Ok(2));
    assert!(pinned.write("00003", &33).await);
    assert_eq!(pinned.read::<usize>("00003").await, Some(33));
    assert_eq!(table.rows().await.len(), 10);
    assert!(pinned.delete("00004").await);
    assert!(cache.write("other", &1).await);
}

#[tokio::test]
async fn many_pinned_entries_hide_no_others() {
    for eviction in [Eviction::Sieve, Eviction::Fifo] {
        let table = Table::new();
        let cache = table.cache(Config {
            pinned: vec!["pinned".into()],
            ..at_most(320, eviction)
        });
        // More than the hand looks at in one step.
        write(&cache.namespace("pinned"), 0..300).await;
        write(&cache, 0..100).await;
        let rows = table.rows().await;
        assert!((302..=320).contains(&rows.len()), "{}", rows.len());
        assert!(cache.exist("00099").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_itself_stays_within_its_limit() {
    let mut table = Table::new();
    table.config.path.set_file_name("small.sqlite3");
    table.config.auto_vacuum = true;
    table.database = Database::open(&table.config, MIGRATIONS).unwrap();
    let limit = 4 << 20;
    let cache = table.cache(Config {
        max_size: Some(limit),
        compress: false,
        ..Config::default()
    });
    let value = vec![7_u8; 1_000];
    for batch in 0..200 {
        let entries = (0..100).map(|number| (format!("{batch}/{number}"), &value));
        assert!(cache.message_pack().write_multi(entries).await);
        let totals = cache.totals().await.unwrap().remove(0);
        assert!(totals.file_bytes <= limit + limit / 20, "{totals:?}");
    }
    let totals = cache.totals().await.unwrap().remove(0);
    assert!(totals.file_bytes > limit / 2, "{totals:?}");
    assert!(cache.exist("199/99").await);
    assert!(cache.clear().await);
    let totals = cache.totals().await.unwrap().remove(0);
    assert!(totals.file_bytes < 1 << 18, "{totals:?}");
}

#[derive(QueryableByName)]
struct Visits {
    #[diesel(sql_type = BigInt)]
    visits: i64,
}

async fn published(table: &Table) -> i64 {
    let count = |connection: &mut SqliteConnection| {
        sql_query("SELECT count(*) AS visits FROM trifecta_cache_visits").get_result(connection)
    };
    let Visits { visits } = table.database.read(count).await.unwrap();
    visits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_reads_stays() {
    let table = Table::new();
    let cache = table.cache(at_most(100, Eviction::Sieve));
    write(&cache, 0..95).await;
    let other = Database::open(&table.config, MIGRATIONS).unwrap();
    let other = Cache::solid(other, at_most(100, Eviction::Sieve));
    let keys: Vec<String> = (0..10).map(|number| format!("{number:05}")).collect();
    for key in &keys {
        assert!(other.read::<usize>(key).await.is_some());
    }
    wait_until("the visits are published", || async {
        published(&table).await == 10
    })
    .await;
    write(&cache, 95..150).await;
    assert_eq!(cache.read_multi::<usize>(&keys).await.len(), 10);
    assert!(!cache.exist("00010").await);
    assert!(cache.stats().evictions >= 50);
}
