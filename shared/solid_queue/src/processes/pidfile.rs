use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::events;

/// Why the supervisor's pidfile cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PidfileError {
    /// Another supervisor lives.
    #[error("the process with pid {pid} in `{}` is running already", path.display())]
    Running {
        /// The file.
        path: PathBuf,
        /// The process.
        pid: i32,
    },
    /// The file cannot be read or written.
    #[error("could not write the pidfile `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The file that says that a supervisor runs. Removed when it is dropped.
///
/// It is locked as well: of several that start at once and find a stale one, only one gets it.
#[derive(Debug)]
pub(crate) struct Pidfile {
    path: PathBuf,
    _locked: File,
}

impl Pidfile {
    /// Writes this process into the file, unless the one in there lives.
    pub(crate) fn take(path: &Path) -> Result<Self, PidfileError> {
        let failed = |source| PidfileError::File {
            path: path.to_owned(),
            source,
        };
        loop {
            let mut file = open(path).map_err(failed)?;
            let is_locked = match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            };
            let pid = read(&mut file).map_err(failed)?;
            if let Some(pid) = pid.filter(|pid| !is_locked || is_another(*pid)) {
                let path = path.to_owned();
                return Err(PidfileError::Running { path, pid });
            }
            // Whoever held the lock may have removed the file meanwhile, or is about to write it.
            if is_locked && is_in_place(&file, path) {
                write(&mut file).map_err(failed)?;
                let path = path.to_owned();
                return Ok(Self {
                    path,
                    _locked: file,
                });
            }
        }
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            events::thread_error("could not remove the pidfile", None, &error);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn read(file: &mut File) -> io::Result<Option<i32>> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text.trim().parse().ok())
}

/// Whether the process lives and is not this one: in a container each start may get the same pid.
fn is_another(pid: i32) -> bool {
    let is_own = u32::try_from(pid) == Ok(std::process::id());
    let exists = |pid| test_kill_process(pid) != Err(Errno::SRCH);
    !is_own && pid > 0 && Pid::from_raw(pid).is_some_and(exists)
}

fn is_in_place(file: &File, path: &Path) -> bool {
    let id = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let own = file.metadata().map(id);
    let there = std::fs::metadata(path).map(id);
    own.is_ok_and(|own| there.is_ok_and(|there| own == there))
}

fn write(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pids/supervisor.pid");
        let pidfile = Pidfile::take(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim(), std::process::id().to_string());
        drop(pidfile);
        assert!(!path.exists());
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("supervisor.pid");
        let _pidfile = Pidfile::take(&path).unwrap();
        let refused = Pidfile::take(&path).unwrap_err();
        assert!(matches!(refused, PidfileError::Running { .. }), "{refused}");
    }

    #[test]
    fn a_process_that_lives_is_respected_without_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("supervisor.pid");
        std::fs::write(&path, "1\n").unwrap();
        let refused = Pidfile::take(&path).unwrap_err();
        let expected = format!(
            "the process with pid 1 in `{}` is running already",
            path.display()
        );
        assert_eq!(refused.to_string(), expected);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n");
    }

    #[test]
    fn what_is_stale_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("supervisor.pid");
        let own = std::process::id().to_string();
        for stale in [&i32::MAX.to_string(), &own, "", "not a number", "-1"] {
            std::fs::write(&path, stale).unwrap();
            let pidfile = Pidfile::take(&path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), own);
            drop(pidfile);
        }
    }
}
