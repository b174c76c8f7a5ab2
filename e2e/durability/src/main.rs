//! What survives, measured with the real processes: a power cut, kills, a full disk, a clock that is set.
//!
//! `bin/test durability` runs all of it. Each scene prints its figures, and fails when something is lost that must not be.
//! What the machine cannot do is skipped, with the reason.

mod clock;
mod disk;
mod enqueue;
mod kills;
mod load;
mod machine;
mod power;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use telemetry::Failure;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Cut the power of a disk under load, by what a commit waits for
    Power,
    /// Kill processes under load
    Kills,
    /// Fill the disk, and make room again
    Disk,
    /// Set the clock while the processes run
    Clock,
    /// Enqueue jobs, and print which were acknowledged, until killed
    #[command(hide = true)]
    Enqueue { file: PathBuf, synchronous: String },
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(command)));
    telemetry::exit(outcome.map_err(|error| Failure::new(format!("{error:#}"))))
}

async fn run(command: Option<Command>) -> Result<()> {
    match command {
        None => {
            power::run().await?;
            kills::run().await?;
            disk::run().await?;
            clock::run().await
        }
        Some(Command::Power) => power::run().await,
        Some(Command::Kills) => kills::run().await,
        Some(Command::Disk) => disk::run().await,
        Some(Command::Clock) => clock::run().await,
        Some(Command::Enqueue { file, synchronous }) => enqueue::run(&file, &synchronous).await,
    }
}

/// Prints a line.
#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}
