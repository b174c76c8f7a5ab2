#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! `queue.yml` and `recurring.yml`.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use settings::{Queue, Settings};
use solid_queue::{CatchUp, Config, RecurringTask, RecurringWork};
use support::{load, load_file};

fn config(settings: Settings) -> Config {
    match settings.queue {
        Queue::SolidQueue(config) => config,
        Queue::Async { .. } => panic!("in memory"),
    }
}

fn queue(text: &str) -> Config {
    config(load_file("queue.yml", text, &[]).unwrap())
}

fn recurring(text: &str, more: &[(&str, &str)]) -> Vec<RecurringTask> {
    config(load_file("recurring.yml", text, more).unwrap()).recurring_tasks
}

fn keys(tasks: &[RecurringTask]) -> Vec<&str> {
    tasks.iter().map(|task| task.key.as_str()).collect()
}

#[test]
fn every_key_of_the_queue_is_heeded() {
    let queue = queue(
        "workers:
  - fibers: 50
dispatchers:
  - concurrency_maintenance: false
    concurrency_maintenance_interval: 300
    batch_maintenance: false
scheduler:
  dynamic_tasks_enabled: true
  polling_interval: 2
process_heartbeat_interval: 30.seconds
process_alive_threshold: 2.minutes
shutdown_timeout: 0
clear_finished_jobs_after: 7.days
supervisor_pidfile: tmp/solid_queue.pid
time_zone: Europe/Berlin
",
    );
    assert_eq!(queue.workers[0].threads, 50);
    let dispatcher = &queue.dispatchers[0];
    assert!(!dispatcher.concurrency_maintenance && !dispatcher.batch_maintenance);
    let interval = dispatcher.concurrency_maintenance_interval;
    assert_eq!(interval, Duration::from_mins(5));
    assert!(queue.scheduler.dynamic_tasks_enabled);
    assert_eq!(queue.scheduler.polling_interval, Duration::from_secs(2));
    assert_eq!(
        (
            queue.process_heartbeat_interval,
            queue.process_alive_threshold
        ),
        (Duration::from_secs(30), Duration::from_mins(2))
    );
    assert_eq!(queue.shutdown_timeout, Duration::ZERO);
    assert_eq!(
        queue.clear_finished_jobs_after,
        Duration::from_hours(24 * 7)
    );
    let pidfile = queue.supervisor_pidfile.as_deref();
    assert_eq!(pidfile, Some(Path::new("tmp/solid_queue.pid")));
    assert_eq!(queue.time_zone.iana_name(), Some("Europe/Berlin"));
}

#[test]
fn a_task_has_all_that_rails_gives_it() {
    let tasks = recurring(
        "Periodic_Cleanup:
  class: CleanupJob
  queue: background
  priority: 2
  args: [ 1000, { batchSize: 500, nested: { deep: [null] } } ]
  schedule: every <%= ENV.fetch(\"HOURS\", 2).to_i %> hours
  description: Sweeps
  catch_up: once
keywords:
  class: CleanupJob
  args: { id: x }
  schedule: '*/5 * * * *'
one:
  class: CleanupJob
  args: 1.5
  schedule: every day at 9am America/New_York
",
        &[],
    );
    assert_eq!(keys(&tasks), ["Periodic_Cleanup", "keywords", "one"]);
    let full = &tasks[0];
    assert_eq!(full.schedule, "every 2 hours");
    assert_eq!(
        (
            full.queue_name.as_deref(),
            full.priority,
            full.description.as_deref(),
            full.catch_up
        ),
        (Some("background"), Some(2), Some("Sweeps"), CatchUp::Once)
    );
    let arguments = |task: &RecurringTask| match &task.work {
        RecurringWork::Class { arguments, .. } => arguments.clone(),
        RecurringWork::Command(command) => panic!("{command}"),
    };
    assert_eq!(
        arguments(full),
        r#"[1000,{"batchSize":500,"nested":{"deep":[null],"_aj_symbol_keys":["deep"]},"_aj_symbol_keys":["batchSize","nested"]}]"#
    );
    assert_eq!(
        arguments(&tasks[1]),
        r#"[{"id":"x","_aj_symbol_keys":["id"]}]"#
    );
    assert_eq!(arguments(&tasks[2]), "[1.5]");
}

#[test]
fn the_file_that_rails_makes_is_for_production() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rails");
    let file = folder.join("recurring.yml").display().to_string();
    let nowhere = tempfile::tempdir().unwrap();
    for (app_env, expected) in [
        ("production", &["clear_solid_queue_finished_jobs"][..]),
        ("test", &[]),
    ] {
        let variables = [
            ("APP_ENV", app_env),
            ("SOLID_QUEUE_RECURRING_SCHEDULE", &file),
        ];
        let settings = load(nowhere.path(), nowhere.path(), &variables).unwrap();
        assert_eq!(keys(&config(settings).recurring_tasks), expected);
    }
}

#[test]
fn sections_of_other_environments_are_no_tasks() {
    let text = "staging:\n  report:\n    class: A\n    schedule: every hour\nproduction:\n";
    assert!(recurring(text, &[]).is_empty());
    let error = load_file(
        "recurring.yml",
        "production:\n  report:\n    class: A\n",
        &[("APP_ENV", "production")],
    );
    let error = error.unwrap_err();
    assert!(
        error.contains("recurring.yml: report: expected a `schedule`"),
        "{error}"
    );
}

#[test]
fn nothing_recurs_when_it_is_to_be_skipped() {
    let text = "report:\n  class: A\n  schedule: every hour\n";
    for (word, expected) in [("1", 0), ("true", 0), ("false", 1), ("0", 1), ("", 1)] {
        let variables = [("SOLID_QUEUE_SKIP_RECURRING", word)];
        assert_eq!(recurring(text, &variables).len(), expected, "{word}");
    }
    let text = "workers:\n  - threads: 1\nscheduler:\n  dynamic_tasks_enabled: true\n";
    let skip = [("SOLID_QUEUE_SKIP_RECURRING", "1")];
    let settings = load_file("queue.yml", text, &skip).unwrap();
    assert!(!config(settings).scheduler.dynamic_tasks_enabled);
}

#[test]
fn tasks_alone_are_enough_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let text = "report:\n  class: A\n  schedule: every hour\n";
    fs::write(folder.path().join("recurring.yml"), text).unwrap();
    fs::write(
        folder.path().join("queue.yml"),
        "workers: []\ndispatchers: []\n",
    )
    .unwrap();
    let config = config(load(folder.path(), folder.path(), &[]).unwrap());
    assert!(config.workers.is_empty() && config.recurring_tasks.len() == 1);
}

#[test]
fn another_file_may_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.yml");
    fs::write(&file, "workers:\n  - threads: 9\n").unwrap();
    let file = file.display().to_string();
    let settings = load(
        folder.path(),
        folder.path(),
        &[("SOLID_QUEUE_CONFIG", &file)],
    )
    .unwrap();
    assert_eq!(config(settings).workers[0].threads, 9);
}
