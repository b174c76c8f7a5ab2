//! One moment of several files while others write to all of them.

#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use db::{
    BackupError, Cut, Database, DatabaseConfig, EmbeddedMigrations, Inspection, embed_migrations,
};
use diesel::{RunQueryDsl as _, connection::SimpleConnection as _, sql_query};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");
const PATIENCE: Duration = Duration::from_secs(30);

fn files(folder: &Path) -> (Vec<PathBuf>, Vec<Database>) {
    let paths: Vec<_> = (0..4)
        .map(|number| folder.join(format!("{number}.sqlite3")))
        .collect();
    let open = |path: &PathBuf| Database::open(&DatabaseConfig::new(path), MIGRATIONS).unwrap();
    let databases = paths.iter().map(open).collect();
    (paths, databases)
}

/// Writes each number into all files, one after the other, and notes those that all have.
fn load(
    databases: Vec<Database>,
    done: Arc<AtomicI64>,
    stop: Arc<AtomicBool>,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        for number in 1.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            for database in &databases {
                let insert = move |connection: &mut db::SqliteConnection| {
                    sql_query(format!("INSERT INTO notes VALUES ('{number}')")).execute(connection)
                };
                database.write(insert).await.unwrap();
            }
            done.store(number, Ordering::SeqCst);
        }
    })
}

fn newest(copy: &Path) -> i64 {
    let inspection = Inspection::open(copy).unwrap();
    assert_eq!(inspection.problems().unwrap(), Vec::<String>::new());
    assert_eq!(
        inspection.migration().unwrap().as_deref(),
        Some("20260101000000")
    );
    inspection.rows("notes").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_under_load_are_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let (paths, databases) = files(folder.path());
    let (done, stop) = (Arc::default(), Arc::default());
    let writer = load(databases, Arc::clone(&done), Arc::clone(&stop));
    for round in 0..5 {
        while done.load(Ordering::SeqCst) < (round + 1) * 20 {
            tokio::task::yield_now().await;
        }
        let target = folder.path().join(format!("copies-{round}"));
        std::fs::create_dir(&target).unwrap();
        let (paths, done) = (paths.clone(), Arc::clone(&done));
        let copy = move || {
            let before = done.load(Ordering::SeqCst);
            let cut = Cut::take(&paths, PATIENCE).unwrap();
            let copies: Vec<_> = (0..4)
                .map(|at| target.join(format!("{at}.sqlite3")))
                .collect();
            for (at, copy) in copies.iter().enumerate() {
                cut.copy(at, copy).unwrap();
            }
            let numbers: Vec<_> = copies.iter().map(|copy| newest(copy)).collect();
            assert!(numbers[3] >= before, "{numbers:?}, {before} were done");
            // They are written in this order: at most one number is under way.
            assert!(
                numbers.windows(2).all(|pair| pair[0] >= pair[1]),
                "{numbers:?}"
            );
            assert!(numbers[0] - numbers[3] <= 1, "{numbers:?}");
            assert_eq!(
                std::fs::read_dir(&target).unwrap().count(),
                4,
                "each is one file"
            );
        };
        tokio::task::spawn_blocking(copy).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_never_free_is_named_and_the_others_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let (paths, databases) = files(folder.path());
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = databases[2].clone();
    let hold = tokio::spawn(async move {
        let work = move |_: &mut db::SqliteConnection| {
            locked.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        };
        holder.write(work).await.unwrap();
    });
    is_locked.recv().unwrap();
    let error = Cut::take(&paths, Duration::from_millis(1)).err().unwrap();
    assert!(
        matches!(&error, BackupError::Locked { path, .. } if *path == paths[2]),
        "{error}"
    );
    databases[0]
        .write(|c| c.batch_execute("INSERT INTO notes VALUES ('x')"))
        .await
        .unwrap();
    release.send(()).unwrap();
    hold.await.unwrap();
    Cut::take(&paths, PATIENCE).unwrap();
}

#[test]
fn a_file_that_is_missing_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let error = Cut::take(std::slice::from_ref(&path), PATIENCE)
        .err()
        .unwrap();
    assert!(error.to_string().contains("x.sqlite3"), "{error}");
    assert!(!path.exists());
}

#[test]
fn damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    drop(Database::open(&DatabaseConfig::new(&path), MIGRATIONS).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF; CREATE TABLE parents (id INTEGER PRIMARY KEY);
             CREATE TABLE children (parent REFERENCES parents (id)); INSERT INTO children VALUES (7);",
        )
        .unwrap();
    drop(connection);
    let problems = Inspection::open(&path).unwrap().problems().unwrap();
    assert_eq!(
        problems,
        ["children has 1 rows whose parents is missing"],
        "{problems:?}"
    );
}
