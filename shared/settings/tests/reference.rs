#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! The tables of variables and keys say what the code does.

use std::collections::BTreeSet;
use std::path::Path;

use settings::Settings;
use settings::reference::{self, FILES, File, Setting};
use support::{load, load_file};

mod support;

/// Files in which each list has an entry, and each name a section, for the keys to stand in.
const PLACES: [(&str, &str, &str); 6] = [
    ("database", "primary: {}", "PRIMARY__"),
    (
        "queue",
        "workers: [{}]\ndispatchers: [{}]\nscheduler: {}",
        "",
    ),
    (
        "recurring",
        "task: { class: AJob, schedule: every hour }",
        "TASK__",
    ),
    ("cache", "store_options: { first_level: {} }", ""),
    ("cable", "server: {}\nauth: {}", ""),
    ("web", "{}", ""),
];

#[test]
fn the_page_is_what_the_command_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, reference::markdown()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(
        page == reference::markdown(),
        "docs/settings.md differs: run this test with UPDATE_DOCS=1"
    );
}

#[test]
fn the_defaults_of_variables_are_true() {
    for Setting { name, default, .. } in reference::variables() {
        // These are what a test sets in any case.
        if ["APP_ENV", "STORAGE_DIR", "CONFIG_DIR"].contains(&name) {
            continue;
        }
        let Some(default) = default else { continue };
        let load = |more: &[(&str, &str)]| {
            shown(&load(Path::new("nowhere"), Path::new("storage"), more).unwrap())
        };
        assert_eq!(load(&[(name, default)]), load(&[]), "{name}");
    }
}

#[test]
fn the_defaults_of_keys_are_true() {
    each_key(|file, prefix, text, Setting { name, default, .. }| {
        let Some(default) = default else { return };
        let variable = variable(file, prefix, name);
        let load = |more: &[(&str, &str)]| load_file(&format!("{}.yml", file.name), text, more);
        let with = load(&[(&variable, default)]).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(shown(&with), shown(&load(&[]).unwrap()), "{variable}");
    });
}

/// A key that nobody knows makes the code list those that it does.
#[test]
fn the_keys_are_those_of_the_code() {
    for (file, (name, text, prefix)) in FILES.iter().zip(PLACES) {
        assert_eq!(file.name, name);
        let tabled: BTreeSet<_> = file.keys().map(|key| key.name.to_owned()).collect();
        let places: BTreeSet<_> = tabled.iter().map(|key| place(key)).collect();
        let known: BTreeSet<_> = places
            .iter()
            .flat_map(|place| known(file, prefix, text, place))
            .collect();
        assert_eq!(tabled, known, "{name}.yml");
    }
}

fn each_key(mut look: impl FnMut(&File, &str, &str, Setting)) {
    for (file, (_, text, prefix)) in FILES.iter().zip(PLACES) {
        for key in file.keys() {
            look(file, prefix, text, key);
        }
    }
}

/// What a key stands below: `server.` of `server.mount_path`.
fn place(key: &str) -> String {
    key.rsplit_once('.')
        .map_or_else(String::new, |(place, _)| format!("{place}."))
}

/// The variable that overrides the key.
fn variable(file: &File, prefix: &str, key: &str) -> String {
    let key = key.replace("[]", "__0").replace('.', "__");
    format!("{}__{prefix}{key}", file.name).to_uppercase()
}

fn known(file: &File, prefix: &str, text: &str, place: &str) -> Vec<String> {
    let variable = variable(file, prefix, &format!("{place}zzz"));
    let problem = load_file(&format!("{}.yml", file.name), text, &[(&variable, "1")]).unwrap_err();
    let listed = problem.split_once("expected ").unwrap().1;
    let names = listed.split('`').skip(1).step_by(2);
    let is_key = |name: &&str| !FOLDERS.contains(&format!("{}:{place}{name}", file.name).as_str());
    names
        .filter(is_key)
        .map(|name| format!("{place}{name}"))
        .collect()
}

/// Keys that only hold others.
const FOLDERS: [&str; 6] = [
    "queue:workers",
    "queue:dispatchers",
    "queue:scheduler",
    "cache:store_options",
    "cable:server",
    "cable:auth",
];

fn shown(settings: &Settings) -> String {
    format!("{settings:?}")
}
