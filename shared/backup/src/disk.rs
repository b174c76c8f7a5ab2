use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// What SQLite keeps beside a database.
pub(crate) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The SHA-256 of a file, in hex.
pub(crate) fn sha256(path: &Path) -> Result<String, Error> {
    let read = || {
        let mut file = File::open(path)?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 17]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(HEXLOWER.encode(&hash.finalize())),
                length => hash.update(&buffer[..length]),
            }
        }
    };
    read().map_err(Error::io("could not read", path))
}

/// Writes a file that is there as a whole or not at all, and is on the disk when this returns.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let new = with_suffix(path, ".new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(Error::io("could not write", path))?;
    sync_folder(folder(path))
}

/// Waits until the names of a folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(Error::io("could not write", path))
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(crate) fn folder(path: &Path) -> &Path {
    let parent = path.parent();
    parent
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
