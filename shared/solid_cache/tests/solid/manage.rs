//! What people look at and do by hand.

use db::{Database, Timestamp};
use solid_cache::{Cache, Config, MIGRATIONS};

use crate::table::Table;

#[tokio::test]
async fn totals_tell_the_extent_of_the_file() {
    let table = Table::new();
    let first: Timestamp = "2026-11-22 08:26:29.484".parse().unwrap();
    let last: Timestamp = "2026-11-23 08:26:29.484".parse().unwrap();
    let config = Config {
        max_age: None,
        max_entries: Some(1_000),
        max_size: Some(10_000_000),
        ..Config::default()
    };
    let empty = table.cache(config.clone()).totals().await.unwrap();
    assert_eq!((empty[0].entries, empty[0].bytes), (0, 0));
    assert_eq!((empty[0].oldest, empty[0].newest), (None, None));
    let at = |moment| table.cache(config.clone()).with_clock(move || moment);
    at(first).write("one", &1).await;
    at(last).write("two", &22).await;
    let totals = at(last).totals().await.unwrap();
    let rows = table.rows().await;
    let bytes: i64 = rows.iter().map(|row| row.byte_size).sum();
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].shard, "");
    assert_eq!(totals[0].path, table.config.path);
    assert_eq!(totals[0].entries, 2);
    assert_eq!(i64::try_from(totals[0].bytes).unwrap(), bytes);
    assert!(totals[0].file_bytes > totals[0].free_bytes);
    assert_eq!(totals[0].evictions, 0);
    assert_eq!(
        (totals[0].oldest, totals[0].newest),
        (Some(first), Some(last))
    );
    assert_eq!(totals[0].max_entries, Some(1_000));
    assert_eq!(totals[0].max_size, Some(10_000_000));
}

#[tokio::test]
async fn an_entry_is_shown_with_all_it_has() {
    let table = Table::new();
    let now: Timestamp = "2026-11-22 08:26:29.484".parse().unwrap();
    let config = Config {
        namespace: Some("app".into()),
        ..Config::default()
    };
    let cache = table.cache(config).with_clock(move || now);
    let expires_at = "2100-01-02 03:04:05".parse().unwrap();
    cache
        .expires_at(expires_at)
        .version("3")
        .tags(["red", "blue"])
        .write_text("key", "text ".repeat(1_000))
        .await;
    let shown = cache.show("key").await.unwrap().unwrap();
    assert_eq!(
        (shown.key.as_str(), shown.kind.as_str()),
        ("app:key", "text")
    );
    assert_eq!(shown.created_at, now);
    assert_eq!(shown.expires_at, Some(expires_at));
    assert_eq!(shown.version.as_deref(), Some("3"));
    assert!(shown.compressed && !shown.encrypted);
    assert_eq!(shown.value, Some("text ".repeat(1_000)));
    assert_eq!(shown.tags, ["app:blue", "app:red"]);
    let size = table.rows().await[0].byte_size;
    assert_eq!(i64::try_from(shown.byte_size).unwrap(), size);
    cache.write_counter("counter", 17).await;
    let shown = cache.show("counter").await.unwrap().unwrap();
    assert_eq!(
        (shown.kind.as_str(), shown.value.as_deref()),
        ("integer", Some("17"))
    );
    cache.write_bytes("bytes", b"\x00\xff").await;
    let shown = cache.show("bytes").await.unwrap().unwrap();
    assert_eq!((shown.kind.as_str(), shown.value), ("bytes", None));
    assert_eq!(cache.show("missing").await.unwrap(), None);
    assert!(cache.show("").await.is_err());
}

#[tokio::test]
async fn a_sound_file_has_no_problems() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    assert!(cache.check().await.unwrap().is_empty());
    for number in 0..500 {
        cache.write(format!("{number}"), &number).await;
    }
    cache.delete_prefix("4").await;
    assert!(cache.check().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    for key in ["one", "two", "three"] {
        cache.write(key, &1).await;
    }
    for (wrong, told) in [
        (
            "UPDATE trifecta_cache_state SET entries = 7",
            "counters say 7 entries",
        ),
        (
            "UPDATE solid_cache_entries SET value = X'00' WHERE id = 1",
            "cannot be read here: 1",
        ),
        (
            "UPDATE solid_cache_entries SET key_hash = 5 WHERE id = 2",
            "their hash: 1",
        ),
    ] {
        table.execute(wrong).await;
        let problems = cache.check().await.unwrap();
        let is_told = problems.iter().any(|problem| problem.contains(told));
        assert!(is_told, "{told}: {problems:?}");
    }
    assert_eq!(cache.check().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_vacuum_makes_the_file_small() {
    let table = Table::new();
    // Without the means to shrink by itself.
    assert!(!table.config.auto_vacuum);
    let cache = table.cache(Config {
        compress: false,
        ..Config::default()
    });
    for number in 0..500 {
        cache.write_bytes(format!("{number}"), vec![7; 4_000]).await;
    }
    cache.write("left", &1).await;
    let keys = (0..500).map(|number| format!("{number}"));
    assert_eq!(cache.delete_multi(keys).await, 500);
    let before = cache.totals().await.unwrap().remove(0);
    assert!(before.free_bytes > before.file_bytes / 2);
    cache.vacuum().await.unwrap();
    let after = cache.totals().await.unwrap().remove(0);
    assert_eq!(after.free_bytes, 0);
    assert!(after.file_bytes < before.file_bytes / 4);
    assert_eq!(cache.read::<i32>("left").await, Some(1));
    let other = Database::open(&table.config, MIGRATIONS).unwrap();
    let other = Cache::solid(other, Config::default());
    assert_eq!(other.read::<i32>("left").await, Some(1));
    assert!(other.check().await.unwrap().is_empty());
}

#[tokio::test]
async fn in_memory_there_is_nothing_to_look_at() {
    let cache = Cache::memory(Config::default());
    cache.write("key", &1).await;
    assert!(cache.totals().await.unwrap().is_empty());
    assert_eq!(cache.show("key").await.unwrap(), None);
    assert!(cache.check().await.unwrap().is_empty());
    cache.vacuum().await.unwrap();
}
