use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::AcmeError;

/// The folder of certificates and account keys, for this user's eyes only.
///
/// `<domain>` holds a key and its certificate in PEM, as Thruster keeps them, after a line that names the directory
/// they are from. `acme_account+<directory>.json` holds the account there: another directory never gets to see it.
#[derive(Clone, Debug)]
pub(super) struct Storage(PathBuf);

impl Storage {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path) -> Result<Self, AcmeError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failure("make the folder", folder))?;
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<String>, AcmeError> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure("read", &path)(error)),
        }
    }

    /// Writes a file, so that others see all of it or what was there before, also after a power cut.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), AcmeError> {
        let path = self.path(name);
        // Two processes may write at once, and have the same id in their containers.
        let aside = self.path(&format!(".{name}.{:016x}", rand::random::<u64>()));
        let written = write_aside(&aside, text)
            .and_then(|()| fs::rename(&aside, &path))
            .and_then(|()| File::open(&self.0)?.sync_all());
        written.map_err(|error| {
            // Gone after the rename, or never made: what matters is the error before.
            let _ = fs::remove_file(&aside);
            failure("write", &path)(error)
        })
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), AcmeError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failure("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

fn write_aside(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn failure(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AcmeError {
    let path = path.to_owned();
    move |source| AcmeError::Storage {
        action,
        path,
        source,
    }
}
