//! Programs of two versions beside each other on one set of files, for the length of a deploy.

use anyhow::Result;
use db::{Database, DatabaseConfig};
use diesel::connection::SimpleConnection as _;
use test_support::Suite;

const FILES: [&str; 4] = [
    "production",
    "production_queue",
    "production_cable",
    "production_cache",
];

/// What a migration of a newer version may do: add tables, indexes, and columns that nobody has to give a value.
const NEWER: &str = "CREATE TABLE newer (id integer PRIMARY KEY, note text);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');";
const NEWER_PRIMARY: &str = "ALTER TABLE todos ADD COLUMN note varchar;
    ALTER TABLE todos ADD COLUMN stars integer NOT NULL DEFAULT 0;
    CREATE INDEX newer_todos ON todos (stars);";

async fn migrate(suite: &Suite) -> Result<()> {
    for file in FILES {
        let path = suite.storage().join(format!("{file}.sqlite3"));
        let database = Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS)?;
        database.write(|c| c.batch_execute(NEWER)).await?;
        if file == "production" {
            database.write(|c| c.batch_execute(NEWER_PRIMARY)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn running_and_starting_programs_go_on_with_files_of_a_newer_version() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    browser.create("before").await?;
    socket.text_with("before").await?;

    migrate(&suite).await?;
    assert_eq!(browser.create("running").await?.status(), 303);
    socket.text_with("running").await?;

    suite.stop().await?;
    suite.restart().await?;
    for process in [&suite.web, &suite.worker, &suite.cable] {
        process
            .line_with("the database is of a newer version")
            .await;
    }
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    assert_eq!(browser.create("started").await?.status(), 303);
    let list = socket.text_with("started").await?;
    assert!(
        list.contains("before") && list.contains("running"),
        "{list}"
    );
    Ok(())
}

#[tokio::test]
async fn a_newer_program_migrates_files_under_a_running_suite() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let browser = suite.browser().await?;
    // As an older version left them: the last migration is still to come, for whoever starts next.
    let path = suite.storage().join("production_cache.sqlite3");
    let database = Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS)?;
    let older = "DROP TABLE trifecta_cache_state; DROP TABLE trifecta_cache_visits; DROP TABLE trifecta_cache_leases;
        DROP TABLE trifecta_cache_expiries; DROP TABLE trifecta_cache_tags; DROP TRIGGER trifecta_cache_insert;
        DROP TRIGGER trifecta_cache_update; DROP TRIGGER trifecta_cache_delete;
        DELETE FROM __diesel_schema_migrations WHERE version = '20261127000000';";
    database.write(|c| c.batch_execute(older)).await?;
    // A cache that fails is a miss.
    assert_eq!(browser.create("meanwhile").await?.status(), 303);
    let check = suite.run("worker", &["check"], &[]).await?;
    assert!(check.stdout.contains("would migrate"), "{}", check.stdout);
    assert_eq!(
        suite.run("worker", &["cache", "stats"], &[]).await?.code,
        Some(0)
    );
    let check = suite.run("worker", &["check"], &[]).await?;
    assert!(!check.stdout.contains("would migrate"), "{}", check.stdout);
    let mut socket = suite.socket().await?;
    assert_eq!(browser.create("afterwards").await?.status(), 303);
    socket.text_with("afterwards").await?;
    Ok(())
}
