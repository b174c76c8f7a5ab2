//! The repository's own config files, and files as Rails generates them.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use settings::{AppEnv, Cable, CableAdapter, Cache, Environment, Queue, Settings};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn load(config: &Path, storage: &Path, more: &[(&str, &str)]) -> Result<Settings, String> {
    let (config, storage) = (config.display().to_string(), storage.display().to_string());
    let usual = [
        ("CONFIG_DIR", config.as_str()),
        ("STORAGE_DIR", storage.as_str()),
        ("SECRET_KEY_BASE", SECRET),
    ];
    let environment: Environment = usual.iter().chain(more).copied().collect();
    Settings::load(&environment).map_err(|problems| problems.to_string())
}

fn ours(app_env: &str, more: &[(&str, &str)]) -> Settings {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let more: Vec<_> = more.iter().copied().chain([("APP_ENV", app_env)]).collect();
    load(&config, Path::new("/storage"), &more).unwrap()
}

#[test]
fn production_is_solid() {
    let settings = ours("production", &[]);
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    assert_eq!((queue.workers.len(), queue.workers[0].threads), (1, 3));
    assert_eq!(
        queue.workers[0].polling_interval,
        Duration::from_millis(100)
    );
    assert_eq!(
        (
            queue.dispatchers[0].polling_interval,
            queue.dispatchers[0].batch_size
        ),
        (Duration::from_secs(1), 500)
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
    assert_eq!(cable.polling_interval, Duration::from_millis(100));
    assert_eq!(cable.message_retention, Duration::from_hours(24));
    let files = [
        &settings.databases.primary,
        &settings.databases.cache,
        &settings.databases.queue,
        &settings.databases.cable,
    ];
    let names = [
        "production",
        "production_cache",
        "production_queue",
        "production_cable",
    ];
    for (file, name) in files.iter().zip(names) {
        assert_eq!(
            file.path,
            Path::new("/storage").join(format!("{name}.sqlite3"))
        );
    }
}

#[test]
fn development_is_one_process() {
    let settings = ours("development", &[]);
    assert_eq!(settings.queue, Queue::Async { threads: 3 });
    assert!(matches!(settings.cache, Cache::MemoryStore(_)));
    assert_eq!(settings.cable.adapter, CableAdapter::Async);
}

#[test]
fn each_adapter_can_be_chosen() {
    let solid = [
        ("QUEUE__ADAPTER", "solid_queue"),
        ("CACHE__ADAPTER", "solid_cache_store"),
        ("CABLE__ADAPTER", "solid_cable"),
    ];
    let settings = ours("development", &solid);
    assert!(matches!(settings.queue, Queue::SolidQueue(_)));
    assert!(matches!(settings.cache, Cache::SolidCacheStore(_)));
    assert!(matches!(
        settings.cable.adapter,
        CableAdapter::SolidCable(_)
    ));
}

#[test]
fn variables_override_keys() {
    let more = [
        ("QUEUE__WORKERS__0__THREADS", "7"),
        ("CABLE__POLLING_INTERVAL", "0.5.seconds"),
        ("DATABASE__CACHE__WATCH", "false"),
    ];
    let settings = ours("production", &more);
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    assert_eq!(queue.workers[0].threads, 7);
    let Cable {
        adapter: CableAdapter::SolidCable(cable),
        ..
    } = &settings.cable
    else {
        panic!("{:?}", settings.cable)
    };
    assert_eq!(cable.polling_interval, Duration::from_millis(500));
    assert!(!settings.databases.cache.watch && settings.databases.queue.watch);
}

#[test]
fn missing_files_mean_the_defaults_of_the_gems() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(folder.path(), folder.path(), &[("APP_ENV", "test")]).unwrap();
    assert_eq!(
        settings.queue,
        Queue::SolidQueue(solid_queue::Config::default())
    );
    assert_eq!(
        settings.databases.queue.path,
        folder.path().join("test_queue.sqlite3")
    );
}

#[test]
fn generated_files_of_rails_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let queue = "default: &default\n  dispatchers:\n    - polling_interval: 1\n      batch_size: 500\n  workers:\n    - queues: [real_time, \"back*\"]\n      threads: 3\n      processes: <%= ENV.fetch(\"JOB_CONCURRENCY\", 1) %>\n      polling_interval: 0.1\n\nproduction:\n  <<: *default\n";
    fs::write(folder.path().join("queue.yml"), queue).unwrap();
    let settings = load(
        folder.path(),
        folder.path(),
        &[("APP_ENV", "production"), ("JOB_CONCURRENCY", "2")],
    )
    .unwrap();
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    assert_eq!(
        (
            queue.workers[0].processes,
            queue.workers[0].queues.join(" ")
        ),
        (2, "real_time back*".to_owned())
    );
}

#[test]
fn secrets_are_made_once_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let make = || load(folder.path(), folder.path(), &[("SECRET_KEY_BASE", "")]).unwrap();
    let (first, second) = (make(), make());
    assert_eq!(first.app_env, AppEnv::Development);
    assert_eq!(first.secret_key_base, second.secret_key_base);
    assert!(first.secret_key_base.expose().len() >= 64);
    assert!(!format!("{first:?}").contains(first.secret_key_base.expose()));
    let file = fs::metadata(folder.path().join("development_secret_key_base")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777,
        0o600
    );
}

#[test]
fn nonsense_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "workers: []\ndispatchers: []\n",
            "workers: no processes configured: expected at least a worker or a dispatcher",
        ),
        (
            "workers:\n  - threads: 0\n",
            "workers[0].threads: expected a number above 0, got 0",
        ),
        (
            "workers:\n  - polling_interval: soon\n",
            "workers[0].polling_interval: expected seconds, or text such as `0.1.seconds`, got `soon`",
        ),
        ("adapter: sidekiq\n", "adapter: "),
        ("- a\n", "expected keys and values, got `[\"a\"]`"),
    ];
    for (text, message) in cases {
        fs::write(folder.path().join("queue.yml"), text).unwrap();
        let error = load(folder.path(), folder.path(), &[]).unwrap_err();
        assert!(error.contains(&format!("queue.yml: {message}")), "{error}");
    }
}
