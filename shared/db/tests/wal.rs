//! The `-wal` file becomes small again.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::PathBuf;

use db::{Database, DatabaseConfig, NO_MIGRATIONS};
use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, SqliteConnection};

const LIMIT: u64 = 16 << 20;

fn insert(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("INSERT INTO notes VALUES (zeroblob(200000))")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_long_read_made_large_becomes_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    let size = || std::fs::metadata(&wal).unwrap().len();
    let database = Database::open(&DatabaseConfig::new(&path), NO_MIGRATIONS).unwrap();
    let create = "CREATE TABLE notes (body BLOB NOT NULL)";
    database.write(|c| c.batch_execute(create)).await.unwrap();

    // Someone reads, and is not done.
    let (reading, is_reading) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let reader = database.clone();
    let read = tokio::spawn(async move {
        let work = move |connection: &mut SqliteConnection| {
            connection.batch_execute("BEGIN; SELECT count(*) FROM notes")?;
            reading.send(()).unwrap();
            released.recv().ok();
            connection.batch_execute("ROLLBACK")
        };
        reader.read_long(work).await.unwrap();
    });
    is_reading.recv().unwrap();
    while size() <= 2 * LIMIT {
        database.write(insert).await.unwrap();
    }
    drop(release);
    read.await.unwrap();

    // With the next commits.
    let mut commits = 0;
    while size() > LIMIT {
        database
            .write(|c| c.batch_execute("UPDATE notes SET body = x'' WHERE rowid = 1"))
            .await
            .unwrap();
        commits += 1;
        assert!(commits < 1_000_000, "it stays large");
    }
}
