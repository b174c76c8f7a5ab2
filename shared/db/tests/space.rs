//! A file that gives back its free pages.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::time::Duration;

use db::{Database, DatabaseConfig, DbError, FileExtent, NO_MIGRATIONS, extent, give_back};
use diesel::connection::SimpleConnection as _;

fn open(folder: &tempfile::TempDir, auto_vacuum: bool) -> Database {
    let mut config = DatabaseConfig::new(folder.path().join("space.sqlite3"));
    config.auto_vacuum = auto_vacuum;
    config.timeout = Duration::from_millis(100);
    Database::open(&config, NO_MIGRATIONS).unwrap()
}

/// Fills about a hundred pages and empties them again.
async fn fill_and_empty(database: &Database) -> FileExtent {
    database
        .write(|c| {
            c.batch_execute(
                "CREATE TABLE notes (body BLOB);
                 INSERT INTO notes VALUES (zeroblob(400000));
                 DELETE FROM notes",
            )
        })
        .await
        .unwrap();
    let after = database.read(extent).await.unwrap();
    assert!(after.free_pages > 90, "{after:?}");
    assert_eq!(after.bytes(), after.page_count * after.page_size);
    after
}

#[tokio::test]
async fn free_pages_are_given_back_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder, true);
    let before = fill_and_empty(&database).await;
    let within = database.write(|c| {
        give_back(c, 0)?;
        give_back(c, 40)?;
        extent(c)
    });
    let within = within.await.unwrap();
    let after = database.read(extent).await.unwrap();
    assert_eq!(within, after);
    assert_eq!(after.free_pages, before.free_pages - 40);
    assert_eq!(after.used_bytes(), before.used_bytes());
}

#[tokio::test]
async fn a_file_that_was_made_without_gives_back_after_a_vacuum() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder, false));
    let database = open(&folder, true);
    let before = fill_and_empty(&database).await;
    database.write(|c| give_back(c, 40)).await.unwrap();
    assert_eq!(database.read(extent).await.unwrap(), before);
    database.vacuum().await.unwrap();
    assert_eq!(database.read(extent).await.unwrap().free_pages, 0);
    database
        .write(|c| c.batch_execute("DROP TABLE notes"))
        .await
        .unwrap();
    let before = fill_and_empty(&database).await;
    database.write(|c| give_back(c, 40)).await.unwrap();
    let after = database.read(extent).await.unwrap();
    assert_eq!(after.free_pages, before.free_pages - 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vacuum_waits_for_the_lock_and_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (open(&folder, true), open(&folder, true));
    fill_and_empty(&database).await;
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = tokio::task::spawn_blocking(move || {
        let hold = other.write(move |_| {
            locked.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        });
        tokio::runtime::Handle::current().block_on(hold)
    });
    is_locked.await.unwrap();
    let error = database.vacuum().await.unwrap_err();
    assert!(matches!(error, DbError::Locked { .. }), "{error:?}");
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    let writes: Vec<_> = (0..50)
        .map(|_| {
            let database = database.clone();
            let insert = "INSERT INTO notes VALUES (zeroblob(10))";
            tokio::spawn(async move { database.write(|c| c.batch_execute(insert)).await })
        })
        .collect();
    database.vacuum().await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
}
