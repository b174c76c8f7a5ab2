//! Opening a file: made, migrated, refused.

use std::path::Path;
use std::sync::{Arc, Barrier};

use db::{Database, DatabaseConfig, DbError, EmbeddedMigrations, embed_migrations};
use diesel::connection::SimpleConnection as _;

const OLD: EmbeddedMigrations = embed_migrations!("tests/migrations");
const NEW: EmbeddedMigrations = embed_migrations!("tests/newer");

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

#[test]
fn a_newer_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    open(&path, NEW).unwrap();
    let error = open(&path, OLD).unwrap_err();
    assert!(matches!(error, DbError::NewerVersion { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("which this program does not know"),
        "{error}"
    );
    assert!(error.to_string().contains("20270101000000"), "{error}");
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
