//! The commands that look into the cache and clean it.

mod delete;
mod get;
mod stats;

use clap::{Args, Subcommand};
use settings::Settings;
use solid_cache::{Cache, Config, Totals};
use telemetry::Failure;

use super::print;

/// What can be done with the cache databases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell how many entries there are, and what room they take
    Stats(stats::Arguments),
    /// Show the entry under a key, expired or not
    Get(get::Arguments),
    /// Delete entries
    Delete(delete::Arguments),
    /// Delete all entries, those of other namespaces too
    Clear,
    /// Look for damage, which ends with exit code 1
    Check,
    /// Give the room of deleted entries back to the system
    Vacuum,
}

/// How keys are written.
#[derive(Args, Debug)]
struct Naming {
    /// Keys are as they are stored, with the namespace
    #[arg(long)]
    raw: bool,
}

/// Runs the command to its end.
///
/// # Errors
/// Why it could not be done, or what is wrong with the cache.
pub fn manage(command: Command) -> Result<(), Failure> {
    boot::command(async |settings| {
        let cache = open(&settings)?;
        match command {
            Command::Stats(arguments) => stats::run(&cache, &arguments).await,
            Command::Get(arguments) => get::run(&cache, &arguments).await,
            Command::Delete(arguments) => delete::run(&cache, &arguments).await,
            Command::Clear => clear(&cache).await,
            Command::Check => check(&cache).await,
            Command::Vacuum => vacuum(&cache).await,
        }
    })
}

/// Opens the files. It makes none: where there is no file, nothing is cached. What it says is what the files hold, not
/// what this process has in its memory.
fn open(settings: &Settings) -> Result<Cache, Failure> {
    let settings::Cache::SolidCacheStore(config) = &settings.cache else {
        return Err(out_of_reach());
    };
    let files = &settings.databases.caches;
    if let Some((_, file)) = files.iter().find(|(_, file)| !file.path.exists()) {
        let path = file.path.display();
        return Err(
            Failure::new(format!("there is no cache database at {path}"))
                .hint("start the suite once, or set APP_ENV and STORAGE_DIR to those of the suite"),
        );
    }
    let config = Config {
        first_level: None,
        ..config.clone()
    };
    boot::inspect_cache(files, config)
}

fn out_of_reach() -> Failure {
    Failure::new("cache.yml says `adapter: memory_store`: each process has a cache of its own, which no command reaches")
        .hint("set `adapter: solid_cache_store`, or APP_ENV=production; a restart empties such a cache")
}

impl Naming {
    fn of(&self, cache: &Cache) -> Cache {
        if self.raw {
            cache.without_namespace()
        } else {
            cache.clone()
        }
    }
}

async fn clear(cache: &Cache) -> Result<(), Failure> {
    let entries = entries(&cache.totals().await?);
    cache.clear().await;
    done(cache)?;
    print::line(format!("Cleared {}.", print::count(entries, "entry")));
    Ok(())
}

fn entries(totals: &[Totals]) -> usize {
    let entries: u64 = totals.iter().map(|totals| totals.entries).sum();
    usize::try_from(entries).unwrap_or(usize::MAX)
}

async fn check(cache: &Cache) -> Result<(), Failure> {
    let problems = cache.check().await?;
    if problems.is_empty() {
        print::line("The cache is sound.");
        return Ok(());
    }
    Err(Failure::new(problems.join("\n       "))
        .hint("a cache can be lost: `worker cache clear`, or stop the suite and delete its files"))
}

async fn vacuum(cache: &Cache) -> Result<(), Failure> {
    let before = file_bytes(&cache.totals().await?);
    cache.vacuum().await?;
    let after = file_bytes(&cache.totals().await?);
    print::line(format!(
        "Vacuumed: {} before, {} now.",
        print::size(before),
        print::size(after)
    ));
    Ok(())
}

fn file_bytes(totals: &[Totals]) -> u64 {
    totals.iter().map(|totals| totals.file_bytes).sum()
}

/// The cache hides failures from its callers. Whoever gives a command has to know.
fn done(cache: &Cache) -> Result<(), Failure> {
    if cache.stats().failures == 0 {
        return Ok(());
    }
    Err(
        Failure::new("the cache database could not be read or written").hint(
            "another process may have held its lock: try again; `worker cache check` looks for damage",
        ),
    )
}
