use std::path::Path;

use clap::Args;
use db::Timestamp;
use serde::Serialize;
use solid_cache::{Cache, Totals};
use telemetry::Failure;

use super::print;

#[derive(Args, Debug)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(cache: &Cache, arguments: &Arguments) -> Result<(), Failure> {
    let totals = cache.totals().await?;
    if arguments.json {
        let shards: Vec<_> = totals.iter().map(Shard::of).collect();
        return print::json(&shards);
    }
    let rows: Vec<_> = totals.iter().map(row).collect();
    print::table(NAMES, &rows);
    print::title("FILES");
    for shard in &totals {
        print::line(format!("{}  {}", shard.shard, shard.path.display()));
    }
    Ok(())
}

const NAMES: [&str; 9] = [
    "database", "entries", "of", "size", "of", "evicted", "file", "oldest", "newest",
];

fn row(totals: &Totals) -> [String; 9] {
    let limit = |limit: Option<String>| limit.unwrap_or_else(|| "-".to_owned());
    let free = print::size(totals.free_bytes);
    [
        totals.shard.clone(),
        totals.entries.to_string(),
        limit(totals.max_entries.map(|most| most.to_string())),
        print::size(totals.bytes),
        limit(totals.max_size.map(print::size)),
        totals.evictions.to_string(),
        format!("{} ({free} free)", print::size(totals.file_bytes)),
        print::some_moment(totals.oldest),
        print::some_moment(totals.newest),
    ]
}

#[derive(Serialize)]
struct Shard<'a> {
    database: &'a str,
    path: &'a Path,
    entries: u64,
    max_entries: Option<u64>,
    bytes: u64,
    max_size: Option<u64>,
    evictions: u64,
    file_bytes: u64,
    free_bytes: u64,
    oldest: Option<String>,
    newest: Option<String>,
}

impl<'a> Shard<'a> {
    fn of(totals: &'a Totals) -> Self {
        Self {
            database: &totals.shard,
            path: &totals.path,
            entries: totals.entries,
            max_entries: totals.max_entries,
            bytes: totals.bytes,
            max_size: totals.max_size,
            evictions: totals.evictions,
            file_bytes: totals.file_bytes,
            free_bytes: totals.free_bytes,
            oldest: totals.oldest.map(Timestamp::iso8601),
            newest: totals.newest.map(Timestamp::iso8601),
        }
    }
}
