use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_support::Variables;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/faults.c");

/// Where the two numbers of the control file lie.
const WRITE_ERROR: u64 = 0;
const CLOCK_SHIFT: u64 = 8;

/// What a write fails with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The disk is full.
    NoSpace,
    /// The disk is broken.
    Io,
}

impl WriteError {
    fn number(self) -> i64 {
        let error = match self {
            Self::NoSpace => rustix::io::Errno::NOSPC,
            Self::Io => rustix::io::Errno::IO,
        };
        error.raw_os_error().into()
    }
}

/// Makes the disk and the clock of those processes fail that were started with its variables (`shim/faults.c`).
#[derive(Debug)]
pub struct Control {
    library: PathBuf,
    path: PathBuf,
    file: File,
}

impl Control {
    /// Compiles the library that is loaded into the processes, and puts it and the control file into `folder`.
    ///
    /// # Errors
    /// When there is no C compiler, or the folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self> {
        let library = compile(folder)?;
        let path = folder.join("faults");
        let file = File::create(&path)?;
        let control = Self {
            library,
            path,
            file,
        };
        control.set(WRITE_ERROR, 0)?;
        control.set(CLOCK_SHIFT, 0)?;
        Ok(control)
    }

    /// From now on writes to the database fail.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn fail_writes(&self, with: WriteError) -> Result<()> {
        self.set(WRITE_ERROR, with.number())
    }

    /// From now on writes succeed again.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn heal_writes(&self) -> Result<()> {
        self.set(WRITE_ERROR, 0)
    }

    /// Sets the wall clock so many seconds before or after the right time.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn shift_clock(&self, seconds: i64) -> Result<()> {
        self.set(CLOCK_SHIFT, seconds)
    }

    /// What a process needs to obey. The disk fails for the files whose path contains `database`.
    pub fn variables(&self, database: &str) -> Variables {
        let variable = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
        vec![
            variable("LD_PRELOAD", &self.library),
            variable("FAULTS_CONTROL", &self.path),
            variable("FAULTS_PATH", Path::new(database)),
        ]
    }

    fn set(&self, at: u64, value: i64) -> Result<()> {
        Ok(self.file.write_all_at(&value.to_ne_bytes(), at)?)
    }
}

fn compile(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("faults.so");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"])
        .arg("-o")
        .args([library.as_path(), Path::new(SOURCE)])
        .status()
        .context("no C compiler: apt-get install gcc libc6-dev")?;
    ensure!(status.success(), "cc did not compile {SOURCE}");
    Ok(library)
}
