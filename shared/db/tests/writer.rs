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

fn panic_within_a_transaction_of_its_own(connection: &mut SqliteConnection) -> QueryResult<()> {
    use diesel::Connection as _;
    connection.transaction(|connection| {
        insert(connection)?;
        panic!("told to")
    })
}

#[tokio::test]
async fn a_panic_within_a_transaction_of_its_own_leaves_the_writer_sound() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (with_table(&folder).await, open(&folder));
    let error = database
        .write(panic_within_a_transaction_of_its_own)
        .await
        .unwrap_err();
    assert!(matches!(error, DbError::Panicked(_)), "{error:?}");
    database.write(insert).await.unwrap();
    other.write(insert).await.unwrap();
    assert_eq!(database.read(count).await.unwrap(), 2);
}

/// Makes many writes wait, so that they share one transaction.
async fn grouped<T: Send + 'static>(
    database: &Database,
    works: Vec<fn(&mut SqliteConnection) -> QueryResult<T>>,
) -> Vec<Result<T, DbError>> {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (started, is_started) = tokio::sync::oneshot::channel();
    let first = tokio::task::spawn_blocking({
        let database = database.clone();
        move || {
            let wait = database.write(move |_| {
                started.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            });
            tokio::runtime::Handle::current().block_on(wait)
        }
    });
    is_started.await.unwrap();
    let mut writes: Vec<_> = works
        .into_iter()
        .map(|work| Box::pin(database.write(work)))
        .collect();
    for write in &mut writes {
        assert!(poll_once(write).await.is_none());
    }
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(write.await);
    }
    outcomes
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_acknowledged_that_a_broken_transaction_took_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (with_table(&folder).await, open(&folder));
    let outcomes = grouped(
        &database,
        vec![insert, panic_within_a_transaction_of_its_own, insert],
    )
    .await;
    assert!(
        matches!(outcomes[1], Err(DbError::Panicked(_))),
        "{outcomes:?}"
    );
    for neighbour in [&outcomes[0], &outcomes[2]] {
        let error = neighbour.as_ref().unwrap_err();
        assert_eq!(
            error.root().to_string(),
            "the transaction broke: the database work panicked: told to"
        );
    }
    assert_eq!(other.read(count).await.unwrap(), 0);
    database.write(insert).await.unwrap();
    assert_eq!(other.read(count).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_to_all_whose_writes_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_table(&folder).await;
    database
        .write(|c| c.batch_execute("PRAGMA max_page_count = 10"))
        .await
        .unwrap();
    let fill =
        |c: &mut SqliteConnection| c.batch_execute("INSERT INTO notes VALUES (zeroblob(100000))");
    let outcomes = grouped(&database, vec![insert, fill, insert]).await;
    for outcome in &outcomes {
        let error = outcome.as_ref().unwrap_err();
        assert!(error.root().to_string().contains("full"), "{error:?}");
    }
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
