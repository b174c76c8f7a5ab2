use std::path::PathBuf;

use backup::Entry;
use clap::Args;
use telemetry::Failure;

use super::{explain, print};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The folder of backups
    folder: PathBuf,
    /// Read them all, and look for damage; without it only sizes are compared
    #[arg(long)]
    verify: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let entries = backup::list(&arguments.folder, arguments.verify).map_err(explain)?;
    if entries.is_empty() {
        print::line("No backups.");
        return Ok(());
    }
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| row(entry, arguments.verify))
        .collect();
    print::table(["Backup", "Made at", "Size", "Databases", "State"], &rows);
    let unsound = entries
        .iter()
        .find_map(|entry| entry.manifest.as_ref().err());
    match unsound {
        None => Ok(()),
        Some(_) => Err(Failure::new("not all backups are sound")
            .hint("`worker verify BACKUP` says what is wrong with one")),
    }
}

fn row(entry: &Entry, is_verified: bool) -> [String; 5] {
    let name = entry.name.clone();
    let Ok(manifest) = &entry.manifest else {
        return [name, "-".into(), "-".into(), "-".into(), "not sound".into()];
    };
    let state = if is_verified { "verified" } else { "complete" };
    let made_at = manifest.made_at.split('.').next().unwrap_or_default();
    [
        name,
        made_at.to_owned(),
        print::size(manifest.bytes()),
        manifest.files.len().to_string(),
        state.to_owned(),
    ]
}
