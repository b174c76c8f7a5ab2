//! The commands that make backups, look at them, and put them in place.

mod explain;
mod list;
mod make;
mod restore;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;
use telemetry::Failure;

use super::print;
use explain::explain;

/// What can be done with backups of all database files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Copy all database files as of one moment, while everything runs
    Backup(make::Arguments),
    /// List the backups of a folder
    Backups(list::Arguments),
    /// Look for damage in a backup, which ends with exit code 1
    Verify {
        /// The folder of one backup
        backup: PathBuf,
    },
    /// Put the files of a backup in place, while nothing runs
    Restore(restore::Arguments),
    /// Give files that were put in place by other means new epochs, while nothing runs
    Renew,
}

/// Runs the command to its end.
///
/// # Errors
/// Why it could not be done, or what is wrong with the backup.
pub fn manage(command: Command) -> Result<(), Failure> {
    match command {
        Command::Backup(arguments) => {
            boot::command(async |settings| make::run(&settings, &arguments))
        }
        Command::Restore(arguments) => {
            boot::command(async |settings| restore::run(&settings, &arguments))
        }
        Command::Renew => boot::command(async |settings| restore::renew(&settings)),
        // Where backups are kept, there may be no suite and no settings.
        Command::Backups(arguments) => list::run(&arguments),
        Command::Verify { backup } => verify::run(&backup),
    }
}
