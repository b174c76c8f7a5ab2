#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a recorder of the `metrics` facade gets to hear. One test: the recorder is that of the process.

use std::collections::BTreeMap;
use std::time::Duration;

use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS, SqliteConnection};
use diesel::connection::SimpleConnection as _;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_commits_and_sizes_are_measured() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    db::describe_metrics();

    let folder = tempfile::tempdir().unwrap();
    let mut config = DatabaseConfig::new(folder.path().join("test_notes.sqlite3"));
    config.timeout = Duration::from_millis(10);
    let open = || Database::open(&config, NO_MIGRATIONS).unwrap();
    let (database, other) = (open(), open());
    let create = |connection: &mut SqliteConnection| {
        connection.batch_execute("CREATE TABLE notes (body TEXT)")
    };
    database.write(create).await.unwrap();
    database.check().await.unwrap();

    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = tokio::spawn(async move {
        let hold = move |_: &mut SqliteConnection| {
            locked.send(()).ok();
            released.recv().ok();
            Ok(())
        };
        other.write(hold).await
    });
    is_locked.await.unwrap();
    let insert = |connection: &mut SqliteConnection| {
        connection.batch_execute("INSERT INTO notes VALUES ('milk')")
    };
    let refused = database.write(insert).await;
    assert!(
        matches!(refused, Err(DbError::RolledBack(_))),
        "{refused:?}"
    );
    drop(release);
    holder.await.unwrap().unwrap();
    database.write(insert).await.unwrap();
    database.record_metrics();

    let seen = values(&snapshotter);
    let expected = |name: &str, value: &str| {
        assert_eq!(
            seen.get(name).map(String::as_str),
            Some(value),
            "{name}: {seen:#?}"
        );
    };
    expected("sqlite_busy_total{test_notes}", "1");
    expected("sqlite_lock_timeouts_total{test_notes}", "1");
    // The table, the one that was held, the one that failed and the one that did not.
    expected("sqlite_lock_wait_seconds{test_notes}", "4 samples");
    expected("sqlite_write_group_size{test_notes}", "3 samples");
    expected("sqlite_commit_duration_seconds{test_notes}", "3 samples");
    let size = |name: &str| seen[name].parse::<f64>().unwrap();
    assert!(size("sqlite_file_bytes{test_notes}") >= 4096.0);
    assert!(size("sqlite_wal_bytes{test_notes}") > 0.0);
    expected("sqlite_wal_checkpoint_sequence{test_notes}", "0");
}

fn values(snapshotter: &Snapshotter) -> BTreeMap<String, String> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.map(|(key, _, _, value)| {
        let key = key.key();
        let label = key.labels().next().map_or("", |label| label.value());
        let value = match value {
            DebugValue::Counter(count) => count.to_string(),
            DebugValue::Gauge(value) => value.to_string(),
            DebugValue::Histogram(samples) => format!("{} samples", samples.len()),
        };
        (format!("{}{{{label}}}", key.name()), value)
    })
    .collect()
}
