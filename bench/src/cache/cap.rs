//! Whether a full cache is as fast as an empty one, and no larger than it may be.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use solid_cache::Config;

use super::file::{CacheFile, from_the_file};
use super::grow::{Growth, Largest, Mark, Watch};
use super::values;
use crate::figures::{at_least, at_most, hundredths, per_second};
use crate::machine;
use crate::scale::Scale;

/// How much is written beneath which cap.
#[derive(Clone, Copy)]
struct Plan {
    max_size: u64,
    slice: u32,
    /// The first entries, far from the cap.
    empty: u32,
}

#[derive(Clone, Copy)]
enum Way {
    Callers(u32),
    /// One caller that writes so many at once.
    AtOnce(u32),
}

/// Writes a second, and sizes in the unit of the cap.
struct Figures {
    slices: Vec<f64>,
    empty: f64,
    full: f64,
    file: f64,
    with_wal: f64,
    totals: Value,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let plan = scale.choose(
        Plan {
            max_size: 256 << 20,
            slice: 50_000,
            empty: 100_000,
        },
        Plan {
            max_size: 4 << 20,
            slice: 1_000,
            empty: 2_000,
        },
    );
    let callers = plan
        .run(Way::Callers(8), scale.choose(1_000_000, 10_000))
        .await?;
    let at_once = plan
        .run(Way::AtOnce(100), scale.choose(500_000, 10_000))
        .await?;
    Ok(json!({
        "benchmark": "writes of new keys far beyond max_size, without compression",
        "machine": machine::describe(),
        "max_size": plan.max_size,
        "bytes_a_value": values::SIZE,
        "writes_a_slice": plan.slice,
        "writes_far_from_the_cap": plan.empty,
        "8_callers": callers.report(),
        "write_multi_100": at_once.report(),
        "goals": {
            "8_callers": callers.goals(),
            "write_multi_100": at_once.goals(),
        },
    }))
}

impl Plan {
    async fn run(self, way: Way, entries: u32) -> Result<Figures> {
        let file = CacheFile::create()?;
        let cache = file.cache(Config {
            max_size: Some(self.max_size),
            compress: false,
            ..from_the_file()
        })?;
        let growth = Growth::new(cache.clone(), entries, self.slice);
        let watch = Watch::start(file.path());
        let marks = match way {
            Way::Callers(callers) => growth.one_by_one(callers).await,
            Way::AtOnce(size) => growth.at_once(size).await,
        };
        let largest = watch.stop()?;
        let totals = cache.totals().await?;
        let totals = totals.iter().map(|totals| {
            json!({
                "entries": totals.entries,
                "bytes": totals.bytes,
                "file_bytes": totals.file_bytes,
                "free_bytes": totals.free_bytes,
            })
        });
        self.figures(&marks?, largest, totals.collect())
    }

    fn figures(self, marks: &[Mark], largest: Largest, totals: Value) -> Result<Figures> {
        let empty = marks.iter().rfind(|mark| mark.entries <= self.empty);
        let full = marks.iter().find(|mark| mark.at_the_cap);
        let full = full.context("the cap was not reached")?;
        let last = marks.last().context("nothing was written")?;
        Ok(Figures {
            slices: rates(marks),
            empty: rate(&Mark::START, empty.context("no slice was short enough")?),
            full: rate(full, last),
            file: self.part_of_cap(largest.file),
            with_wal: self.part_of_cap(largest.with_wal),
            totals,
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "no file here is so large")]
    fn part_of_cap(self, bytes: u64) -> f64 {
        hundredths(bytes as f64 / self.max_size as f64)
    }
}

impl Mark {
    const START: Self = Self {
        entries: 0,
        after: std::time::Duration::ZERO,
        at_the_cap: false,
    };
}

/// Of each slice.
fn rates(marks: &[Mark]) -> Vec<f64> {
    let starts = std::iter::once(&Mark::START).chain(marks);
    starts
        .zip(marks)
        .map(|(start, end)| rate(start, end))
        .collect()
}

/// Writes a second from one mark to another.
fn rate(start: &Mark, end: &Mark) -> f64 {
    let time = end.after.saturating_sub(start.after);
    per_second(end.entries - start.entries, time).round()
}

impl Figures {
    fn ratio(&self) -> f64 {
        hundredths(self.full / self.empty)
    }

    fn report(&self) -> Value {
        json!({
            "writes_per_second_by_slice": self.slices,
            "writes_per_second_far_from_the_cap": self.empty,
            "writes_per_second_at_the_cap": self.full,
            "largest_file_to_max_size": self.file,
            "largest_file_with_wal_to_max_size": self.with_wal,
            "totals_at_the_end": self.totals,
        })
    }

    fn goals(&self) -> Value {
        json!({
            "at_the_cap_to_far_from_it": at_least(0.8, self.ratio()),
            "largest_file_to_max_size": at_most(1.05, self.file),
            "largest_file_with_wal_to_max_size": at_most(1.05, self.with_wal),
        })
    }
}
