#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a recorder of the `metrics` facade gets to hear. One test: the recorder is that of the process.

use std::collections::BTreeMap;
use std::time::Duration;

use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS, SqliteConnection, WriteTrouble};
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
    let trouble = |database: &Database| database.write_trouble().map(|(trouble, _)| trouble);
    assert_eq!(trouble(&database), Some(WriteTrouble::Busy));
    drop(release);
    holder.await.unwrap().unwrap();
    database.write(insert).await.unwrap();
    assert_eq!(trouble(&database), None);

    let fill = |connection: &mut SqliteConnection| {
        connection.batch_execute("INSERT INTO notes VALUES (zeroblob(1000000))")
    };
    let limit = |pages: &'static str| {
        move |connection: &mut SqliteConnection| {
            connection.batch_execute(&format!("PRAGMA max_page_count = {pages}"))
        }
    };
    database.write(limit("10")).await.unwrap();
    let refused = database.write(fill).await;
    assert!(refused.as_ref().is_err_and(DbError::is_full), "{refused:?}");
    assert_eq!(trouble(&database), Some(WriteTrouble::Full));
    database.check().await.unwrap();
    // A write that is wrong says nothing of the file.
    let wrong = |connection: &mut SqliteConnection| connection.batch_execute("INSERT INTO nowhere");
    database.write(wrong).await.unwrap_err();
    assert_eq!(trouble(&database), Some(WriteTrouble::Full));
    database.write(limit("1000")).await.unwrap();
    database.write(fill).await.unwrap();
    assert_eq!(trouble(&database), None);
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
    expected("sqlite_failed_writes_total{test_notes,busy}", "1");
    expected("sqlite_failed_writes_total{test_notes,full}", "1");
    expected("sqlite_failed_writes_total{test_notes,io}", "0");
    // The table, the one that was held, the one that failed and the one that did not; a limit, one that is too large, one
    // that is wrong, another limit, and one that has room.
    expected("sqlite_lock_wait_seconds{test_notes}", "9 samples");
    expected("sqlite_write_group_size{test_notes}", "8 samples");
    expected("sqlite_commit_duration_seconds{test_notes}", "6 samples");
    let size = |name: &str| seen[name].parse::<f64>().unwrap();
    assert!(size("sqlite_file_bytes{test_notes}") >= 4096.0);
    assert!(size("sqlite_wal_bytes{test_notes}") > 0.0);
    expected("sqlite_wal_checkpoint_sequence{test_notes}", "0");
    assert!(size("sqlite_disk_free_bytes{test_notes}") > 0.0);
    assert!(size("sqlite_disk_bytes{test_notes}") >= size("sqlite_disk_free_bytes{test_notes}"));
}

fn values(snapshotter: &Snapshotter) -> BTreeMap<String, String> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.map(|(key, _, _, value)| {
        let key = key.key();
        let labels = key.labels().map(metrics::Label::value);
        let label = labels.collect::<Vec<_>>().join(",");
        let value = match value {
            DebugValue::Counter(count) => count.to_string(),
            DebugValue::Gauge(value) => value.to_string(),
            DebugValue::Histogram(samples) => format!("{} samples", samples.len()),
        };
        (format!("{}{{{label}}}", key.name()), value)
    })
    .collect()
}
