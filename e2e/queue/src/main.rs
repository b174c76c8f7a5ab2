//! One process of the tests.

mod enqueue;
mod lock;
mod stop;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use db::{Database, DatabaseConfig};
use telemetry::Failure;

use stop::Stop;

#[derive(Parser)]
struct Cli {
    /// The queue database
    #[arg(long, global = true, default_value = "queue.sqlite3")]
    file: PathBuf,
    /// How long a write waits for the lock, in milliseconds
    #[arg(long, global = true, default_value_t = 5_000)]
    timeout: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Perform jobs until TERM or QUIT
    Work(work::Work),
    /// Enqueue jobs until TERM, or so many
    Enqueue(enqueue::Enqueue),
    /// Hold the write lock until TERM
    Lock,
}

fn main() -> ExitCode {
    telemetry::exit(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Failure> {
    let _logging = telemetry::init(&telemetry::Config::default())?;
    let config = DatabaseConfig {
        timeout: Duration::from_millis(cli.timeout),
        ..DatabaseConfig::new(cli.file)
    };
    let stop = Stop::default();
    stop.on_signals()?;
    match cli.command {
        Command::Work(work) => until_end(work.threads(), &stop, work.run(config, stop.clone())),
        Command::Enqueue(enqueue) => {
            until_end(2, &stop, enqueue.run(config, stop.gracefully.clone()))
        }
        Command::Lock => until_end(2, &stop, lock::hold(config, stop.gracefully.clone())),
    }
}

/// Runs the work as the processes of the product run theirs. What still blocks a thread does not keep it from ending.
fn until_end(
    threads: usize,
    stop: &Stop,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work);
    if stop.at_once.is_cancelled() {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(Duration::from_secs(1));
    }
    outcome
}

fn open(config: &DatabaseConfig) -> Result<Database, Failure> {
    Ok(Database::open(config, solid_queue::MIGRATIONS)?)
}

/// Tells the test something. Each line is one write.
#[allow(clippy::print_stdout, reason = "this is how the program answers")]
fn say(line: &str) {
    println!("{line}");
}
