//! Rows and columns: the accounting, the key, and what an overwritten row keeps.

use diesel::prelude::*;
use diesel::{sql_query, sql_types::Text};
use solid_cache::Config;

use crate::table::Table;

#[derive(QueryableByName)]
struct Definition {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// What is ours aside.
const DEFINITIONS: &str = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL
     AND tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' AND name NOT LIKE 'trifecta%' ORDER BY rowid";

#[tokio::test]
async fn the_schema_is_that_of_rails() {
    let rails: Vec<String> = include_str!("../fixtures/rails_schema.sql")
        .lines()
        .map(|line| line.trim_end_matches(';').replace("IF NOT EXISTS ", ""))
        .collect();
    let read = |c: &mut SqliteConnection| sql_query(DEFINITIONS).load::<Definition>(c);
    let ours = Table::new().database.read(read).await.unwrap();
    let mut ours: Vec<String> = ours.into_iter().map(|definition| definition.sql).collect();
    ours.sort_unstable();
    let mut rails = rails;
    rails.sort_unstable();
    assert_eq!(ours, rails);
}

#[tokio::test]
async fn the_size_counts_key_value_and_the_row() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    for (key, text, size) in [
        ("hello", "test", 149),
        ("hello", "12345", 150),
        ("hi", "12345", 147),
    ] {
        cache.write_text(key, text).await;
        let rows = table.rows().await;
        let row = rows.iter().find(|row| row.key == key.as_bytes()).unwrap();
        let header = 15;
        assert_eq!(row.byte_size, size + header);
        assert_eq!(row.key_hash, db::key_hash(key.as_bytes()));
    }
}

#[tokio::test]
async fn an_overwritten_row_keeps_its_id_and_its_age() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("key", &1).await;
    let before = table.rows().await.remove(0);
    table
        .execute("UPDATE solid_cache_entries SET created_at = '2026-11-22 08:26:29.484'")
        .await;
    cache.write("key", &23).await;
    let after = table.rows().await.remove(0);
    assert_eq!(after.id, before.id);
    assert_eq!(after.created_at, "2026-11-22 08:26:29.484");
    assert_eq!(after.byte_size, before.byte_size + 1);
    assert_ne!(after.value, before.value);
}

#[tokio::test]
async fn the_age_has_three_digits_of_fraction() {
    let table = Table::new();
    for moment in [
        "2026-11-22 08:26:29.4849",
        "2026-11-22 08:26:29",
        "2026-11-22 08:26:29.05",
    ] {
        let now = moment.parse().unwrap();
        table
            .cache(Config::default())
            .with_clock(move || now)
            .write(moment, &1)
            .await;
    }
    let ages: Vec<String> = table
        .rows()
        .await
        .into_iter()
        .map(|row| row.created_at)
        .collect();
    let expected = [
        "2026-11-22 08:26:29.484",
        "2026-11-22 08:26:29.000",
        "2026-11-22 08:26:29.050",
    ];
    assert_eq!(ages, expected);
}

#[tokio::test]
async fn a_key_with_the_hash_of_another_is_a_miss() {
    let table = Table::new();
    let cache = table.cache(Config::default());
    cache.write("mine", &1).await;
    table
        .execute("UPDATE solid_cache_entries SET key = X'6f74686572'")
        .await;
    assert_eq!(cache.read::<i32>("mine").await, None);
    assert!(cache.unless_exist().write("mine", &2).await);
    assert_eq!(cache.read::<i32>("mine").await, Some(2));
    assert_eq!(table.rows().await.len(), 1);
}
