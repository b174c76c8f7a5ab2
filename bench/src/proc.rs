//! What `/proc` says of a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks a second in `/proc`; the same on every Linux that we run on.
const TICKS: f64 = 100.0;

/// User and system time so far.
pub(crate) fn processor_seconds(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |field: usize| {
        fields
            .get(field)
            .and_then(|text| text.parse::<f64>().ok())
            .context("no times in stat")
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// The share of one core that so many seconds of processor time are.
pub(crate) fn core_percent(seconds: f64, time: Duration) -> f64 {
    (seconds / time.as_secs_f64() * 10_000.0).round() / 100.0
}

/// Memory in use.
pub(crate) fn resident_mb(id: u32) -> Result<f64> {
    megabytes(&format!("/proc/{id}/status"), "VmRSS:")
}

/// Memory in use that nobody else has: what the process wrote itself. The rest are pages of files, for the most part of the
/// program, which the system drops when it wants room.
pub(crate) fn private_mb(id: u32) -> Result<f64> {
    megabytes(&format!("/proc/{id}/smaps_rollup"), "Private_Dirty:")
}

fn megabytes(file: &str, field: &str) -> Result<f64> {
    let text = fs::read_to_string(file)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .with_context(|| format!("no {field} in {file}"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok((kilobytes / 102.4).round() / 10.0)
}
