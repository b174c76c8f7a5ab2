use std::fs;

use anyhow::{Context as _, Result};
use test_support::Process;

/// Memory of a process, in kB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What it has now.
    pub resident: u64,
    /// The most that it ever had.
    pub peak: u64,
}

impl Memory {
    /// That of a running process.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn of(process: &Process) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{}/status", process.id()?))?;
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            anyhow::Ok(number.context("the system tells it")?.parse()?)
        };
        Ok(Self {
            resident: line("VmRSS:")?,
            peak: line("VmHWM:")?,
        })
    }
}
