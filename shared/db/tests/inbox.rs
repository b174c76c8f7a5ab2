//! Rows that are written at the same time share a transaction, and fail alone.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use db::{Database, DatabaseConfig, DbError, Inbox, Statement, WriteRows};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection};

/// Numbers, each once. The answer is how many were written together.
struct Numbers;

impl WriteRows for Numbers {
    type Row = i64;
    type Answer = usize;

    fn write(&self, connection: &mut SqliteConnection, numbers: &[i64]) -> QueryResult<Vec<usize>> {
        let insert = |number: &i64| {
            Statement::<()>::new("INSERT INTO numbers (number) VALUES (?)")
                .bind(*number)
                .execute(connection)
                .map(|_| numbers.len())
        };
        numbers.iter().map(insert).collect()
    }
}

async fn inbox(folder: &tempfile::TempDir) -> Inbox<Numbers> {
    let config = DatabaseConfig::new(folder.path().join("numbers.sqlite3"));
    let database = Database::open(&config, db::NO_MIGRATIONS).unwrap();
    let create = "CREATE TABLE numbers (id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE)";
    database
        .write(|connection| connection.batch_execute(create))
        .await
        .unwrap();
    Inbox::new(database, Numbers)
}

async fn numbers(inbox: &Inbox<Numbers>) -> Vec<i64> {
    let select = |connection: &mut SqliteConnection| {
        Statement::<BigInt>::new("SELECT number FROM numbers ORDER BY id").load(connection)
    };
    inbox.database().read(select).await.unwrap()
}

#[tokio::test]
async fn writes_at_the_same_time_are_grouped_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = inbox(&folder).await;
    let writes: Vec<_> = (0..50)
        .map(|number| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.write(number).await.unwrap() })
        })
        .collect();
    let mut groups = Vec::new();
    for write in writes {
        groups.push(write.await.unwrap());
    }
    assert_eq!(numbers(&inbox).await, (0..50).collect::<Vec<_>>());
    assert!(groups.iter().all(|&size| size <= 50));
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = inbox(&folder).await;
    let write = |number| {
        let inbox = inbox.clone();
        tokio::spawn(async move { inbox.write(number).await })
    };
    let writes = [1, 2, 2, 3].map(write);
    let mut failed = 0;
    for write in writes {
        match write.await.unwrap() {
            Ok(_) => {}
            Err(DbError::Query(_)) => failed += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(failed, 1);
    assert_eq!(numbers(&inbox).await, [1, 2, 3]);
}

#[tokio::test]
async fn what_waits_is_written_when_the_one_at_work_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = inbox(&folder).await;
    // It holds the writer, so that the first has to wait.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let database = inbox.database().clone();
    let holder = tokio::spawn(async move {
        let hold = move |_: &mut SqliteConnection| {
            taken.send(()).unwrap();
            let _ = released.recv();
            Ok(())
        };
        // Not alone, so that it is done on another thread.
        let both = (database.vacuum(), database.write(hold));
        let (vacuum, write) = tokio::join!(both.0, both.1);
        vacuum.and(write).unwrap();
    });
    is_taken.await.unwrap();
    let mut first = Box::pin(inbox.write(1));
    tokio::select! {
        biased;
        _ = &mut first => panic!("the writer is held"),
        () = std::future::ready(()) => {}
    }
    let second = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.write(2).await }
    });
    tokio::task::yield_now().await;
    drop(first);
    drop(release);
    holder.await.unwrap();
    assert_eq!(second.await.unwrap().unwrap(), 1);
    // A write runs to its end even when nobody waits for it.
    assert_eq!(numbers(&inbox).await, [1, 2]);
}
