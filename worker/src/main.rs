//! The worker process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Performs the jobs of the queue database.
#[derive(Parser)]
#[command(
    name = "worker",
    version,
    after_help = "Settings: config/*.yml and environment variables, see README.md."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Perform jobs until TERM or INT (default)
    Start,
    /// Say whether the configuration is valid
    Check,
}

fn main() -> ExitCode {
    telemetry::exit(match Cli::parse().command {
        None | Some(Command::Start) => boot::start(worker::start),
        Some(Command::Check) => boot::check(worker::check),
    })
}
