//! The connections that read: shared by all, lost by none.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS};
use diesel::QueryResult;

/// A database that has one connection for reading.
fn open(folder: &tempfile::TempDir) -> Database {
    let mut config = DatabaseConfig::new(folder.path().join("readers.sqlite3"));
    config.pool = 1;
    Database::open(&config, NO_MIGRATIONS).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn short_and_long_reads_share_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    let reads: Vec<_> = (0..200)
        .map(|number| {
            let database = database.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    if number % 2 == 0 {
                        database.read(|_| Ok(())).await?;
                    } else {
                        database.read_long(|_| Ok(())).await?;
                    }
                }
                Ok::<_, DbError>(())
            })
        })
        .collect();
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_gets_the_connection_that_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    let (started, is_started) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = tokio::spawn({
        let database = database.clone();
        async move {
            let hold = database.read_long(move |_| {
                started.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            });
            hold.await
        }
    });
    is_started.await.unwrap();
    let waiting = tokio::spawn({
        let database = database.clone();
        async move { database.read(|_| Ok("read")).await }
    });
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), "read");
}

#[tokio::test]
async fn a_panic_loses_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    for _ in 0..3 {
        database.read(|_| Ok(())).await.unwrap();
        let panicking = tokio::spawn({
            let database = database.clone();
            async move {
                let read = database.read(|_| -> QueryResult<()> { panic!("told to") });
                read.await
            }
        });
        assert!(panicking.await.unwrap_err().is_panic());
        let error = database
            .read_long(|_| -> QueryResult<()> { panic!("told to") })
            .await
            .unwrap_err();
        assert!(matches!(error, DbError::Panicked(_)), "{error:?}");
    }
    database.read(|_| Ok(())).await.unwrap();
}
