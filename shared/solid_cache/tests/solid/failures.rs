//! Whatever happens to the file, callers see a miss, `false`, or the value they compute.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use solid_cache::{Cache, Config};
use tokio::sync::oneshot;

use crate::table::Table;

/// Everything a caller may ask for, of a cache that cannot write.
async fn cannot_write(cache: &Cache) {
    assert!(!cache.write("new", &1).await);
    assert!(!cache.write_multi([("new", 1)]).await);
    assert!(!cache.unless_exist().write("new", &1).await);
    assert_eq!(cache.increment("new", 1).await, None);
    assert!(!cache.delete("key").await);
    assert!(!cache.clear().await);
    assert_eq!(cache.fetch("new", async || Ok::<_, ()>(2)).await, Ok(2));
}

async fn cannot_read(cache: &Cache) {
    assert_eq!(cache.read::<i32>("key").await, None);
    assert!(!cache.exist("key").await);
    assert!(cache.read_multi::<i32>(["key"]).await.is_empty());
    assert_eq!(cache.fetch("key", async || Ok::<_, ()>(2)).await, Ok(2));
    let many = cache.fetch_multi(["key"], async |_| Ok::<_, ()>(2)).await;
    assert_eq!(many, Ok(vec![("key".to_owned(), 2)]));
}

#[tokio::test]
async fn a_corrupted_value_is_a_miss() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    for broken in [
        "X''",
        "X'00'",
        "X'001102'",
        "X'001182000000000000f0bfffffffff00'",
        "'text'",
        "X'001109000000000000f0bfffffffff00'",
        "X'001102000000000000f0bf00010000'",
        "X'0408692a'",
    ] {
        cache.write("key", &1).await;
        let corrupt = format!("UPDATE solid_cache_entries SET value = {broken}");
        table
            .database
            .write(move |c| c.batch_execute(&corrupt))
            .await
            .unwrap();
        assert_eq!(cache.read::<i32>("key").await, None, "{broken}");
        assert_eq!(
            cache.fetch("key", async || Ok::<_, ()>(2)).await,
            Ok(2),
            "{broken}"
        );
        assert_eq!(cache.read::<i32>("key").await, Some(2), "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_can_be_read_but_not_written() {
    let table = Table::with_timeout(Duration::from_millis(100));
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    // A connection for reading is there before the lock is.
    assert!(cache.exist("key").await);
    let other = db::Database::open(&table.config, solid_cache::MIGRATIONS).unwrap();
    let (locked, is_locked) = oneshot::channel();
    let (unlock, unlocked) = oneshot::channel::<()>();
    let lock = tokio::spawn(async move {
        other
            .write(move |_| {
                locked.send(()).unwrap();
                tokio::task::block_in_place(|| unlocked.blocking_recv().unwrap());
                Ok(())
            })
            .await
    });
    is_locked.await.unwrap();
    cannot_write(&cache).await;
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    unlock.send(()).unwrap();
    lock.await.unwrap().unwrap();
    assert!(cache.write("new", &1).await);
}

#[tokio::test]
async fn a_table_that_refuses_writes_can_be_read() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    for write in ["INSERT", "UPDATE", "DELETE"] {
        let refuse = format!(
            "CREATE TRIGGER refuse_{write} BEFORE {write} ON solid_cache_entries
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        table.execute(refuse).await;
    }
    cannot_write(&cache).await;
    assert_eq!(cache.read::<i32>("key").await, Some(1));
    assert!(cache.stats().failures >= 7);
}

#[tokio::test]
async fn a_table_that_is_gone_is_a_miss() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    table.execute("DROP TABLE solid_cache_entries").await;
    cannot_read(&cache).await;
    cannot_write(&cache).await;
}

#[tokio::test]
async fn a_deleted_file_is_no_error() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    for ending in ["", "-wal", "-shm"] {
        let mut path = table.config.path.clone().into_os_string();
        path.push(ending);
        std::fs::remove_file(path).unwrap();
    }
    // Connections that are open keep the file alive; new ones find an empty one.
    cache.write("key", &2).await;
    cache.read::<i32>("key").await;
    assert_eq!(cache.fetch("new", async || Ok::<_, ()>(2)).await, Ok(2));
}
