use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use queue_faults::Control;
use solid_cache::Cache;
use tempfile::TempDir;
use test_support::{Process, Signal, Variables, wait_until};

use crate::{Progress, Settings};

const PROGRAM: &str = "cache_actor";
const DATABASE: &str = "cache.sqlite3";

/// One cache file, and the programs that use it.
pub struct Scene {
    folder: TempDir,
    variables: Variables,
}

impl Scene {
    /// A folder without a file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            variables: Variables::new(),
        })
    }

    /// A folder whose programs have a disk that can fail. That of this process cannot.
    ///
    /// # Errors
    /// As [`Control::new`].
    pub fn with_faults() -> Result<(Self, Control)> {
        let mut scene = Self::new()?;
        let control = Control::new(scene.folder.path())?;
        scene.variables = control.variables(DATABASE);
        Ok((scene, control))
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// A file that is not there yet, for programs to wait for.
    pub fn gate(&self) -> PathBuf {
        self.folder.path().join("gate")
    }

    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Result<Process> {
        let file = self.file().display().to_string();
        let arguments = [&["--file", &file], arguments].concat();
        Process::start(PROGRAM, &arguments, &self.variables)
    }

    /// How this process opens the file: patiently, and without a memory of its own.
    pub fn settings(&self) -> Settings {
        Settings {
            file: self.file(),
            timeout: Duration::from_secs(10),
            first_level: false,
        }
    }

    /// The cache for this process.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn cache(&self) -> Result<Cache> {
        Ok(self.settings().open()?)
    }

    /// Waits until the process got further in a way.
    pub async fn gets_on(&self, process: &Process, what: &str, count: fn(Progress) -> u64) {
        /// Enough to be no accident.
        const ENOUGH: u64 = 20;
        let before = count(Progress::last(&process.output()));
        wait_until(what, || async {
            count(Progress::last(&process.output())) >= before + ENOUGH
        })
        .await;
    }
}

/// Sends TERM and waits for the end, which must be a success. Returns what the program said.
///
/// # Errors
/// When it does not end, or fails.
pub async fn stop(process: Process) -> Result<String> {
    process.signal(Signal::TERM)?;
    end(process).await
}

/// Waits for the end, which must be a success. Returns what the program said: never a wrong value, and never that a
/// database is locked, which is nothing that a caller of a cache can do anything about.
///
/// # Errors
/// When it does not end, or fails.
pub async fn end(mut process: Process) -> Result<String> {
    let status = process.ended().await?;
    let said = process.output();
    ensure!(status.success(), "ended with {status}: {said}");
    ensure!(!said.contains("is locked"), "{said}");
    ensure!(!said.contains("panicked"), "{said}");
    ensure!(Progress::last(&said).wrong == 0, "{said}");
    Ok(said)
}
