//! Benchmarks that drive the real processes. Each prints one JSON object: what was measured, beside a baseline of the
//! same run, and the machine.

mod idle;
mod latency;
mod machine;
mod proc;
mod summary;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures the suite.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// From `POST /todos` to the message on the WebSocket, by polling alone and with the watch on the files
    Latency {
        /// Changes to measure, for each way.
        #[arg(long, default_value_t = 100)]
        changes: usize,
    },
    /// Memory and processor time of each process while nothing happens
    Idle {
        /// Seconds to watch.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "the result goes to standard output")]
async fn main() -> Result<()> {
    let result = match Cli::parse().benchmark {
        Benchmark::Latency { changes } => latency::measure(changes).await?,
        Benchmark::Idle { seconds } => idle::measure(seconds).await?,
    };
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
