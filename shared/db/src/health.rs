//! What can be said of a file from outside of it, and whether it can be read.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use rustix::fs::statvfs;

use crate::meters::{self, Extent};
use crate::{Database, DbError, Statement};

impl Database {
    /// Whether the file can be read: a look at its first page.
    ///
    /// # Errors
    /// What SQLite said.
    pub async fn check(&self) -> Result<(), DbError> {
        let look = |connection: &mut _| {
            Statement::<BigInt>::new("SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)")
                .load::<i64>(connection)
        };
        self.read(look).await.map(drop)
    }

    /// Tells the installed recorder of metrics how large the file and its log are now. For whoever is asked for metrics:
    /// it takes some microseconds.
    pub fn record_metrics(&self) {
        let path = self.path();
        let log = log_of(path);
        let extent = Extent {
            file: size(path),
            wal: size(&log),
            checkpoints: checkpoints(&log),
            disk: disk(path),
        };
        meters::record_extent(path, &extent);
    }
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// What is free on the disk of a file for who is not root, and the size of the disk.
fn disk(path: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The header of the log counts how often it was begun anew (bytes 12 to 15). Unlike the database file and its index,
/// the log has no locks that would be lost when it is closed here.
fn checkpoints(log: &Path) -> Option<u32> {
    let mut header = [0; 16];
    fs::File::open(log).ok()?.read_exact(&mut header).ok()?;
    let [.., a, b, c, d] = header;
    Some(u32::from_be_bytes([a, b, c, d]))
}
