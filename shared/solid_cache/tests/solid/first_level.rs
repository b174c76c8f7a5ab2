//! Entries in memory, in front of the file: when they are served, and when never.

use std::time::Duration;

use db::{Database, Timestamp};
use solid_cache::{Cache, Config, FirstLevel, MIGRATIONS};
use test_support::wait_until;

use crate::table::Table;

/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);

fn within(staleness: Duration) -> Config {
    Config {
        first_level: Some(FirstLevel {
            staleness,
            ..FirstLevel::default()
        }),
        ..Config::default()
    }
}

/// As another process: it shares nothing but the file.
fn other(table: &Table) -> Cache {
    let database = Database::open(&table.config, MIGRATIONS).unwrap();
    Cache::solid(database, Config::default())
}

/// A table that nobody tells of commits.
fn unwatched() -> Table {
    let mut table = Table::new();
    table.config.watch = false;
    table.database = Database::open(&table.config, MIGRATIONS).unwrap();
    table
}

#[tokio::test]
async fn a_hot_read_needs_no_look_at_the_file() {
    let table = unwatched();
    let cache = table.cache(within(LONG));
    cache.write_text("key", "old").await;
    cache.read_text("key").await;
    assert_eq!(cache.stats().first_level_hits, 0);
    // Behind the back of the cache, and by the writer whose changes it believes to know.
    table
        .execute(
            "UPDATE solid_cache_entries SET value = CAST(replace(value, 'old', 'new') AS blob)",
        )
        .await;
    for _ in 0..10 {
        assert_eq!(cache.read_text("key").await.as_deref(), Some("old"));
    }
    let stats = cache.stats();
    assert_eq!((stats.first_level_hits, stats.hits), (10, 11));
}

#[tokio::test]
async fn own_changes_are_never_missed() {
    let table = unwatched();
    let cache = table.cache(within(LONG));
    for number in 0..20 {
        cache.write("key", &number).await;
        for _ in 0..3 {
            assert_eq!(cache.read::<i32>("key").await, Some(number));
        }
        assert_eq!(
            cache.increment("key", 100).await,
            Some(i64::from(number) + 100)
        );
        assert_eq!(cache.read::<i32>("key").await, Some(number + 100));
        cache.unless_exist().write("key", &-1).await;
        assert_eq!(cache.read::<i32>("key").await, Some(number + 100));
        match number % 3 {
            0 => assert!(cache.delete("key").await),
            1 => assert!(cache.clear().await),
            _ => assert_eq!(cache.delete_prefix("k").await, 1),
        }
        assert_eq!(cache.read::<i32>("key").await, None);
        assert!(!cache.exist("key").await);
    }
    assert!(cache.stats().first_level_hits >= 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_write_is_seen_within_the_bound() {
    let table = unwatched();
    let cache = table.cache(within(Duration::from_millis(50)));
    let other = other(&table);
    for number in 0..5 {
        other.write("key", &number).await;
        wait_until("the other's value is read", || async {
            cache.read::<i32>("key").await == Some(number)
        })
        .await;
    }
    other.delete("key").await;
    wait_until("the other's deletion is seen", || async {
        cache.read::<i32>("key").await.is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_write_is_seen_soon_where_files_are_watched() {
    let table = Table::new();
    let cache = table.cache(within(LONG));
    let other = other(&table);
    for number in 0..5 {
        other.write("key", &number).await;
        // An hour's staleness would outlast the patience of the test.
        wait_until("the other's value is read", || async {
            cache.read::<i32>("key").await == Some(number)
        })
        .await;
    }
    assert!(cache.read::<i32>("key").await.is_some());
    assert!(cache.stats().first_level_hits > 0);
}

#[tokio::test]
async fn without_staleness_every_read_asks_the_file() {
    let table = Table::new();
    let cache = table.cache(within(Duration::ZERO));
    let other = other(&table);
    for number in 0..50 {
        other.write("key", &number).await;
        assert_eq!(cache.read::<i32>("key").await, Some(number));
        assert_eq!(cache.read::<i32>("key").await, Some(number));
    }
    other.delete("key").await;
    assert_eq!(cache.read::<i32>("key").await, None);
    assert_eq!(cache.stats().first_level_hits, 0);
}

#[tokio::test]
async fn without_a_first_level_every_read_asks_the_file() {
    let table = Table::new();
    let cache = table.cache(Config {
        first_level: None,
        ..Config::default()
    });
    cache.write("key", &1).await;
    for _ in 0..10 {
        assert_eq!(cache.read::<i32>("key").await, Some(1));
    }
    assert_eq!(cache.stats().first_level_hits, 0);
}

#[tokio::test]
async fn an_expired_entry_is_not_served_from_memory() {
    let table = unwatched();
    let cache = table.cache(within(LONG));
    cache.expires_in(LONG).write("key", &1).await;
    for _ in 0..3 {
        assert_eq!(cache.read::<i32>("key").await, Some(1));
    }
    let later = Timestamp::now().after(2 * LONG);
    let later = cache.clone().with_clock(move || later);
    let hits = cache.stats().hits;
    assert_eq!(later.read::<i32>("key").await, None);
    assert_eq!(later.fetch("key", async || Ok::<_, ()>(2)).await, Ok(2));
    assert_eq!(cache.stats().hits, hits);
    assert_eq!(later.read::<i32>("key").await, Some(2));
}

#[tokio::test]
async fn an_entry_of_another_version_is_not_served_from_memory() {
    let table = unwatched();
    let cache = table.cache(within(LONG));
    cache.version("1").write("key", &1).await;
    for _ in 0..3 {
        assert_eq!(cache.version("1").read::<i32>("key").await, Some(1));
        assert_eq!(cache.version("2").read::<i32>("key").await, None);
    }
    assert!(cache.stats().first_level_hits > 0);
    assert_eq!(cache.stats().hits, 3);
}

#[tokio::test]
async fn entries_that_are_too_large_are_not_held() {
    let table = unwatched();
    let cache = table.cache(Config {
        first_level: Some(FirstLevel {
            max_size: 80_000,
            staleness: LONG,
        }),
        ..Config::default()
    });
    // Compressed it would be small: what counts is what is held.
    cache.write_text("large", "x".repeat(10_001)).await;
    for _ in 0..3 {
        assert!(cache.read_text("large").await.is_some());
    }
    assert_eq!(cache.stats().first_level_hits, 0);
    cache.write_text("small", "x".repeat(5_000)).await;
    for _ in 0..3 {
        assert!(cache.read_text("small").await.is_some());
    }
    assert_eq!(cache.stats().first_level_hits, 2);
}
