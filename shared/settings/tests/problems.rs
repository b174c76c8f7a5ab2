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
fn nonsense_about_processes_is_named() {
    for (text, message) in [
        (
            "scheduler:\n  polling_interval: 5\n",
            "workers: no processes configured: expected at least a worker or a dispatcher",
        ),
        (
            "workers:\n  - queues: a\n  - threads: 1\n    fibers: 1\n",
            "workers[1].fibers: expected `threads` or `fibers`, got both: they mean the same here",
        ),
        (
            "workers:\n  - fibers: 0\n",
            "workers[0].fibers: expected a number from 1 to 1000, got 0",
        ),
        (
            "process_heartbeat_interval: 0\n",
            "process_heartbeat_interval: expected a duration above 0, got 0",
        ),
        (
            "process_alive_threshold: 30.seconds\n",
            "process_alive_threshold: expected longer than `process_heartbeat_interval`",
        ),
        (
            "time_zone: Berlin\n",
            "time_zone: expected a time zone such as `Europe/Berlin`, got `Berlin`",
        ),
        (
            "dispatchers:\n  - concurrency_maintenance: maybe\n",
            "dispatchers[0].concurrency_maintenance: ",
        ),
    ] {
        let error = load_file("queue.yml", text, &[]).unwrap_err();
        assert!(
            error.starts_with(&format!("queue.yml: {message}")),
            "{error}"
        );
    }
}

#[test]
fn tasks_that_cannot_be_run_are_named() {
    for (text, message) in [
        (
            "report:\n  class: ReportJob\n",
            "report: expected a `schedule`, such as `every hour`",
        ),
        (
            "report:\n  schedule: every hour\n",
            "report: expected a `class` to enqueue",
        ),
        (
            "report:\n  class: A\n  command: B\n  schedule: every hour\n",
            "report: expected a `class` or a `command`, got both",
        ),
        (
            "report:\n  class: A\n  schedule: now and then\n",
            "report.schedule: expected cron like `0 9 * * mon-fri` or words like",
        ),
        (
            "report:\n  command: Todo.delete_all\n  schedule: every hour\n",
            "report.command: this is Ruby code, which only Rails can run: expected `SolidQueue::Job.clear",
        ),
        (
            "report:\n  class: A\n  schedule: every hour\n  args: { _aj_globalid: 1 }\n",
            "report.args: the key `_aj_globalid` is reserved by Active Job",
        ),
        (
            "report:\n  class: A\n  shedule: every hour\n",
            "report.shedule: unknown field `shedule`",
        ),
        (
            "report:\n  class: A\n  schedule: every hour\n  catch_up: some\n",
            "report.catch_up: expected skip, once or all, got `some`",
        ),
    ] {
        let error = load_file("recurring.yml", text, &[]).unwrap_err();
        assert!(
            error.starts_with(&format!("recurring.yml: {message}")),
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
            "expected solid_cache_store, memory_store or null_store",
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
        (
            "SOLID_QUEUE_CONFIG",
            "/nowhere/queue.yml",
            "`/nowhere/queue.yml`: No such file or directory",
        ),
        (
            "SOLID_QUEUE_RECURRING_SCHEDULE",
            "/nowhere/recurring.yml",
            "`/nowhere/recurring.yml`: No such file or directory",
        ),
        (
            "WEB_PORT",
            "http",
            "expected a port from 0 to 65535, got `http`",
        ),
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
