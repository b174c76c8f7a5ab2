//! What SQLite says, and what it is taken for.

use db::{Database, DatabaseConfig, NO_MIGRATIONS};
use diesel::connection::SimpleConnection as _;

#[tokio::test]
async fn a_full_file_is_told_from_a_corrupt_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("x.sqlite3"));
    let database = Database::open(&config, NO_MIGRATIONS).unwrap();
    let error = database
        .write(|connection| {
            connection.batch_execute(
                "PRAGMA max_page_count = 5;
                 CREATE TABLE notes (body BLOB);
                 INSERT INTO notes VALUES (zeroblob(100000))",
            )
        })
        .await
        .unwrap_err();
    assert!(error.is_full() && !error.is_corrupt(), "{error:?}");
}

#[test]
fn what_is_no_database_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("x.sqlite3"));
    std::fs::write(&config.path, "not a database, ".repeat(100)).unwrap();
    let error = Database::open(&config, NO_MIGRATIONS).unwrap_err();
    assert!(error.is_corrupt() && !error.is_full(), "{error:?}");
}
