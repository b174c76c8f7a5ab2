//! A file that was deleted or damaged is made anew, under all who have it open.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use db::{Database, DatabaseConfig, DbError, EmbeddedMigrations, StartedOver, embed_migrations};
use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection, sql_query, sql_types::BigInt};

/// The table `notes`.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");
const MADE: StartedOver = StartedOver::Recreated { moved_to: None };

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn open(folder: &tempfile::TempDir) -> Database {
    Database::open(&DatabaseConfig::new(path(folder)), MIGRATIONS).unwrap()
}

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("over.sqlite3")
}

fn insert(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("INSERT INTO notes VALUES (hex(zeroblob(500)))")
}

fn count(connection: &mut SqliteConnection) -> QueryResult<i64> {
    // Reads every page of the table.
    let counted = sql_query("SELECT count(*) AS count FROM notes WHERE body LIKE '0%'");
    Ok(counted.get_result::<Count>(connection)?.count)
}

/// Both see one file, and each other's writes.
async fn assert_shared(one: &Database, two: &Database) {
    assert!(one.is_in_place() && two.is_in_place());
    let before = one.read(count).await.unwrap();
    two.write(insert).await.unwrap();
    assert_eq!(one.read(count).await.unwrap(), before + 1);
    one.write(insert).await.unwrap();
    assert_eq!(two.read_long(count).await.unwrap(), before + 2);
    assert_eq!(one.read(check).await.unwrap(), 0);
}

/// How many faults SQLite finds.
fn check(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let faults =
        "SELECT count(*) AS count FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    Ok(sql_query(faults).get_result::<Count>(connection)?.count)
}

fn copies(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".corrupt-"))
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

/// Makes a file of many pages, destroys some in the middle, and opens it twice.
async fn damaged(folder: &tempfile::TempDir) -> (Database, Database) {
    let database = open(folder);
    let fill = |c: &mut SqliteConnection| (0..200).try_for_each(|_| insert(c));
    database.write(fill).await.unwrap();
    // The last connection that closes leaves everything in the one file.
    drop(database);
    let raw = std::fs::File::options().write(true).open(path(folder));
    raw.unwrap()
        .write_all_at(&[0xff; 3 * 4096], 20 * 4096)
        .unwrap();
    (open(folder), open(folder))
}

#[tokio::test]
async fn all_who_had_a_deleted_file_open_meet_in_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder), open(&folder));
    one.write(insert).await.unwrap();
    assert_eq!(two.read(count).await.unwrap(), 1);
    // The companions stay.
    std::fs::remove_file(path(&folder)).unwrap();
    assert_eq!(one.start_over(MIGRATIONS).unwrap(), MADE);
    assert_eq!(two.start_over(MIGRATIONS).unwrap(), StartedOver::Reopened);
    assert_eq!(one.read(count).await.unwrap(), 0);
    assert_shared(&one, &two).await;
    let three = open(&folder);
    assert_shared(&one, &three).await;
    drop((two, three));
    assert_shared(&one, &open(&folder)).await;
}

#[tokio::test]
async fn a_damaged_file_is_named_and_moved_out_of_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = damaged(&folder).await;
    let error = one.read(count).await.unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
    let StartedOver::Recreated {
        moved_to: Some(aside),
    } = one.start_over(MIGRATIONS).unwrap()
    else {
        panic!("nothing was moved");
    };
    assert!(std::fs::metadata(&aside).unwrap().len() > 20 * 4096);
    assert_eq!(one.read(count).await.unwrap(), 0);
    // The other still has the old one, and writes to it.
    two.write(|c| c.batch_execute("CREATE TABLE lost (id INTEGER)"))
        .await
        .unwrap();
    assert!(!two.is_in_place());
    assert_eq!(two.start_over(MIGRATIONS).unwrap(), StartedOver::Reopened);
    assert_shared(&one, &two).await;
    assert_eq!(copies(folder.path()).len(), 1);
}

