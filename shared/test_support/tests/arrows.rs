//! The direction of dependencies between our crates, and who may use which framework.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of a test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each crate may depend on, of ours and of the frameworks that are watched.
const ALLOWED: &[(&str, &[&str])] = &[
    ("db", &[]),
    ("telemetry", &[]),
    ("schedule", &[]),
    ("solid_queue", &["db", "schedule", "telemetry"]),
    ("solid_cache", &["db", "telemetry"]),
    ("action_cable", &["actix-web", "actix-ws", "telemetry"]),
    ("solid_cable", &["action_cable", "db", "telemetry"]),
    ("inertia", &["actix-session", "actix-web"]),
    (
        "settings",
        &[
            "action_cable",
            "config",
            "db",
            "solid_cable",
            "solid_cache",
            "solid_queue",
            "telemetry",
        ],
    ),
    ("app", &["action_cable", "db", "solid_cache", "solid_queue"]),
    (
        "boot",
        &[
            "action_cable",
            "actix-web",
            "app",
            "backup",
            "db",
            "settings",
            "solid_cable",
            "solid_cache",
            "solid_queue",
            "telemetry",
        ],
    ),
    ("backup", &["db"]),
    ("suite", &[]),
    ("deploy", &["cable_faults", "test_support"]),
    ("test_support", &[]),
    (
        "web",
        &[
            "action_cable",
            "actix-session",
            "actix-web",
            "app",
            "boot",
            "clap",
            "db",
            "inertia",
            "settings",
            "solid_queue",
            "telemetry",
        ],
    ),
    (
        "worker",
        &[
            "app",
            "backup",
            "boot",
            "clap",
            "db",
            "settings",
            "solid_cache",
            "solid_queue",
            "telemetry",
        ],
    ),
    (
        "cable",
        &[
            "action_cable",
            "actix-web",
            "app",
            "boot",
            "clap",
            "settings",
            "solid_cable",
            "telemetry",
        ],
    ),
    ("thrust", &["clap", "telemetry"]),
    (
        "bench",
        &[
            "action_cable",
            "actix-web",
            "actix-ws",
            "clap",
            "db",
            "solid_cable",
            "solid_cache",
            "solid_queue",
            "telemetry",
            "test_support",
        ],
    ),
    ("cable_faults", &["db", "test_support"]),
    (
        "cache_faults",
        // The disk that can fail is that of the queue's tests.
        &[
            "clap",
            "db",
            "queue_faults",
            "solid_cache",
            "telemetry",
            "test_support",
        ],
    ),
    (
        "durability",
        &[
            "app",
            "clap",
            "db",
            "solid_queue",
            "telemetry",
            "test_support",
        ],
    ),
    (
        "queue_faults",
        &["clap", "db", "solid_queue", "telemetry", "test_support"],
    ),
];

/// Only the crates that name them above may use these.
const WATCHED: &[&str] = &["actix-session", "actix-web", "actix-ws", "clap", "config"];

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<_, BTreeSet<_>> = ALLOWED
        .iter()
        .map(|(name, list)| (*name, list.iter().copied().collect()))
        .collect();
    for (name, dependencies) in dependencies() {
        let allowed = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("say in this test what `{name}` may depend on"));
        for dependency in &dependencies {
            assert!(
                allowed.contains(dependency.as_str()),
                "`{name}` must not depend on `{dependency}`"
            );
        }
    }
}

/// Each of our crates with those of its dependencies that are ours or watched; not those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap();
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let is_seen = |name: &String| ours.contains(name) || WATCHED.contains(&name.as_str());
    let of = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"].is_null())
            .map(name)
            .filter(is_seen)
            .collect()
    };
    packages
        .iter()
        .map(|package| (name(package), of(package)))
        .collect()
}
