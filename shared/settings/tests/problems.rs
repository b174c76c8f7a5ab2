#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What is said about settings that cannot work.

mod support;

use std::fs;

use support::{load, load_file};

#[test]
fn nonsense_is_named_with_its_key() {
    for (file, text, message) in [
        (
            "queue",
            "workers: []\ndispatchers: []\n",
            "workers: no processes configured: expected at least a worker or a dispatcher",
        ),
        (
            "queue",
            "workers:\n  - threads: 0\n",
            "workers[0].threads: expected a number from 1 to 1000, got 0",
        ),
        (
            "queue",
            "workers:\n  - threads: 1001\n",
            "workers[0].threads: expected a number from 1 to 1000, got 1001",
        ),
        (
            "queue",
            "workers:\n  - processes: -1\n",
            "workers[0].processes: expected a number from 1 to 1000, got -1",
        ),
        (
            "queue",
            "dispatchers:\n  - batch_size: 0\n",
            "dispatchers[0].batch_size: expected a number from 1 to 4294967295, got 0",
        ),
        (
            "queue",
            "workers:\n  - polling_interval: soon\n",
            "workers[0].polling_interval: expected seconds, or text such as `0.1.seconds`, got `soon`",
        ),
        (
            "queue",
            "dispatchers:\n  - polling_interval: 0\n",
            "dispatchers[0].polling_interval: expected a duration above 0, got 0",
        ),
        ("queue", "- a\n", "expected keys and values, got `[\"a\"]`"),
        (
            "cable",
            "polling_interval: 0\n",
            "polling_interval: expected a duration above 0, got 0",
        ),
        (
            "web",
            "threads: 0\n",
            "threads: expected a number from 1 to 512, got 0",
        ),
        (
            "web",
            "threads: 513\n",
            "threads: expected a number from 1 to 512, got 513",
        ),
        (
            "database",
            "cache:\n  pool: 0\n",
            "cache.pool: expected a number from 1 to 1000, got 0",
        ),
        (
            "database",
            "max_connections: 1001\n",
            "primary.max_connections: expected a number from 1 to 1000, got 1001",
        ),
        (
            "database",
            "primry:\n  pool: 1\n",
            "primry: unknown field `primry`",
        ),
    ] {
        let error = load_file(&format!("{file}.yml"), text, &[]).unwrap_err();
        assert!(
            error.starts_with(&format!("{file}.yml: {message}")),
            "{error}"
        );
    }
}

#[test]
fn words_are_told_with_those_that_are_known() {
    for (file, key, expected) in [
        ("queue", "adapter", "expected solid_queue or async"),
        (
            "cache",
            "adapter",
            "expected solid_cache_store or memory_store",
        ),
        ("cable", "adapter", "expected solid_cable or async"),
        ("database", "primary.adapter", "expected sqlite3"),
        ("database", "primary.synchronous", "expected normal or full"),
    ] {
        let text = format!("{}: test\n", key.trim_start_matches("primary."));
        let error = load_file(&format!("{file}.yml"), &text, &[]).unwrap_err();
        assert_eq!(error, format!("{file}.yml: {key}: {expected}, got `test`"));
    }
}

#[test]
fn variables_are_told_by_their_names() {
    for (variable, value, message) in [
        (
            "QUEUE__WORKERS__0__THREADS",
            "0",
            "expected a number from 1 to 1000, got 0",
        ),
        (
            "QUEUE__WORKERS__1000__THREADS",
            "1",
            "expected a list's index from 0 to 999, got 1000",
        ),
        (
            "QUEUE__WORKERS__99999999999999999999__THREADS",
            "1",
            "expected a list's index from 0 to 999, got 99999999999999999999",
        ),
        (
            "CABLE__ADAPTER",
            "redis",
            "expected solid_cable or async, got `redis`",
        ),
        ("WEB_PORT", "http", "`http`: invalid digit found in string"),
        (
            "RUST_LOG",
            "info,web=loud",
            "expected directives such as `info` or `info,solid_queue=debug`, got `info,web=loud`: ",
        ),
    ] {
        let error = load_file("web.yml", "", &[(variable, value)]).unwrap_err();
        assert!(
            error.starts_with(&format!("{variable}: {message}")),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cache.yml")).unwrap();
    let error = load(folder.path(), folder.path(), &[]).unwrap_err();
    assert!(error.contains("cache.yml: Is a directory"), "{error}");
}
