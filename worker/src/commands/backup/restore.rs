use std::path::PathBuf;

use clap::Args;
use settings::Settings;
use telemetry::Failure;

use super::{explain, print};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The folder of one backup
    backup: PathBuf,
    /// Move files that are there already aside, into `replaced-<time>` beside them
    #[arg(long)]
    force: bool,
}

pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<(), Failure> {
    let (stores, caches) = (boot::backup_stores(settings), boot::cache_names(settings));
    let restored =
        backup::restore(&arguments.backup, &stores, &caches, arguments.force).map_err(explain)?;
    let what = if restored.was_begun {
        "Finished the restore that was cut short"
    } else {
        "Restored"
    };
    print::line(format!(
        "{what}: {} from {}.",
        restored.stores.join(", "),
        restored.name
    ));
    for folder in &restored.replaced {
        print::line(format!("What was there before is in {}.", folder.display()));
    }
    Ok(())
}

pub(super) fn renew(settings: &Settings) -> Result<(), Failure> {
    let stores = boot::backup_stores(settings);
    let renewed = backup::renew(&stores).map_err(explain)?;
    if renewed.is_empty() {
        return Err(Failure::new("there are no files that have an epoch").hint(
            "put them in place first, or set APP_ENV and STORAGE_DIR to those of the suite",
        ));
    }
    print::line(format!(
        "The files are sound. New epochs: {}.",
        renewed.join(", ")
    ));
    Ok(())
}
