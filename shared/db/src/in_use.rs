//! Who has files of a folder open. Each process shares a lock on a file of the folder; a restore has it alone.
//!
//! The lock is the system's (`flock`), so it ends with its process, however that ends, and it is seen by all containers
//! that mount the folder on one machine.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::process::{Flock, FlockType, Pid, fcntl_getlk};

use crate::connection::{START_PATIENCE, folder};
use crate::{BackupError, DbError};

/// The file that lies beside the databases and is locked.
const LOCK: &str = ".trifecta.lock";
/// What a restore writes beside the databases before it puts the first file in its place, and removes after the last.
pub const RESTORE_JOURNAL: &str = ".trifecta.restore";

/// As long as it lives, nobody restores the files of the folder. Where files of a suite lie in several folders, a restore
/// that was cut short is told of in that of the first only, which every process opens.
pub(crate) struct InUse {
    /// `None` where the file cannot be made, or the file system knows no such locks: it goes without.
    _lock: Option<Locked>,
}

/// A file that is locked. The lock ends with this, and not with the last copy of its descriptor: a process that is being
/// started by another thread has one until it is the program that it is to be.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // What cannot be unlocked is closed all the same.
        let _ = self.0.unlock();
    }
}

impl InUse {
    /// Waits for a restore that is at work.
    pub(crate) fn share(path: &Path) -> Result<Self, DbError> {
        let folder = folder(path);
        let lock = match open(folder) {
            Ok(file) => share(file)?.map(Locked),
            Err(_) => None,
        };
        if folder.join(RESTORE_JOURNAL).exists() {
            return Err(DbError::HalfRestored {
                path: path.to_owned(),
            });
        }
        Ok(Self { _lock: lock })
    }
}

fn share(file: File) -> Result<Option<File>, DbError> {
    let start = Instant::now();
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() < START_PATIENCE => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let waited = start.elapsed();
                return Err(DbError::Locked { waited });
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

fn open(folder: &Path) -> std::io::Result<File> {
    let path = folder.join(LOCK);
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// A process that has a file open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id, as this process sees it.
    pub pid: u32,
    /// What it is called.
    pub name: String,
}

/// As long as it lives, no process of ours can open a file of the folders.
pub struct TakenOver {
    _locks: Vec<Locked>,
}

impl TakenOver {
    /// Takes the folders of these files, unless any process has one of the files open, of ours or not: then says which.
    /// Those of other containers may be missing among them.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn try_take(paths: &[PathBuf]) -> Result<Result<Self, Vec<Holder>>, BackupError> {
        let mut folders: Vec<_> = paths.iter().map(|path| folder(path)).collect();
        folders.sort_unstable();
        folders.dedup();
        let mut locks = Vec::new();
        let mut is_free = true;
        for folder in &folders {
            let failed = BackupError::io("could not lock", folder);
            fs::create_dir_all(folder).map_err(&failed)?;
            let file = open(folder).map_err(&failed)?;
            is_free &= match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            };
            locks.push(Locked(file));
        }
        for path in paths.iter().filter(|path| path.exists()) {
            is_free &= !is_open(path).map_err(BackupError::io("could not look at", path))?;
        }
        if is_free {
            return Ok(Ok(Self { _locks: locks }));
        }
        drop(locks);
        Ok(Err(holders(paths, &folders)))
    }
}

/// Whether anybody has the database open: SQLite keeps a lock on a WAL file for as long as it does.
fn is_open(path: &Path) -> std::io::Result<bool> {
    let file = File::open(path)?;
    let all = Flock::from(FlockType::WriteLock);
    Ok(fcntl_getlk(&file, &all)?.is_some())
}

/// Whoever holds locks on the files, as the system lists them.
fn holders(paths: &[PathBuf], folders: &[&Path]) -> Vec<Holder> {
    let locks = folders.iter().map(|folder| folder.join(LOCK));
    let files = locks.chain(paths.iter().cloned());
    let inodes: Vec<_> = files
        .filter_map(|path| Some(fs::metadata(path).ok()?.ino()))
        .collect();
    let list = fs::read_to_string("/proc/locks").unwrap_or_default();
    let own = rustix::process::getpid();
    let pids = list.lines().filter_map(|line| {
        let (pid, inode) = lock_of(line)?;
        (inodes.contains(&inode) && Some(own) != Pid::from_raw(pid)).then_some(pid)
    });
    let named = pids.filter_map(|pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some((u32::try_from(pid).ok()?, name.trim().to_owned()))
    });
    let named: BTreeMap<_, _> = named.collect();
    named
        .into_iter()
        .map(|(pid, name)| Holder { pid, name })
        .collect()
}

/// The process and the file of a line such as `1: POSIX  ADVISORY  READ 4711 fe:00:1234 0 EOF`.
fn lock_of(line: &str) -> Option<(i32, u64)> {
    let mut words = line.split_whitespace().skip(4);
    let pid = words.next()?.parse().ok()?;
    let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
    Some((pid, inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_locks_is_understood() {
        let line = "12: FLOCK  ADVISORY  READ 4711 fe:00:1234 0 EOF";
        assert_eq!(lock_of(line), Some((4711, 1234)));
        assert_eq!(lock_of("12: -> FLOCK  ADVISORY  READ x"), None);
    }
}
