//! Whether a process lives that cannot be seen: one in another container that mounts the same folder. Each locks a file of
//! its own beside the database. The lock is the system's (`flock`), so it ends with its process, however that ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::connection::folder;

const PREFIX: &str = ".trifecta.process-";

/// As long as it lives, others can tell that this process does.
pub(crate) struct Presence {
    name: String,
    path: PathBuf,
    _lock: File,
}

impl Presence {
    /// Nothing where the file cannot be made, or the file system knows no such locks.
    pub(crate) fn announce(database: &Path) -> Option<Self> {
        let name = Uuid::new_v4().simple().to_string();
        let path = path(database, &name)?;
        let lock = File::create_new(&path).ok()?;
        if lock.try_lock().is_err() {
            let _ = fs::remove_file(&path);
            return None;
        }
        Some(Self {
            name,
            path,
            _lock: lock,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the process with this presence beside the database lives; nothing where that cannot be said.
pub fn is_present(database: &Path, name: &str) -> Option<bool> {
    let file = File::open(path(database, name)?).ok()?;
    match file.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

/// Removes what a dead process left of its presence.
pub fn forget_presence(database: &Path, name: &str) {
    if let Some(path) = path(database, name) {
        let _ = fs::remove_file(path);
    }
}

/// Names come from the database, and lead nowhere else.
fn path(database: &Path, name: &str) -> Option<PathBuf> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| folder(database).join(format!("{PREFIX}{name}")))
}
