use std::time::Duration;

use db::Timestamp;
use solid_cache::{Cache, Config};
use test_support::wait_until;

use crate::table::Table;

const DAY: Duration = Duration::from_hours(24);

fn unbounded() -> Config {
    Config {
        max_age: None,
        ..Config::default()
    }
}

async fn write(cache: &Cache, keys: std::ops::Range<usize>) {
    for key in keys {
        assert!(cache.write_text(format!("{key:04}"), "x".repeat(81)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_entries_go_when_there_are_too_many() {
    let table = Table::new();
    let cache = table.cache(Config {
        max_entries: Some(100),
        expiry_batch_size: 10,
        ..unbounded()
    });
    write(&cache, 0..500).await;
    wait_until("the cache is small enough", || async {
        table.rows().await.len() <= 100
    })
    .await;
    let keys = table.keys().await;
    assert!(keys.len() > 50, "{} entries are left", keys.len());
    assert_eq!(keys.last().unwrap(), "0499");
    let first: usize = keys[0].parse().unwrap();
    assert_eq!(
        first + keys.len(),
        500,
        "the newest are left, without a gap"
    );
    assert_eq!(cache.stats().evictions, first as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_entries_go_when_they_are_too_large() {
    let table = Table::new();
    // 240 bytes an entry.
    let cache = table.cache(Config {
        max_size: Some(24_000),
        expiry_batch_size: 10,
        ..unbounded()
    });
    write(&cache, 0..500).await;
    let size = || async {
        let rows = table.rows().await;
        rows.iter().map(|row| row.byte_size).sum::<i64>()
    };
    wait_until("the cache is small enough", || async {
        size().await <= 24_000
    })
    .await;
    assert!(size().await > 12_000);
    assert!(cache.exist("0499").await);
}

/// Ids are used up by overwriting too, which must not count as entries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overwriting_evicts_nothing() {
    let table = Table::new();
    let cache = table.cache(Config {
        max_entries: Some(10),
        max_size: Some(2_400),
        expiry_batch_size: 2,
        ..unbounded()
    });
    for _ in 0..50 {
        write(&cache, 0..10).await;
    }
    assert_eq!(table.rows().await.len(), 10);
    assert_eq!(cache.stats().evictions, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_are_too_old_go() {
    let table = Table::new();
    let now = Timestamp::now();
    // Those who write delete nothing: after their first pass they go by the time of the day.
    let at = |moment| table.cache(unbounded()).with_clock(move || moment);
    write(&at(now.before(15 * DAY)), 0..95).await;
    write(&at(now.before(13 * DAY)), 95..100).await;
    let cache = table.cache(Config {
        max_age: Some(14 * DAY),
        expiry_batch_size: 10,
        ..Config::default()
    });
    write(&cache, 100..101).await;
    wait_until("the old ones are gone", || async {
        table.rows().await.len() == 6
    })
    .await;
    assert_eq!(table.keys().await[0], "0095");
    wait_until("the old ones are counted", || async {
        cache.stats().evictions == 95
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_entries_are_deleted_read_or_not() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    let past = Timestamp::now().before(DAY);
    for key in ["read", "asked", "fetched", "multi", "unread"] {
        cache.expires_at(past).write(key, &1).await;
    }
    assert_eq!(cache.read::<i32>("read").await, None);
    assert!(!cache.exist("asked").await);
    assert!(cache.read_multi::<i32>(["multi"]).await.is_empty());
    assert_eq!(
        cache.fetch("fetched", async || Err::<i32, _>("no")).await,
        Err("no")
    );
    cache.write("living", &1).await;
    wait_until("only the living is left", || async {
        table.keys().await == ["living"]
    })
    .await;
    wait_until("the expired are counted", || async {
        cache.stats().expirations == 5
    })
    .await;
    assert_eq!(cache.stats().evictions, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_writes_nothing() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    table.execute("CREATE TRIGGER no_deletes BEFORE DELETE ON solid_cache_entries BEGIN SELECT RAISE(FAIL, 'deleted'); END").await;
    for _ in 0..100 {
        assert_eq!(cache.read::<i32>("key").await, Some(1));
        assert_eq!(cache.read::<i32>("missing").await, None);
    }
    assert_eq!(cache.stats().failures, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overwritten_entry_outlives_its_earlier_expiry() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    let past = Timestamp::now().before(DAY);
    // The keeper meets the expired value or the new one, whichever comes first; the new one stays.
    for key in ["later", "never"] {
        cache.expires_at(past).write(key, &1).await;
    }
    cache.expires_in(DAY).write("later", &2).await;
    cache.write("never", &2).await;
    // Both moments are behind the keeper when it has met this one.
    cache.expires_at(past).write("expired", &1).await;
    wait_until("the expired one is gone", || async {
        table.keys().await.len() == 2
    })
    .await;
    for key in ["later", "never"] {
        assert_eq!(cache.read::<i32>(key).await, Some(2), "{key}");
    }
}
