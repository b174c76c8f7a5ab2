//! The worker process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use worker::{Backup, Cache, Manage, Start};

/// Performs the jobs of the queue database, and manages them, the cache and backups.
#[derive(Parser)]
#[command(
    name = "worker",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Settings: config/*.yml and environment variables, see docs/settings.md."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: Start,
}

#[derive(Subcommand)]
enum Command {
    /// Perform jobs until TERM, INT or QUIT (default)
    Start(Start),
    /// Say whether the configuration is valid
    Check,
    /// Print all variables and all keys of the config files, with their defaults
    Settings,
    /// Ask the running process whether it is ready
    Health,
    #[command(flatten)]
    Manage(Manage),
    /// Look into the cache, and clean it
    #[command(subcommand)]
    Cache(Cache),
    #[command(flatten)]
    Backup(Backup),
}

fn main() -> ExitCode {
    let Cli { command, start } = Cli::parse();
    telemetry::exit(match command {
        None => worker::start(&start),
        Some(Command::Start(start)) => worker::start(&start),
        Some(Command::Check) => boot::check(worker::check),
        Some(Command::Settings) => {
            worker::print_settings();
            Ok(())
        }
        Some(Command::Health) => worker::health(),
        Some(Command::Manage(command)) => worker::manage(command),
        Some(Command::Cache(command)) => worker::manage_cache(command),
        Some(Command::Backup(command)) => worker::manage_backups(command),
    })
}
