//! Commits of others are counted, one's own are not.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::time::{Duration, Instant};

use db::{Database, DatabaseConfig, NO_MIGRATIONS};
use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, SqliteConnection};

const LONG: Duration = Duration::from_hours(1);

fn open(folder: &tempfile::TempDir, watch: bool) -> Database {
    let mut config = DatabaseConfig::new(folder.path().join("foreign.sqlite3"));
    config.watch = watch;
    Database::open(&config, NO_MIGRATIONS).unwrap()
}

/// Two handles on one file; the first is the one that asks.
async fn two(folder: &tempfile::TempDir, watch: bool) -> (Database, Database) {
    let (database, other) = (open(folder, watch), open(folder, false));
    database
        .write(|c| c.batch_execute("CREATE TABLE notes (body TEXT)"))
        .await
        .unwrap();
    (database, other)
}

fn insert(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("INSERT INTO notes VALUES ('x')")
}

/// As of now.
fn now(database: &Database) -> Option<u64> {
    database.foreign_generation(Duration::ZERO)
}

/// As far as somebody has looked already.
fn known(database: &Database) -> Option<u64> {
    database.foreign_generation(LONG)
}

/// As of now, once the writer has put down its connection: that is a little after it answered.
async fn settled(database: &Database) -> u64 {
    wait_until("the writer to rest", || now(database).is_some()).await;
    known(database).unwrap()
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
}

#[tokio::test]
async fn own_writes_do_not_raise_it() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _other) = two(&folder, true).await;
    let before = settled(&database).await;
    for _ in 0..20 {
        database.write(insert).await.unwrap();
        assert_eq!(settled(&database).await, before);
    }
    assert!(
        database
            .write(|c| c.batch_execute("nonsense"))
            .await
            .is_err()
    );
    database.vacuum().await.unwrap();
    assert_eq!(settled(&database).await, before);
}

#[tokio::test]
async fn without_a_watch_it_is_as_old_as_the_caller_allows() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = two(&folder, false).await;
    let before = settled(&database).await;
    other.write(insert).await.unwrap();
    assert_eq!(known(&database), Some(before));
    let after = settled(&database).await;
    assert!(after > before);
    assert_eq!(known(&database), Some(after));
}

#[tokio::test]
async fn a_write_of_ones_own_looks_for_those_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = two(&folder, false).await;
    let before = settled(&database).await;
    other.write(insert).await.unwrap();
    let clone = database.clone();
    let within = database
        .write(move |_| Ok(known(&clone)))
        .await
        .unwrap()
        .unwrap();
    assert!(within > before);
    assert_eq!(settled(&database).await, within);
}

#[tokio::test]
async fn with_a_watch_it_rises_without_being_asked_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = two(&folder, true).await;
    database.watch_foreign();
    wait_until("a first look", || now(&database).is_some()).await;
    for _ in 0..20 {
        let before = known(&database).unwrap();
        other.write(insert).await.unwrap();
        wait_until("the commit to be noticed", || {
            known(&database).is_some_and(|after| after > before)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_waits_for_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = two(&folder, false).await;
    let before = settled(&database).await;
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = tokio::task::spawn_blocking(move || {
        let hold = other.write(move |c| {
            insert(c)?;
            locked.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        });
        tokio::runtime::Handle::current().block_on(hold)
    });
    is_locked.await.unwrap();
    // The writer is idle: it can look, and there is nothing yet.
    assert_eq!(now(&database), Some(before));
    // It waits for the lock: it has no time, which is said at once.
    let waiting = tokio::spawn({
        let database = database.clone();
        async move { database.write(insert).await }
    });
    wait_until("the writer to wait", || now(&database).is_none()).await;
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    assert!(settled(&database).await > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_noticed_among_many_writes_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = two(&folder, true).await;
    database.watch_foreign();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let own: Vec<_> = (0..4)
        .map(|_| {
            let (database, stop) = (database.clone(), std::sync::Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    database.write(insert).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..20 {
        wait_until("some look", || known(&database).is_some()).await;
        let before = known(&database).unwrap();
        other.write(insert).await.unwrap();
        wait_until("the commit to be noticed", || {
            known(&database).is_some_and(|after| after > before)
        })
        .await;
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for own in own {
        own.await.unwrap();
    }
    let before = settled(&database).await;
    database.write(insert).await.unwrap();
    assert_eq!(settled(&database).await, before);
}

#[tokio::test]
async fn a_connection_that_was_closed_may_have_missed_something() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _other) = two(&folder, false).await;
    let before = settled(&database).await;
    let broken = database.write(|c| c.batch_execute("ROLLBACK"));
    assert!(broken.await.is_err());
    assert_eq!(now(&database), None);
    database.write(insert).await.unwrap();
    assert!(settled(&database).await > before);
}
