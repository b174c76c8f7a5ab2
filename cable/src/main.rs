//! The cable process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Serves the WebSockets of the cable database.
#[derive(Parser)]
#[command(
    name = "cable",
    version,
    after_help = "Settings: config/*.yml and environment variables, see docs/settings.md."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until TERM or INT (default)
    Start,
    /// Say whether the configuration is valid
    Check,
    /// Ask the running process whether it is ready
    Health,
}

fn main() -> ExitCode {
    telemetry::exit(match Cli::parse().command {
        None | Some(Command::Start) => boot::start(cable::start),
        Some(Command::Check) => boot::check(cable::check),
        Some(Command::Health) => cable::health(),
    })
}
