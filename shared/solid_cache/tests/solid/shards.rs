//! Several files: each key is in the one where Rails looks for it.

use std::collections::{BTreeMap, BTreeSet};

use db::Database;
use md5::{Digest as _, Md5};
use solid_cache::{Cache, Config, MIGRATIONS};

use crate::table::Table;

const NAMES: [&str; 3] = ["cache_two", "cache_one", "cache_three"];

/// The cache, and its files by their names.
fn sharded() -> (Cache, BTreeMap<&'static str, Table>) {
    let tables: BTreeMap<_, _> = NAMES.into_iter().map(|name| (name, Table::new())).collect();
    let shards = NAMES.map(|name| (name.to_owned(), tables[name].database.clone()));
    (Cache::sharded(shards.into(), Config::default()), tables)
}

fn digest(text: String) -> u64 {
    let digest = Md5::digest(text);
    u64::from(u32::from_be_bytes(digest[..4].try_into().unwrap()))
}

/// The table of Solid Cache, as simply as it can be said.
fn maglev(names: &[&'static str]) -> Vec<&'static str> {
    let nodes: BTreeSet<&'static str> = names.iter().copied().collect();
    let mut preferences: Vec<(&'static str, Vec<usize>)> = Vec::new();
    for name in nodes {
        let offset = digest(format!("{name}offset")) % 2053;
        let skip = digest(format!("{name}skip")) % 2052 + 1;
        let slots = (0..2053).map(|tried| usize::try_from((offset + tried * skip) % 2053).unwrap());
        // The last is tried first.
        preferences.push((name, slots.rev().collect()));
    }
    let mut table = vec![""; 2053];
    while table.contains(&"") {
        for (name, preferred) in &mut preferences {
            while let Some(slot) = preferred.pop() {
                if table[slot].is_empty() {
                    table[slot] = name;
                    break;
                }
            }
        }
    }
    table
}

fn keys() -> Vec<String> {
    (0..300).map(|number| format!("views/{number}")).collect()
}

async fn files_with_rows(tables: &BTreeMap<&'static str, Table>) -> usize {
    let mut files = 0;
    for table in tables.values() {
        files += usize::from(!table.rows().await.is_empty());
    }
    files
}

#[tokio::test]
async fn each_key_is_where_the_original_has_it() {
    let (cache, tables) = sharded();
    for key in keys() {
        cache.write(key, &1).await;
    }
    let maglev = maglev(&NAMES);
    let mut expected = BTreeMap::<&str, BTreeSet<String>>::new();
    for key in keys() {
        let slot = crc32fast::hash(key.as_bytes()) % 2053;
        let name = maglev[usize::try_from(slot).unwrap()];
        expected.entry(name).or_default().insert(key);
    }
    for (name, table) in &tables {
        let found: BTreeSet<String> = table.keys().await.into_iter().collect();
        assert_eq!(found, expected[name], "{name}");
        assert!(found.len() > 50, "{name} has {} keys", found.len());
    }
}

#[tokio::test]
async fn the_order_of_the_files_does_not_matter() {
    let (cache, tables) = sharded();
    cache
        .write_multi(keys().into_iter().map(|key| (key, 1)))
        .await;
    let mut shards: Vec<_> = tables
        .iter()
        .map(|(name, table)| {
            let database = Database::open(&table.config, MIGRATIONS).unwrap();
            ((*name).to_owned(), database)
        })
        .collect();
    shards.reverse();
    let other = Cache::sharded(shards, Config::default());
    assert_eq!(other.read_multi::<i32>(keys()).await.len(), 300);
}

#[tokio::test]
async fn many_keys_are_found_in_all_files() {
    let (cache, tables) = sharded();
    let entries: Vec<_> = keys().into_iter().zip(0..).collect();
    assert!(cache.write_multi(entries.clone()).await);
    assert_eq!(files_with_rows(&tables).await, 3);
    let read = cache.read_multi::<i32>(keys()).await;
    assert_eq!(read, entries.into_iter().collect());
    for (number, key) in keys().iter().enumerate() {
        assert_eq!(cache.read::<usize>(key).await, Some(number));
    }
    assert_eq!(cache.delete_multi(&keys()[..200]).await, 200);
    assert_eq!(cache.read_multi::<i32>(keys()).await.len(), 100);
    assert_eq!(cache.totals().await.unwrap().len(), 3);
    let totals = cache.totals().await.unwrap();
    assert_eq!(totals.iter().map(|file| file.entries).sum::<u64>(), 100);
    let names: Vec<_> = totals.iter().map(|file| file.shard.as_str()).collect();
    assert_eq!(names, NAMES);
}

#[tokio::test]
async fn what_concerns_all_entries_concerns_all_files() {
    let (cache, tables) = sharded();
    let entries = || keys().into_iter().map(|key| (key, 1));
    cache.tags(["tag"]).write_multi(entries()).await;
    cache.write("other", &1).await;
    assert_eq!(cache.delete_tag("tag").await, 300);
    assert!(cache.exist("other").await);
    cache.write_multi(entries()).await;
    assert_eq!(cache.delete_prefix("views/").await, 300);
    assert!(cache.exist("other").await);
    cache.write_multi(entries()).await;
    assert_eq!(files_with_rows(&tables).await, 3);
    assert!(cache.clear().await);
    assert_eq!(files_with_rows(&tables).await, 0);
    assert!(cache.read_multi::<i32>(keys()).await.is_empty());
}
