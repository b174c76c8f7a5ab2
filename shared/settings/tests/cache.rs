#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! `cache.yml`: its options, the files behind it, and the keys of its encryption.

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use settings::{Cache, Settings};
use solid_cache::{Config, Encryption, Eviction, FirstLevel, KeyDigest};
use support::{SECRET, load_file};

fn loaded(text: &str, more: &[(&str, &str)]) -> Settings {
    load_file("cache.yml", text, more).unwrap()
}

fn config(text: &str, more: &[(&str, &str)]) -> Config {
    match loaded(text, more).cache {
        Cache::SolidCacheStore(config) => config,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cache_may_keep_nothing() {
    assert_eq!(loaded("adapter: null_store\n", &[]).cache, Cache::NullStore);
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(config("", &[]), Config::default());
    assert_eq!(config("store_options: {}\n", &[]), Config::default());
}

#[test]
fn all_options_are_read() {
    let text = "
size_estimate_samples: 10000
store_options:
  namespace: app
  max_age: <%= 60.days.to_i %>
  max_entries: 1000
  max_size: <%= 1.megabytes %>
  compress: false
  compress_threshold: 2048
  max_key_bytesize: 64
  expiry_batch_size: 50
  expiry_method: job
  expiry_queue: low
  clear_with: delete
  expires_in: 1.hour
  race_condition_ttl: 5
  first_level: { max_size: 1024, staleness: 0 }
  pinned: [flags, rates]
  eviction: fifo
  lease: 0.5.seconds
";
    let expected = Config {
        namespace: Some("app".into()),
        max_age: Some(Duration::from_hours(60 * 24)),
        max_entries: Some(1000),
        max_size: Some(1 << 20),
        compress: false,
        compress_threshold: 2048,
        max_key_bytesize: 64,
        expiry_batch_size: 50,
        expires_in: Some(Duration::from_hours(1)),
        race_condition_ttl: Some(Duration::from_secs(5)),
        first_level: Some(FirstLevel {
            max_size: 1024,
            staleness: Duration::ZERO,
        }),
        pinned: vec!["flags".into(), "rates".into()],
        eviction: Eviction::Fifo,
        lease: Duration::from_millis(500),
        encryption: None,
    };
    assert_eq!(config(text, &[]), expected);
}

#[test]
fn limits_can_be_turned_off() {
    let off = |config: Config| {
        assert_eq!(config.max_age, None);
        assert_eq!(config.first_level, None);
        assert_eq!(config.lease, Duration::ZERO);
    };
    for word in ["false", "", "nil"] {
        off(config(
            &format!("store_options:\n  max_age: {word}\n  first_level: {word}\n  lease: {word}\n"),
            &[],
        ));
    }
    let variables = [
        ("CACHE__STORE_OPTIONS__MAX_AGE", "false"),
        ("CACHE__STORE_OPTIONS__FIRST_LEVEL", "false"),
        ("CACHE__STORE_OPTIONS__LEASE", "0"),
    ];
    off(config("", &variables));
}

#[test]
fn variables_override_single_options() {
    let variables = [
        ("CACHE__STORE_OPTIONS__FIRST_LEVEL__MAX_SIZE", "4096"),
        ("CACHE__STORE_OPTIONS__PINNED__0", "flags"),
        ("CACHE__STORE_OPTIONS__MAX_AGE", "1.day"),
        ("CACHE__STORE_OPTIONS__MAX_SIZE", "5000"),
        ("CACHE__ENCRYPT", "true"),
    ];
    let config = config("", &variables);
    let expected = FirstLevel {
        max_size: 4096,
        ..FirstLevel::default()
    };
    assert_eq!(config.first_level, Some(expected));
    assert_eq!(config.pinned, ["flags"]);
    assert_eq!(config.max_age, Some(Duration::from_hours(24)));
    assert_eq!(config.max_size, Some(5000));
    assert!(config.encryption.is_some());
}

#[test]
fn nonsense_is_named_with_its_key() {
    for (text, message) in [
        ("max_age: 0", "max_age: expected a duration above 0, got 0"),
        (
            "max_age: soon",
            "max_age: expected seconds, or text such as `0.1.seconds`, got `soon`",
        ),
        (
            "max_age: true",
            "max_age: expected seconds, or text such as `0.1.seconds`",
        ),
        (
            "max_entries: 0",
            "max_entries: expected a number above 0, got 0",
        ),
        (
            "max_size: -1",
            "max_size: expected a number above 0, got -1",
        ),
        (
            "max_key_bytesize: 63",
            "max_key_bytesize: expected a number from 64 to ",
        ),
        (
            "expiry_batch_size: 0",
            "expiry_batch_size: expected a number from 1 to 100000, got 0",
        ),
        (
            "compress_threshold: -1",
            "compress_threshold: expected a number from 0 to ",
        ),
        (
            "expiry_method: cron",
            "expiry_method: expected thread or job, got `cron`",
        ),
        (
            "clear_with: fire",
            "clear_with: expected truncate or delete, got `fire`",
        ),
        (
            "eviction: lru",
            "eviction: expected sieve or fifo, got `lru`",
        ),
        (
            "expires_in: 0",
            "expires_in: expected a duration above 0, got 0",
        ),
        (
            "race_condition_ttl: -5",
            "race_condition_ttl: expected seconds, or text such as `0.1.seconds`, got `-5`",
        ),
        (
            "lease: -1",
            "lease: expected seconds, or text such as `0.1.seconds`, got `-1`",
        ),
        (
            "first_level: true",
            "first_level: invalid type: boolean `true`, expected `max_size` and `staleness`, or false",
        ),
        (
            "first_level: { max_size: 0 }",
            "first_level.max_size: expected a number from 1 to ",
        ),
        (
            "first_level: { staleness: ages }",
            "first_level.staleness: expected seconds, or text such as `0.1.seconds`, got `ages`",
        ),
        (
            "first_level: { size: 1 }",
            "first_level.size: unknown field `size`",
        ),
        (
            "pinned: [\"\"]",
            "pinned: expected namespaces, got an empty one",
        ),
        ("max_sise: 1", "max_sise: unknown field `max_sise`"),
        (
            "coder: x",
            "coder: this key of Rails is not supported by this version: take it out",
        ),
    ] {
        let text = format!("store_options:\n  {text}\n");
        let error = load_file("cache.yml", &text, &[]).unwrap_err();
        assert!(
            error.starts_with(&format!("cache.yml: store_options.{message}")),
            "{error}"
        );
    }
}

#[test]
fn the_files_are_those_of_the_names() {
    for (text, expected) in [
        ("", &[("cache", "development_cache")][..]),
        ("database: cache\n", &[("cache", "development_cache")]),
        ("database: fast\n", &[("fast", "development_fast")]),
        (
            "databases: [cache, cache_2]\n",
            &[
                ("cache", "development_cache"),
                ("cache_2", "development_cache_2"),
            ],
        ),
    ] {
        let databases = loaded(text, &[]).databases;
        let files: Vec<_> = databases
            .caches
            .iter()
            .map(|(name, file)| (name.as_str(), file.path.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, file)| (*name, PathBuf::from(format!("storage/{file}.sqlite3"))))
            .collect();
        assert_eq!(files, expected, "{text}");
    }
}

#[test]
fn a_shard_may_have_keys_in_the_database_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("cache.yml", "databases: [cache_1, cache_2]\n");
    write(
        "database.yml",
        "cache:\n  pool: 1\ncache_1:\n  pool: 7\n  database: /fast/cache.sqlite3\n",
    );
    let variables = [("DATABASE__CACHE_2__TIMEOUT", "50")];
    let databases = support::load(folder.path(), Path::new("storage"), &variables)
        .unwrap()
        .databases;
    let [(_, first), (_, second)] = &databases.caches[..] else {
        panic!("{databases:?}")
    };
    assert_eq!(
        (first.pool, first.path.as_path()),
        (7, Path::new("/fast/cache.sqlite3"))
    );
    assert_eq!(second.timeout, Duration::from_millis(50));

    write(
        "database.yml",
        "cache_1:\n  database: a\ncache_2:\n  database: a\ncache_3:\n  pool: 1\n",
    );
    let error = support::load(folder.path(), Path::new("storage"), &[]).unwrap_err();
    for expected in [
        "database.yml: cache_3: unknown field `cache_3`, expected `primary`, `cache`, `queue`, `cable`, \
         or a name that `databases` of cache.yml mentions",
        "database.yml: cache_2.database: expected a file of its own, got that of `cache_1`",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn names_that_cannot_be_files_of_the_cache_are_refused() {
    for (text, message) in [
        (
            "database: cache\ndatabases: [a]\n",
            "databases: expected `database` or `databases`, got both",
        ),
        (
            "databases: []\n",
            "databases: expected names of databases, got none",
        ),
        (
            "databases: [a, b, a]\n",
            "databases[2]: expected each name once, got `a`",
        ),
        (
            "databases: [a, ../b]\n",
            "databases[1]: expected a name of letters, digits, `_` and `-`, the first a letter, got `../b`",
        ),
        (
            "database: queue\n",
            "database: expected a database of the cache's own, got `queue`",
        ),
        (
            "connects_to:\n  shards: {}\n",
            "connects_to: this key of Rails is not supported by this version: \
             name the database in `database`, or several in `databases`",
        ),
    ] {
        let error = load_file("cache.yml", text, &[]).unwrap_err();
        assert_eq!(error, format!("cache.yml: {message}"));
    }
}

const KEY: &str = "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY";
const SALT: &str = "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT";

#[test]
fn encryption_takes_the_keys_of_the_variables() {
    let variables = [(KEY, "an old key, a new key"), (SALT, "a salt")];
    let keys = ["an old key".to_owned(), "a new key".to_owned()];
    let expected = Encryption::new(&keys, "a salt", KeyDigest::Sha256).unwrap();
    assert_eq!(
        config("encrypt: true\n", &variables).encryption,
        Some(expected)
    );
    assert_eq!(config("", &variables).encryption, None);
}

#[test]
fn without_variables_the_keys_are_made_of_the_secret() {
    let made = |more: &[(&str, &str)]| config("encrypt: true\n", more).encryption.unwrap();
    let ours = made(&[]);
    assert_eq!(ours, made(&[]));
    assert_ne!(
        ours,
        made(&[("SECRET_KEY_BASE", &SECRET.replace('0', "1"))])
    );
}

#[test]
fn half_of_the_keys_is_an_error_that_tells_none() {
    for (variables, message) in [
        (
            &[(KEY, "hush")][..],
            format!("{SALT}: is not set, but {KEY} is: set both, or neither"),
        ),
        (
            &[(SALT, "hush")],
            format!("{KEY}: is not set, but {SALT} is: set both, or neither"),
        ),
        (
            &[(KEY, "hush,,hush"), (SALT, "hush")],
            format!("{KEY}: expected keys between commas, got none as number 2"),
        ),
    ] {
        let error = load_file("cache.yml", "encrypt: true\n", variables).unwrap_err();
        assert_eq!(error, message);
    }
}

#[test]
fn no_key_is_ever_shown() {
    let settings = loaded("encrypt: true\n", &[(KEY, "hush"), (SALT, "psst")]);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hush") && !shown.contains("psst"));
}

#[test]
fn a_variable_may_name_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.yml");
    std::fs::write(&file, "store_options:\n  namespace: other\n").unwrap();
    let file = file.display().to_string();
    let config = config("", &[("SOLID_CACHE_CONFIG", file.as_str())]);
    assert_eq!(config.namespace.as_deref(), Some("other"));
}
