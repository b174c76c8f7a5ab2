//! The repository's own config files, and what variables do to them.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use settings::{AppEnv, Cable, CableAdapter, Cache, Queue, Settings};
use support::load;

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
    assert!(queue.preserve_finished_jobs);
    let [clearing] = &queue.recurring_tasks[..] else {
        panic!("{:?}", queue.recurring_tasks)
    };
    assert_eq!(clearing.key, "clear_solid_queue_finished_jobs");
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
        &settings.databases.caches[0].1,
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
        ("QUEUE__PRESERVE_FINISHED_JOBS", "false"),
        (
            "RECURRING__CLEAR_SOLID_QUEUE_FINISHED_JOBS__SCHEDULE",
            "every day at 4am",
        ),
    ];
    let settings = ours("production", &more);
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    assert_eq!(queue.workers[0].threads, 7);
    assert!(!queue.preserve_finished_jobs);
    assert_eq!(queue.recurring_tasks[0].schedule, "every day at 4am");
    let Cable {
        adapter: CableAdapter::SolidCable(cable),
        ..
    } = &settings.cable
    else {
        panic!("{:?}", settings.cable)
    };
    assert_eq!(cable.polling_interval, Duration::from_millis(500));
    assert!(!settings.databases.caches[0].1.watch && settings.databases.queue.watch);
}

#[test]
fn missing_files_mean_the_defaults_of_the_gems() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(folder.path(), folder.path(), &[("APP_ENV", "test")]).unwrap();
    let Queue::SolidQueue(queue) = &settings.queue else {
        panic!("{:?}", settings.queue)
    };
    let usual = solid_queue::Config {
        // Rails takes the system's.
        time_zone: queue.time_zone.clone(),
        ..solid_queue::Config::default()
    };
    assert_eq!(*queue, usual);
    assert_eq!(
        settings.databases.queue.path,
        folder.path().join("test_queue.sqlite3")
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
fn the_socket_lets_in_the_pages_of_the_web_process() {
    let server = |more: &[(&str, &str)]| {
        let server = ours("production", more).cable.server;
        let ports = server.same_host_ports;
        (server.allowed_request_origins.join(" "), ports)
    };
    for (more, origins, ports) in [
        (
            &[][..],
            "http://localhost:3000 http://127.0.0.1:3000",
            vec![3000],
        ),
        (
            &[("PORT", "80")],
            "http://localhost http://127.0.0.1",
            vec![80],
        ),
        (
            &[("PORT", "3200"), ("WEB_PORT", "3000")],
            "http://localhost:3000 http://127.0.0.1:3000",
            vec![3000],
        ),
        (
            &[("ALLOWED_ORIGINS", "https://a.example, https://*.b.example,")],
            "https://a.example https://*.b.example",
            vec![],
        ),
    ] {
        assert_eq!(server(more), (origins.to_owned(), ports), "{more:?}");
    }
}

#[test]
fn an_empty_override_counts_as_not_set() {
    let settings = ours("production", &[("QUEUE__WORKERS__0__THREADS", "")]);
    assert_eq!(settings.queue, ours("production", &[]).queue);
}

#[test]
fn the_worker_is_one_process_that_listens_nowhere_unless_told() {
    use settings::SupervisorMode::{Async, Fork};

    let usual = ours("production", &[]).worker;
    assert_eq!((usual.mode, usual.port), (Async, None));
    let told = [
        ("SOLID_QUEUE_SUPERVISOR_MODE", "fork"),
        ("WORKER_PORT", "9394"),
    ];
    let told = ours("production", &told).worker;
    assert_eq!((told.mode, told.port), (Fork, Some(9394)));
}
