use app::models::TodoList;
use backup::{Epoch, Store};
use db::EmbeddedMigrations;
use settings::{CableAdapter, Settings};

const TODOS_EPOCH: Epoch = Epoch {
    query: "SELECT epoch FROM todos_snapshot",
    renew: TodoList::renew_epoch,
};
const CABLE_EPOCH: Epoch = Epoch {
    query: "SELECT epoch FROM trifecta_cable_state",
    renew: solid_cable::renew_epoch,
};
const JOBS: &[&str] = &[
    "solid_queue_jobs",
    "solid_queue_ready_executions",
    "solid_queue_claimed_executions",
    "solid_queue_scheduled_executions",
    "solid_queue_blocked_executions",
    "solid_queue_failed_executions",
];

/// The files that the settings name and their adapters use, the primary one first.
pub fn backup_stores(settings: &Settings) -> Vec<Store> {
    let databases = &settings.databases;
    let mut stores = vec![Store {
        name: "primary".into(),
        path: databases.primary.path.clone(),
        migrations: || app::MIGRATIONS,
        tables: &["todos"],
        epoch: Some(TODOS_EPOCH),
    }];
    if let settings::Queue::SolidQueue(_) = &settings.queue {
        stores.push(Store {
            name: "queue".into(),
            path: databases.queue.path.clone(),
            migrations: || solid_queue::MIGRATIONS,
            tables: JOBS,
            epoch: None,
        });
    }
    if let CableAdapter::SolidCable(_) = &settings.cable.adapter {
        stores.push(Store {
            name: "cable".into(),
            path: databases.cable.path.clone(),
            migrations: || solid_cable::MIGRATIONS,
            tables: &["solid_cable_messages"],
            epoch: Some(CABLE_EPOCH),
        });
    }
    if let settings::Cache::SolidCacheStore(_) = &settings.cache {
        stores.extend(caches(settings));
    }
    stores
}

/// The names of the files that hold nothing but caches.
pub fn cache_names(settings: &Settings) -> Vec<String> {
    let caches = settings.databases.caches.iter();
    caches.map(|(name, _)| name.clone()).collect()
}

fn caches(settings: &Settings) -> impl Iterator<Item = Store> {
    const MIGRATIONS: fn() -> EmbeddedMigrations = || solid_cache::MIGRATIONS;
    settings.databases.caches.iter().map(|(name, file)| Store {
        name: name.clone(),
        path: file.path.clone(),
        migrations: MIGRATIONS,
        tables: &["solid_cache_entries"],
        epoch: None,
    })
}