#[tokio::test]
async fn one_damaged_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    let old = ["over.sqlite3.corrupt-1", "over.sqlite3.corrupt-1-wal"];
    for name in old {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    std::fs::write(folder.path().join("another.sqlite3.corrupt-1"), "x").unwrap();
    database.start_over(MIGRATIONS).unwrap();
    database.start_over(MIGRATIONS).unwrap();
    let copies = copies(folder.path());
    assert_eq!(copies.len(), 2, "{copies:?}");
    assert_eq!(copies[0], "another.sqlite3.corrupt-1");
    assert!(!folder.path().join(old[1]).exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_gives_way_too() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    for name in ["over.sqlite3", "over.sqlite3-wal", "over.sqlite3-shm"] {
        std::fs::rename(
            folder.path().join(name),
            folder.path().join(name.replace("over", "old")),
        )
        .unwrap();
    }
    std::fs::write(path(&folder), "not a database, ".repeat(300)).unwrap();
    let done = database.start_over(MIGRATIONS).unwrap();
    assert!(matches!(done, StartedOver::Recreated { moved_to: Some(_) }));
    assert_shared(&database, &open(&folder)).await;
}

#[tokio::test]
async fn those_who_start_over_at_once_do_it_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = damaged(&folder).await;
        let handles = [one.clone(), two.clone(), open(&folder)];
        let start = Arc::new(Barrier::new(handles.len()));
        let threads = handles.map(|handle| {
            let start = Arc::clone(&start);
            std::thread::spawn(move || {
                start.wait();
                handle.start_over(MIGRATIONS).unwrap()
            })
        });
        let done = threads.map(|thread| thread.join().unwrap());
        let made = done.iter().filter(|done| **done != StartedOver::Reopened);
        assert_eq!(made.count(), 1, "{done:?}");
        assert_eq!(copies(folder.path()).len(), 1);
        assert_shared(&one, &two).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    let (started, is_started) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
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
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move { database.write(insert).await })
        })
        .collect();
    database.start_over(MIGRATIONS).unwrap();
    // The new writer does not wait for the old one.
    database.write(insert).await.unwrap();
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    for write in waiting {
        write.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn those_who_were_told_of_commits_are_told_of_those_of_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (open(&folder), open(&folder));
    let mut changes = database.changes();
    let before = database.foreign_generation(Duration::ZERO).unwrap();
    std::fs::remove_file(path(&folder)).unwrap();
    database.start_over(MIGRATIONS).unwrap();
    let after = database.foreign_generation(Duration::ZERO).unwrap();
    assert!(after > before);
    noticed(&mut changes).await;
    other.start_over(MIGRATIONS).unwrap();
    let foreign = || database.foreign_generation(Duration::ZERO).unwrap();
    for _ in 0..5 {
        // A notice of what came before may be late: a commit is noticed when its row is there.
        let (rows, before) = (database.read(count).await.unwrap(), foreign());
        other.write(insert).await.unwrap();
        noticed(&mut changes).await;
        while database.read(count).await.unwrap() == rows {
            noticed(&mut changes).await;
        }
        assert!(foreign() > before);
    }
}

async fn noticed(changes: &mut db::Changes) {
    tokio::time::timeout(Duration::from_secs(10), changes.changed())
        .await
        .expect("the commit is noticed");
}

#[tokio::test]
async fn what_cannot_be_made_leaves_the_old_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder);
    std::fs::remove_file(path(&folder)).unwrap();
    std::fs::create_dir(path(&folder)).unwrap();
    let error = database.start_over(MIGRATIONS).unwrap_err();
    assert!(matches!(error, DbError::Open { .. }), "{error:?}");
    database.write(insert).await.unwrap();
    std::fs::remove_dir(path(&folder)).unwrap();
    assert_eq!(database.start_over(MIGRATIONS).unwrap(), MADE);
    assert_eq!(database.read(count).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_opened_meanwhile_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let (database, other) = (open(&folder), open(&folder));
    // Two watches, and readers that are opened when they are needed.
    let _changes = (database.changes(), other.changes());
    for round in 0..30 {
        let (healing, reading) = (database.clone(), database.clone());
        let reads = tokio::spawn(async move {
            for _ in 0..20 {
                drop(reading.read_long(count).await);
            }
        });
        let done = tokio::task::spawn_blocking(move || healing.start_over(MIGRATIONS));
        done.await.unwrap().unwrap();
        if round % 2 == 0 {
            assert_eq!(other.start_over(MIGRATIONS).unwrap(), StartedOver::Reopened);
            assert_shared(&database, &other).await;
        }
        reads.await.unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.sqlite3");
    std::fs::write(&path, [7; 8192]).unwrap();
    let config = DatabaseConfig::new(&path);
    assert!(Database::open(&config, db::NO_MIGRATIONS).is_err_and(|error| error.is_corrupt()));
    let (database, moved_to) = Database::open_disposable(&config, || db::NO_MIGRATIONS).unwrap();
    assert!(database.is_in_place());
    assert_eq!(std::fs::read(moved_to.unwrap()).unwrap(), [7; 8192]);
    let (_, moved_to) = Database::open_disposable(&config, || db::NO_MIGRATIONS).unwrap();
    assert_eq!(moved_to, None);
}
