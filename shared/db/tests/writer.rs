//! The grouping writer: every write is done once, fails alone, and waits its turn.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::time::Duration;

use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS};
use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection, sql_query, sql_types::BigInt};

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn open(folder: &tempfile::TempDir) -> Database {
    let mut config = DatabaseConfig::new(folder.path().join("writer.sqlite3"));
    config.timeout = Duration::from_millis(200);
    Database::open(&config, NO_MIGRATIONS).unwrap()
}

async fn with_table(folder: &tempfile::TempDir) -> Database {
    let database = open(folder);
    database
        .write(|c| c.batch_execute("CREATE TABLE notes (body TEXT NOT NULL)"))
        .await
        .unwrap();
    database
}

fn insert(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("INSERT INTO notes VALUES ('x')")
}

fn count(connection: &mut SqliteConnection) -> QueryResult<i64> {
    Ok(sql_query("SELECT count(*) AS count FROM notes")
        .get_result::<Count>(connection)?
        .count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes_are_all_done_and_bad_ones_fail_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_table(&folder).await;
    let writes: Vec<_> = (0..500)
        .map(|number| {
            let database = database.clone();
            tokio::spawn(async move {
                let bad = number % 10 == 0;
                let write = database.write(move |c| {
                    insert(c)?;
                    if bad {
                        c.batch_execute("INSERT INTO notes VALUES (NULL)")
                    } else {
                        Ok(())
                    }
                });
                (bad, write.await)
            })
        })
        .collect();
    for write in writes {
        let (bad, outcome) = write.await.unwrap();
        assert_eq!(outcome.is_err(), bad, "{outcome:?}");
    }
    assert_eq!(database.read(count).await.unwrap(), 450);
}

#[tokio::test]
async fn a_panic_undoes_its_own_write_only() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_table(&folder).await;
    let panicked = database.write(|c| -> QueryResult<()> {
        insert(c)?;
        panic!("told to")
    });
    let error = panicked.await.unwrap_err();
    assert!(
        matches!(&error, DbError::Panicked(message) if message == "told to"),
        "{error:?}"
    );
    database.write(insert).await.unwrap();
    assert_eq!(database.read(count).await.unwrap(), 1);
}

#[tokio::test]
async fn a_failed_write_can_use_transactions_of_its_own() {
    use diesel::Connection as _;
    let folder = tempfile::tempdir().unwrap();
    let database = with_table(&folder).await;
    let done = database.write(|c| {
        let inner = c.transaction(|c| {
            insert(c)?;
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        });
        assert!(inner.is_err());
        insert(c)
    });
    done.await.unwrap();
    assert_eq!(database.read(count).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_elsewhere_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (with_table(&folder).await, open(&folder));
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
    let error = database.write(insert).await.unwrap_err();
    assert!(matches!(error.root(), DbError::Locked { .. }), "{error:?}");
    assert!(error.is_transient());
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    database.write(insert).await.unwrap();
    assert_eq!(database.read(count).await.unwrap(), 1);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = DatabaseConfig::new(folder.path().join("writer.sqlite3"));
    config.write_queue = 0;
    let database = Database::open(&config, NO_MIGRATIONS).unwrap();
    let error = database.write(|_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "0 writes are waiting already");
}

#[tokio::test]
async fn a_commit_by_another_connection_is_noticed_without_polling() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (with_table(&folder).await, open(&folder));
    let mut changes = database.changes();
    other.write(insert).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), changes.changed())
        .await
        .expect("the commit is noticed");
    assert_eq!(database.read(count).await.unwrap(), 1);
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_table(&folder).await;
    let error = database.read(insert).await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}
