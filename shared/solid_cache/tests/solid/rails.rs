//! Rows that Rails wrote are read here, and ours are the same to the byte.

use std::collections::BTreeMap;

use db::{Database, Timestamp};
use diesel::connection::SimpleConnection as _;
use solid_cache::{Cache, Config, MIGRATIONS};

use crate::table::{Row, Table};

const ROWS: &str = include_str!("../fixtures/rails_entries.sql");
const SCHEMA: &str = include_str!("../fixtures/rails_schema.sql");

fn rails(table: &Table) -> Cache {
    table.cache(Config {
        namespace: Some("production".into()),
        ..Config::default()
    })
}

async fn written_by_rails() -> Table {
    let table = Table::new();
    table
        .database
        .write(|connection| connection.batch_execute(ROWS))
        .await
        .unwrap();
    table
}

fn long_key() -> String {
    format!("long{}", "k".repeat(2000))
}

fn long_text() -> String {
    "abc".repeat(4000)
}

#[tokio::test]
async fn strings_are_read() {
    let table = written_by_rails().await;
    let cache = rails(&table);
    let (long_key, long_text) = (long_key(), long_text());
    let strings = [
        ("str", "hello"),
        ("versioned", "v"),
        ("big", &long_text),
        ("utf8 ключ", "значение"),
        ("raw", "rawbytes"),
        (&long_key, "long key"),
    ];
    for (key, text) in strings {
        assert_eq!(cache.read_text(key).await.as_deref(), Some(text), "{key}");
    }
    assert_eq!(
        cache
            .version("20260101")
            .read_text("versioned")
            .await
            .as_deref(),
        Some("v")
    );
    assert_eq!(cache.version("20260102").read_text("versioned").await, None);
}

#[tokio::test]
async fn counters_are_read() {
    let table = written_by_rails().await;
    let cache = rails(&table);
    for (key, number) in [
        ("int", 42),
        ("counter", 6),
        ("fresh_counter", 1),
        ("m1", 1),
        ("m2", 2),
    ] {
        assert_eq!(cache.read_counter(key).await, Some(number), "{key}");
        assert_eq!(cache.read::<i64>(key).await, Some(number), "{key}");
    }
    assert_eq!(cache.increment("counter", 1).await, Some(7));
    assert_eq!(cache.read::<Option<String>>("nil").await, Some(None));
}

#[tokio::test]
async fn objects_of_ruby_are_a_miss_and_stay() {
    let table = written_by_rails().await;
    let past: Timestamp = "2026-11-22 08:26:30".parse().unwrap();
    let cache = rails(&table).with_clock(move || past);
    for key in ["exp", "fetched"] {
        assert_eq!(cache.read::<serde_json::Value>(key).await, None);
        assert_eq!(cache.read_text(key).await, None);
        assert_eq!(cache.increment(key, 1).await, None);
        assert!(cache.exist(key).await);
    }
    assert_eq!(table.rows().await, written_by_rails().await.rows().await);
}

#[tokio::test]
async fn entries_are_the_same_to_the_byte() {
    let table = Table::new();
    let cache = rails(&table);
    cache.write_text("str", "hello").await;
    cache.write_counter("int", 42).await;
    cache.write_counter("counter", 5).await;
    cache.increment("counter", 1).await;
    cache.increment("fresh_counter", 1).await;
    cache.version("20260101").write_text("versioned", "v").await;
    cache.write_text("utf8 ключ", "значение").await;
    cache.write_text("raw", "rawbytes").await;
    cache.write_counter("m1", 1).await;
    cache.write_counter("m2", 2).await;
    cache.write_text(long_key(), "long key").await;
    let rails = by_key(written_by_rails().await.rows().await);
    let ours = by_key(table.rows().await);
    assert_eq!(ours.len(), 10);
    for (key, row) in ours {
        assert_eq!(
            Some(&row),
            rails.get(&key),
            "{}",
            String::from_utf8_lossy(&key)
        );
    }
}

fn by_key(rows: Vec<Row>) -> BTreeMap<Vec<u8>, (Vec<u8>, i64, i64)> {
    let columns = rows
        .into_iter()
        .map(|row| (row.key, (row.value, row.key_hash, row.byte_size)));
    columns.collect()
}

/// The stream may differ, since zlib may choose among several; that it is one, and marked as such, may not.
#[tokio::test]
async fn a_large_string_is_compressed() {
    let table = Table::new();
    let cache = rails(&table);
    cache.write_text("big", long_text()).await;
    let row = table.rows().await.remove(0);
    assert_eq!(
        row.value[..17],
        *b"\x00\x11\x82\x00\x00\x00\x00\x00\x00\xf0\xbf\xff\xff\xff\xff\x78\x9c"
    );
    assert!(row.value.len() < 100);
    assert_eq!(cache.read_text("big").await, Some(long_text()));
}

#[tokio::test]
async fn a_string_that_gains_nothing_is_not_compressed() {
    let table = Table::new();
    let short = "a".repeat(1023);
    table
        .cache(Config::default())
        .write_text("short", &short)
        .await;
    let off = Config {
        compress: false,
        ..Config::default()
    };
    table.cache(off).write_text("off", long_text()).await;
    for (row, text) in table.rows().await.iter().zip([short, long_text()]) {
        assert_eq!(row.value[15..], *text.as_bytes());
        assert_eq!(row.value[2], 0x02);
    }
}

#[tokio::test]
async fn a_file_that_rails_made_is_taken_over() {
    let table = Table::new();
    let made: String = SCHEMA
        .lines()
        .filter(|line| !line.contains("sqlite_sequence"))
        .collect();
    let mut config = table.config.clone();
    config.path.set_file_name("rails.sqlite3");
    let rails_file = Database::open(&config, db::NO_MIGRATIONS).unwrap();
    rails_file
        .write(move |c| c.batch_execute(&format!("{made}{ROWS}")))
        .await
        .unwrap();
    let cache = Cache::solid(
        Database::open(&config, MIGRATIONS).unwrap(),
        Config {
            namespace: Some("production".into()),
            ..Config::default()
        },
    );
    assert_eq!(cache.read_text("str").await.as_deref(), Some("hello"));
}
