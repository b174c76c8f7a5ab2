//! Values encrypted in the file: nothing else changes for the callers.

use std::time::Duration;

use db::Timestamp;
use solid_cache::{Config, Encryption, KeyDigest};
use test_support::wait_until;

use crate::table::Table;

const DAY: Duration = Duration::from_hours(24);

fn encrypted(key: &str) -> Config {
    let keys = [key.to_owned()];
    let encryption = Encryption::new(&keys, "the salt of the test", KeyDigest::Sha256);
    Config {
        encryption: Some(encryption.unwrap()),
        ..Config::default()
    }
}

#[tokio::test]
async fn values_are_not_in_the_file_in_clear() {
    let table = Table::new();
    let cache = table.cache(encrypted("key"));
    let secret = "a secret that nobody shall see";
    cache.write_text("text", secret).await;
    cache.write("json", secret).await;
    cache.message_pack().write("packed", secret).await;
    cache.write_bytes("bytes", secret).await;
    for row in table.rows().await {
        let is_clear = |part: &[u8]| part == b"secret";
        assert!(!row.value.windows(6).any(is_clear));
        assert!(row.value.starts_with(b"\xcc\x80"));
    }
    assert_eq!(cache.read_text("text").await.as_deref(), Some(secret));
    for key in ["json", "packed"] {
        assert_eq!(cache.read::<String>(key).await.as_deref(), Some(secret));
    }
    let bytes = cache.read_bytes("bytes").await;
    assert_eq!(bytes.as_deref(), Some(secret.as_bytes()));
}

#[tokio::test]
async fn the_size_counts_what_encryption_costs() {
    let table = Table::new();
    table
        .cache(Config::default())
        .write_text("key", "text")
        .await;
    let clear = table.rows().await.remove(0).byte_size;
    table
        .cache(encrypted("key"))
        .write_text("key", "text")
        .await;
    assert_eq!(table.rows().await[0].byte_size, clear + 170);
}

#[tokio::test]
async fn counters_and_options_work() {
    let table = Table::new();
    let cache = table.cache(encrypted("key"));
    assert_eq!(cache.increment("visits", 1).await, Some(1));
    assert_eq!(cache.increment("visits", 41).await, Some(42));
    assert_eq!(cache.read_counter("visits").await, Some(42));
    assert!(!cache.unless_exist().write("visits", &1).await);
    cache.version("1").write("versioned", &1).await;
    assert_eq!(cache.version("2").read::<i32>("versioned").await, None);
    cache.tags(["tag"]).write("tagged", &1).await;
    assert_eq!(cache.delete_tag("tag").await, 1);
    assert_eq!(cache.read_multi::<i32>(["visits", "tagged"]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_entries_are_deleted_unread() {
    let table = Table::new();
    let cache = table.cache(encrypted("key"));
    let past = Timestamp::now().before(DAY);
    for key in ["one", "two", "three"] {
        cache.expires_at(past).write(key, &1).await;
    }
    cache.write("living", &1).await;
    wait_until("only the living is left", || async {
        table.keys().await == ["living"]
    })
    .await;
    wait_until("the expired are counted", || async {
        cache.stats().expirations == 3
    })
    .await;
}

#[tokio::test]
async fn an_expired_value_serves_the_others_for_a_while() {
    let table = Table::new();
    let cache = table.cache(encrypted("key")).race_condition_ttl(DAY);
    cache.expires_in(DAY).write("key", &1).await;
    let later = Timestamp::now().after(DAY * 3 / 2);
    let later = cache.with_clock(move || later);
    let other = later.clone();
    let computed = later
        .fetch("key", async || {
            assert_eq!(other.read::<i32>("key").await, Some(1));
            Ok::<_, ()>(2)
        })
        .await;
    assert_eq!(computed, Ok(2));
    assert_eq!(later.read::<i32>("key").await, Some(2));
}

#[tokio::test]
async fn a_value_of_another_key_is_a_miss() {
    let table = Table::new();
    table.cache(encrypted("mine")).write("key", &1).await;
    for config in [encrypted("other"), Config::default()] {
        let other = table.cache(config);
        assert_eq!(other.read::<i32>("key").await, None);
        assert_eq!(other.read_multi::<i32>(["key"]).await.len(), 0);
        assert_eq!(other.stats().misses, 2);
    }
    let other = table.cache(encrypted("other"));
    assert_eq!(other.fetch("key", async || Ok::<_, ()>(2)).await, Ok(2));
    assert_eq!(other.read::<i32>("key").await, Some(2));
    let both = Encryption::new(
        &["mine".to_owned(), "other".to_owned()],
        "the salt of the test",
        KeyDigest::Sha256,
    );
    let both = table.cache(Config {
        encryption: Some(both.unwrap()),
        ..Config::default()
    });
    assert_eq!(both.read::<i32>("key").await, Some(2));
}

#[tokio::test]
async fn hot_reads_are_served_decrypted() {
    let table = Table::new();
    let cache = table.cache(encrypted("key"));
    let text = "long ".repeat(1_000);
    cache.write_text("text", &text).await;
    wait_until("a read is served from memory", || async {
        assert_eq!(cache.read_text("text").await.as_ref(), Some(&text));
        cache.stats().first_level_hits > 0
    })
    .await;
}
