//! What a process and its children use together: nginx does its work in processes of its own.

use std::fs;

use anyhow::{Context as _, Result};

use crate::proc::{processor_seconds, resident_mb};

/// A process with its children.
pub(crate) struct Family(Vec<u32>);

impl Family {
    pub(crate) fn of(id: u32) -> Result<Self> {
        let mut family = vec![id];
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(other) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // It may be gone by now.
            if parent(other).is_ok_and(|parent| parent == id) {
                family.push(other);
            }
        }
        Ok(Self(family))
    }

    /// In ticks of 10 ms.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        self.sum(processor_seconds)
    }

    /// By what the scheduler notes of each thread that lives.
    pub(crate) fn scheduled_seconds(&self) -> Result<f64> {
        self.sum(scheduled_seconds)
    }

    /// Pages that are shared count in each process.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        self.sum(resident_mb)
    }

    /// Pages that are shared count once. In kilobytes.
    pub(crate) fn proportional_kb(&self) -> Result<f64> {
        self.sum(proportional_kb)
    }

    fn sum(&self, of: impl Fn(u32) -> Result<f64>) -> Result<f64> {
        self.0.iter().map(|id| of(*id)).sum()
    }
}

fn parent(id: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in parentheses may hold spaces.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let parent = rest
        .split_whitespace()
        .nth(1)
        .context("no parent in stat")?;
    Ok(parent.parse()?)
}

fn scheduled_seconds(id: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may have ended by now.
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let first = text.split_whitespace().next().unwrap_or("0");
        nanoseconds += first.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}

fn proportional_kb(id: u32) -> Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let line = line.context("no Pss in smaps_rollup")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
