//! The web process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Serves the todo application over HTTP.
#[derive(Parser)]
#[command(
    name = "web",
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
        None | Some(Command::Start) => boot::start(web::start),
        Some(Command::Check) => boot::check(web::check),
        Some(Command::Health) => web::health(),
    })
}
