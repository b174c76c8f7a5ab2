//! What the processes say on the command line: help, and what is wrong, with what to do about it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context as _, Result};
use db::{Database, DatabaseConfig};
use diesel::connection::SimpleConnection as _;
use insta::assert_snapshot;
use test_support::{Ended, Process, Variables, production, run};

/// Runs the web process with `variables` to its end, which must be a failure, and returns what it says.
async fn failure(variables: &Variables, arguments: &[&str]) -> Result<String> {
    let Ended { code, stderr, .. } = run("web", arguments, variables).await?;
    assert_eq!(code, Some(1), "{stderr}");
    let last = stderr
        .split("error: ")
        .nth(1)
        .context("it names no error")?;
    Ok(format!("error: {}", last.trim()))
}

fn hide(text: &str, path: &Path) -> String {
    text.replace(&path.display().to_string(), "[folder]")
}

#[tokio::test]
async fn help() -> Result<()> {
    let ended = run("web", &["--help"], &Vec::new()).await?;
    assert_snapshot!(ended.stdout);
    let ended = run("web", &["serve"], &Vec::new()).await?;
    assert_eq!(ended.code, Some(2));
    Ok(())
}

#[tokio::test]
async fn check_says_that_all_is_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ended = run("web", &["check"], &production(folder.path(), &[])).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_snapshot!(hide(&ended.stdout, folder.path()));
    assert!(
        fs::read_dir(folder.path())?.next().is_none(),
        "it makes no files"
    );
    Ok(())
}

#[tokio::test]
async fn every_problem_is_reported_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write(
        "queue.yml",
        "production:\n  workers:\n    - threads: three\n      queues: '*'\n",
    )?;
    write(
        "cable.yml",
        "production:\n  adapter: solid_cable\n  polling_intervall: 1\n",
    )?;
    write(
        "cache.yml",
        "production:\n  store_options:\n    max_size: <%= Rails.root %>\n",
    )?;
    write("web.yml", "production: [\n")?;
    let config = folder.path().display().to_string();
    let more = [
        ("CONFIG_DIR", config.as_str()),
        ("PORT", "http"),
        ("LOG_FORMAT", "xml"),
        ("SECRET_KEY_BASE", "tooshort"),
        ("DATABASE__QUEUE__POOL", "many"),
    ];
    let said = failure(&production(folder.path(), &more), &["check"]).await?;
    assert_snapshot!(hide(&said, folder.path()));
    Ok(())
}

#[tokio::test]
async fn production_needs_a_secret() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = production(folder.path(), &[("SECRET_KEY_BASE", "")]);
    assert_snapshot!(failure(&variables, &[]).await?);
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named() -> Result<()> {
    let (folder, taken) = (tempfile::tempdir()?, TcpListener::bind("127.0.0.1:0")?);
    let port = taken.local_addr()?.port().to_string();
    let said = failure(&production(folder.path(), &[("PORT", &port)]), &[]).await?;
    assert_snapshot!(said.replace(&port, "[port]"));
    Ok(())
}

#[tokio::test]
async fn assets_that_are_not_built_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = production(folder.path(), &[("WEB__ASSETS_DIR", "web/tests/fixtures")]);
    assert_snapshot!(failure(&variables, &["check"]).await?);
    Ok(())
}

#[tokio::test]
async fn a_storage_folder_that_cannot_be_written_is_named() -> Result<()> {
    let said = failure(&production(Path::new("/proc/storage"), &[]), &[]).await?;
    assert_snapshot!(said);
    Ok(())
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_if_it_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let newer = "CREATE TABLE trifecta_breaking_migrations (version text PRIMARY KEY NOT NULL);
        INSERT INTO trifecta_breaking_migrations VALUES ('29990101000000');
        INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');";
    change(folder.path(), newer).await?;
    let variables = production(folder.path(), &[]);
    assert_snapshot!(hide(&failure(&variables, &[]).await?, folder.path()));
    assert_snapshot!(hide(&failure(&variables, &["check"]).await?, folder.path()));
    Ok(())
}

#[tokio::test]
async fn check_tells_what_a_start_would_do_to_the_tables() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let older = "DROP TABLE idempotency_keys;
        DELETE FROM __diesel_schema_migrations WHERE version = '20261127000000';
        INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');";
    let variables = production(folder.path(), &[]);
    let mut web = Process::start("web", &[], &variables)?;
    web.address().await;
    web.stop().await?;
    change(folder.path(), older).await?;
    let ended = run("web", &["check"], &variables).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_snapshot!(hide(&ended.stdout, folder.path()));

    let web = Process::start("web", &[], &variables)?;
    web.line_with("going on").await;
    web.address().await;
    let ended = run("web", &["check"], &variables).await?;
    assert_snapshot!(hide(&ended.stdout, folder.path()));
    Ok(())
}

/// Changes the primary database, which is made if need be.
async fn change(folder: &Path, statements: &'static str) -> Result<()> {
    let file = folder.join("production.sqlite3");
    let database = Database::open(&DatabaseConfig::new(&file), app::MIGRATIONS)?;
    database.write(move |c| c.batch_execute(statements)).await?;
    Ok(())
}
