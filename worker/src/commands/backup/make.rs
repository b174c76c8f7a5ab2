use std::path::PathBuf;

use backup::{Made, Request};
use clap::Args;
use settings::Settings;
use telemetry::Failure;

use super::{explain, print};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The folder of backups; each gets a folder of its own, named by its time
    folder: PathBuf,
    /// Remove the oldest backups but for so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Leave the cache out: after a restore it is empty
    #[arg(long)]
    without_cache: bool,
}

pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<(), Failure> {
    let mut stores = boot::backup_stores(settings);
    if arguments.without_cache {
        let caches = boot::cache_names(settings);
        stores.retain(|store| !caches.contains(&store.name));
    }
    let request = Request {
        folder: &arguments.folder,
        stores: &stores,
        version: env!("CARGO_PKG_VERSION"),
        environment: &settings.app_env.to_string(),
        keep: arguments.keep.and_then(|keep| usize::try_from(keep).ok()),
    };
    tell(&backup::make(&request).map_err(explain)?);
    Ok(())
}

fn tell(made: &Made) {
    let (files, bytes) = (made.manifest.files.len(), made.manifest.bytes());
    print::line(format!(
        "Made {}: {}, {}. Writers waited {:.1} ms at most.",
        made.path.display(),
        print::count(files, "database"),
        print::size(bytes),
        made.held.as_secs_f64() * 1000.0,
    ));
    for name in &made.removed {
        print::line(format!("Removed {name}."));
    }
}
