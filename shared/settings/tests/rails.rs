#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Files as the generator of a Rails application writes them.

mod support;

use std::path::Path;
use std::time::Duration;

use settings::{CableAdapter, Cache, Queue, Settings};
use support::{load, load_file};

fn generated(app_env: &str, more: &[(&str, &str)]) -> Result<Settings, String> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rails");
    let more: Vec<_> = more.iter().copied().chain([("APP_ENV", app_env)]).collect();
    load(&config, Path::new("/var/storage"), &more)
}

#[test]
fn production_uses_four_databases() {
    let settings = generated("production", &[("JOB_CONCURRENCY", "2")]).unwrap();
    let databases = &settings.databases;
    let paths = [
        &databases.primary,
        &databases.caches[0].1,
        &databases.queue,
        &databases.cable,
    ]
    .map(|database| database.path.display().to_string());
    let files = ["", "_cache", "_queue", "_cable"]
        .map(|suffix| format!("storage/production{suffix}.sqlite3"));
    assert_eq!(paths, files);
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    assert_eq!(
        (queue.workers[0].processes, queue.preserve_finished_jobs),
        (2, true)
    );
    let Cache::SolidCacheStore(cache) = &settings.cache else {
        panic!("{:?}", settings.cache)
    };
    assert_eq!(
        (cache.max_size, cache.namespace.as_deref()),
        (Some(256 << 20), Some("production"))
    );
    let CableAdapter::SolidCable(cable) = &settings.cable.adapter else {
        panic!("{:?}", settings.cable)
    };
    assert_eq!(cable.message_retention, Duration::from_hours(24));
}

#[test]
fn an_only_database_is_the_primary_one() {
    let variables = [("RAILS_MAX_THREADS", "8"), ("DATABASE__QUEUE__POOL", "9")];
    let databases = generated("development", &variables).unwrap().databases;
    assert_eq!(
        databases.primary.path,
        Path::new("storage/development.sqlite3")
    );
    assert_eq!(
        databases.cable.path,
        Path::new("/var/storage/development_cable.sqlite3")
    );
    assert_eq!((databases.primary.pool, databases.queue.pool), (8, 9));
}

#[test]
fn the_adapter_for_tests_is_not_ours() {
    let error = generated("test", &[]).unwrap_err();
    assert!(
        error.ends_with("cable.yml: adapter: expected solid_cable or async, got `test`"),
        "{error}"
    );
}

#[test]
fn conversions_and_lists_are_understood() {
    let cache = "store_options:\n  max_age: <%= 60.days.to_i %>\n";
    let cache = load_file("cache.yml", cache, &[]).unwrap().cache;
    assert!(
        matches!(&cache, Cache::SolidCacheStore(cache) if cache.max_age == Some(Duration::from_hours(60 * 24))),
        "{cache:?}"
    );
    let queue = "workers:\n  - queues: [real_time, \"back*\"]\n    threads: <%= ENV.fetch(\"X\", 4).to_i %>\n";
    let queue = load_file("queue.yml", queue, &[]).unwrap().queue;
    let Queue::SolidQueue(queue) = &queue else {
        panic!("{queue:?}")
    };
    assert_eq!(
        (queue.workers[0].queues.join(" "), queue.workers[0].threads),
        ("real_time back*".to_owned(), 4)
    );
}
