//! Opening a file: made, migrated, refused.

use std::path::Path;
use std::sync::{Arc, Barrier};

use db::{Database, DatabaseConfig, DbError, EmbeddedMigrations, MigrationState, embed_migrations};
use diesel::{RunQueryDsl as _, connection::SimpleConnection as _};

const OLD: EmbeddedMigrations = embed_migrations!("tests/migrations");
const NEW: EmbeddedMigrations = embed_migrations!("tests/newer");
const BREAKING: EmbeddedMigrations = embed_migrations!("tests/breaking");

fn open(path: &Path, migrations: EmbeddedMigrations) -> Result<Database, DbError> {
    Database::open(&DatabaseConfig::new(path), migrations)
}

#[test]
fn many_may_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not/there/yet.sqlite3");
    let start = Arc::new(Barrier::new(8));
    let opens: Vec<_> = (0..8)
        .map(|_| {
            let (path, start) = (path.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                open(&path, NEW).map(drop)
            })
        })
        .collect();
    for outcome in opens {
        outcome.join().unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_older_file_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let old = open(&path, OLD).unwrap();
    old.write(|c| c.batch_execute("INSERT INTO notes VALUES ('kept')"))
        .await
        .unwrap();
    let new = open(&path, NEW).unwrap();
    new.write(|c| c.batch_execute("INSERT INTO more SELECT body FROM notes"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_newer_file_that_has_only_more_is_worked_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let running = open(&path, OLD).unwrap();
    let new = open(&path, NEW).unwrap();
    let started = open(&path, OLD).unwrap();
    for database in [&running, &new, &started] {
        database
            .write(|c| c.batch_execute("INSERT INTO notes VALUES ('x')"))
            .await
            .unwrap();
    }
    let count = "INSERT INTO more SELECT count(*) FROM notes HAVING count(*) = 3";
    assert_eq!(
        new.write(move |c| diesel::sql_query(count).execute(c))
            .await
            .unwrap(),
        1
    );
}

#[test]
fn a_newer_file_that_says_so_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    open(&path, BREAKING).unwrap();
    open(&path, BREAKING).unwrap();
    let error = open(&path, OLD).unwrap_err();
    assert!(matches!(error, DbError::NewerVersion { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("which this program does not know"),
        "{error}"
    );
    assert!(error.to_string().contains("20270201000000"), "{error}");
}

#[test]
fn what_a_start_would_do_is_told_and_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let state = |migrations| MigrationState::of(&path, &migrations).unwrap();
    let missing = state(OLD);
    assert!(missing.is_missing);
    assert_eq!(missing.pending, ["2026-01-01-000000_one"]);
    assert!(!path.exists());

    let old = open(&path, OLD).unwrap();
    assert_eq!(state(OLD), MigrationState::default());
    assert_eq!(state(NEW).pending, ["2027-01-01-000000_two"]);
    open(&path, NEW).unwrap();
    let newer = state(OLD);
    assert_eq!(newer.unknown, ["20270101000000"]);
    assert_eq!((newer.pending.len(), newer.breaking), (0, None));
    open(&path, BREAKING).unwrap();
    drop(old);
    assert_eq!(state(OLD).breaking.as_deref(), Some("20270201000000"));
    let beside = std::fs::read_dir(folder.path()).unwrap();
    let left: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("-wal")),
        "{left:?}"
    );
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(
        &file,
        "this is text, not a database, and long enough to have a header of 100 bytes".repeat(3),
    )
    .unwrap();
    let not_a_database = open(&file, OLD).unwrap_err().to_string();
    assert!(
        not_a_database.contains("file is not a database"),
        "{not_a_database}"
    );
    let not_a_folder = open(&file.join("x.sqlite3"), OLD).unwrap_err().to_string();
    assert!(
        not_a_folder.starts_with("could not open the database `"),
        "{not_a_folder}"
    );
}

#[test]
fn a_file_that_was_deleted_or_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let database = open(&path, OLD).unwrap();
    assert!(database.is_in_place());
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    assert!(!database.is_in_place());
    drop(open(&path, OLD).unwrap());
    assert!(!database.is_in_place());
}
