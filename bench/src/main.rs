//! Benchmarks that drive the real processes, the queue alone, the cache alone, the cable alone, the pages alone, and the front
//! proxy. Each prints one JSON object: what was measured, beside a baseline of the same run, and the machine.

mod cable;
mod cache;
mod figures;
mod folder;
mod idle;
mod latency;
mod machine;
mod proc;
mod queue;
mod rounds;
mod scale;
mod sizing;
mod summary;
mod thrust;
mod web;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::cable::{channels, plain};
use crate::queue::worker;
use crate::scale::Scale;
use crate::thrust::backend;
use crate::web::plain as plain_web;

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
    /// What a change costs in all processes and files, through the front proxy
    Sizing(Scale),
    /// Jobs enqueued a second, by one caller, by many, and in bulk, beside SQLite without us
    QueueEnqueue(Scale),
    /// Jobs performed a second, by one worker process and by four, beside SQLite without us
    QueueWork(Scale),
    /// From enqueueing in one process to the start in another, by polling alone and with the watch on the files
    QueueLatency(Scale),
    /// Memory, processor time and writes of a worker process while nothing happens
    QueueIdle(Scale),
    /// Whether a long queue is as fast as a short one
    QueueDepth(Scale),
    /// Reads a second of entries that are there, beside SQLite without us, Redis, and a cache in memory
    CacheRead(Scale),
    /// Entries written a second, by one caller and by many, beside SQLite without us and Redis
    CacheWrite(Scale),
    /// How long many tasks wait that fetch one hot key, with and without a first level
    CacheFetch(Scale),
    /// Whether a full cache is as fast as an empty one, and no larger than it may be
    CacheCap(Scale),
    /// How often a full cache has what is asked for, by each policy
    CacheEviction(Scale),
    /// From the broadcast in one process to the last of many clients, beside a plain fan-out in memory
    CableFanout(Scale),
    /// Memory and processor time of connections, and a message to all of them
    CableConnections(Scale),
    /// Messages broadcast a second by one process, by one caller and by many, beside SQLite without us
    CableBroadcasts(Scale),
    /// Whether a message costs the same among many idle streams as among few
    CableStreams(Scale),
    /// How long clients that come again at once wait for what they missed
    CableResume(Scale),
    /// Pages a second of a list of 100 todos, beside a plain handler that sends the same bytes
    WebTodos(Scale),
    /// Small answers of the application a second through the front proxy, beside nginx and Caddy
    ThrustDynamic(Scale),
    /// Answers a second with a compressed script, beside nginx and Caddy
    ThrustAsset(Scale),
    /// How much later a message on a WebSocket comes through the front proxy, beside nginx and Caddy
    ThrustWebsocket(Scale),
    /// Memory of 10,000 WebSockets through the front proxy, beside nginx and Caddy
    ThrustConnections(Scale),
    /// Memory and processor time of the front proxy while nobody comes, beside nginx and Caddy
    ThrustIdle(Scale),
    #[command(hide = true)]
    CablePlain(plain::Options),
    #[command(hide = true)]
    CableChannels(channels::Options),
    #[command(hide = true)]
    QueueWorker(worker::Options),
    #[command(hide = true)]
    WebPlain(plain_web::Options),
    #[command(hide = true)]
    ThrustBackend,
}

#[tokio::main(worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "the result goes to standard output")]
async fn main() -> Result<()> {
    let result = match Cli::parse().benchmark {
        Benchmark::Latency { changes } => latency::measure(changes).await?,
        Benchmark::Idle { seconds } => idle::measure(seconds).await?,
        Benchmark::Sizing(scale) => sizing::measure(scale).await?,
        Benchmark::QueueEnqueue(scale) => queue::enqueue::measure(scale).await?,
        Benchmark::QueueWork(scale) => queue::work::measure(scale).await?,
        Benchmark::QueueLatency(scale) => queue::latency::measure(scale).await?,
        Benchmark::QueueIdle(scale) => queue::idle::measure(scale).await?,
        Benchmark::QueueDepth(scale) => queue::depth::measure(scale).await?,
        Benchmark::CacheRead(scale) => cache::read::measure(scale).await?,
        Benchmark::CacheWrite(scale) => cache::write::measure(scale).await?,
        Benchmark::CacheFetch(scale) => cache::fetch::measure(scale).await?,
        Benchmark::CacheCap(scale) => cache::cap::measure(scale).await?,
        Benchmark::CacheEviction(scale) => cache::eviction::measure(scale).await?,
        Benchmark::CableFanout(scale) => cable::fanout::measure(scale).await?,
        Benchmark::CableConnections(scale) => cable::connections::measure(scale).await?,
        Benchmark::CableBroadcasts(scale) => cable::broadcasts::measure(scale).await?,
        Benchmark::CableStreams(scale) => cable::streams::measure(scale).await?,
        Benchmark::CableResume(scale) => cable::resume::measure(scale).await?,
        Benchmark::WebTodos(scale) => web::todos::measure(scale).await?,
        Benchmark::ThrustDynamic(scale) => thrust::dynamic::measure(scale).await?,
        Benchmark::ThrustAsset(scale) => thrust::asset::measure(scale).await?,
        Benchmark::ThrustWebsocket(scale) => thrust::websocket::measure(scale).await?,
        Benchmark::ThrustConnections(scale) => thrust::connections::measure(scale).await?,
        Benchmark::ThrustIdle(scale) => thrust::idle::measure(scale).await?,
        Benchmark::CablePlain(options) => return plain::run(options).await,
        Benchmark::CableChannels(options) => return channels::run(options).await,
        Benchmark::QueueWorker(options) => return worker::run(options).await,
        Benchmark::WebPlain(options) => return plain_web::run(options).await,
        Benchmark::ThrustBackend => return backend::run().await,
    };
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
