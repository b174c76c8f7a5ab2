use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::{Error, disk, name};

/// The folder that backups are put into, while this process alone changes it.
pub(crate) struct Shelf {
    path: PathBuf,
    _lock: File,
}

impl Shelf {
    /// Makes the folder if need be, and removes what backups that were cut short left there.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::io("could not make the folder", path))?;
        let lock = File::open(path).map_err(Error::io("could not open the folder", path))?;
        match lock.try_lock() {
            // A file system without such locks goes without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(path.to_owned())),
        }
        let shelf = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        for leftover in names(path)?.iter().filter(|name| name::is_partial(name)) {
            shelf.remove_all(leftover)?;
        }
        Ok(shelf)
    }

    /// A new folder under a name that says that it is not complete. Only its owner may look into it.
    pub(crate) fn begin(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path.join(name::partial(name));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(Error::io("could not make the folder", &path))?;
        Ok(path)
    }

    /// Gives the folder its name, now that all of it is there.
    pub(crate) fn complete(&self, name: &str) -> Result<PathBuf, Error> {
        let (partial, path) = (self.path.join(name::partial(name)), self.path.join(name));
        disk::sync_folder(&partial)?;
        fs::rename(&partial, &path).map_err(Error::io("could not make the folder", &path))?;
        disk::sync_folder(&self.path)?;
        Ok(path)
    }

    /// Removes a folder that never became complete.
    pub(crate) fn abandon(&self, name: &str) {
        // What cannot be removed now, the next backup removes.
        self.remove_all(&name::partial(name)).ok();
    }

    /// Removes a backup. One that is only half removed is none any more.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let (path, partial) = (self.path.join(name), name::partial(name));
        fs::rename(&path, self.path.join(&partial))
            .map_err(Error::io("could not remove", &path))?;
        self.remove_all(&partial)
    }

    fn remove_all(&self, name: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        fs::remove_dir_all(&path).map_err(Error::io("could not remove", &path))
    }
}

/// The names in a folder, sorted.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, Error> {
    let read = || {
        let entries = fs::read_dir(path)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    };
    read().map_err(Error::io("could not read the folder", path))
}
