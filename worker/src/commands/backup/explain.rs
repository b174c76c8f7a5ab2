use backup::Error;
use db::{BackupError, DbError};
use telemetry::Failure;

/// Adds what to do about it.
pub(super) fn explain(error: Error) -> Failure {
    let hint = hint(&error);
    let failure = Failure::from(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Missing { .. } => {
            "start the suite once, or set APP_ENV and STORAGE_DIR to those of the suite"
        }
        Error::Busy(_) => "wait for its end, or name another folder",
        Error::Damaged { .. } => {
            "restore the last sound backup; a cache can be lost: `--without-cache`, and `worker cache check`"
        }
        Error::NoBackup { .. } => {
            "name the folder of one backup: `worker backups FOLDER` lists them"
        }
        Error::Unsound { .. } => {
            "take another one: `worker backups FOLDER --verify` tells which are sound"
        }
        Error::Unknown(_) => {
            "name it in database.yml and cache.yml as the suite did that made the backup"
        }
        Error::Incomplete(_) => "set the adapters to those of the suite that made the backup",
        Error::Occupied(_) => {
            "`--force` moves them aside into `replaced-<time>` beside them; nothing is deleted"
        }
        Error::InUse(_) => "stop web, worker and cable, and whatever else has the files open",
        Error::Newer { .. } => "run the version that migrated it, or take an older backup",
        Error::Database(error) => return database(error),
        Error::Io { .. } => "check that this user may write there, and that the disk has room",
        _ => return None,
    })
}

fn database(error: &BackupError) -> Option<&'static str> {
    match error {
        BackupError::InUse(DbError::HalfRestored { .. }) => {
            Some("run `worker restore` again, with the same backup: it puts the rest in place")
        }
        BackupError::InUse(_) => Some("wait for the end of the restore that is at work"),
        BackupError::Locked { .. } => Some("a long write is at work there: try again"),
        error if error.is_read_only() => Some(
            "even a backup writes beside the files, where their readers are listed: run it as the user of the suite, with \
             STORAGE_DIR writable",
        ),
        _ => None,
    }
}
