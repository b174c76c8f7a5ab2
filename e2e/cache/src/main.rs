//! One process of the tests.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cache_faults::{KEYS, Progress, Settings, key, value};
use clap::{Args, Parser, Subcommand};
use solid_cache::Cache;
use telemetry::{Failure, StopSignals};

/// How often to print what was done, at most.
const REPORT: Duration = Duration::from_millis(20);
/// How often a computation that waits looks at its gate.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Parser)]
struct Cli {
    /// The cache database
    #[arg(long)]
    file: PathBuf,
    /// How long a write waits for the lock, in milliseconds
    #[arg(long, default_value_t = 100)]
    timeout: u64,
    /// Keep entries in memory, too
    #[arg(long)]
    first_level: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add 1 to a counter so many times, and say how often that succeeded
    Increment { key: String, times: u64 },
    /// Write and read entries until TERM; say `ready` once some are evicted
    Fill(Fill),
    /// Read entries until TERM
    ReadLoop,
    /// Fetch an entry, and say whether it was computed here
    Fetch { key: String, gate: PathBuf },
}

#[derive(Args)]
struct Fill {
    /// Milliseconds between two entries
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// What this process calls itself
    #[arg(long, default_value = "a")]
    name: String,
    /// Say `heard` once something of the process with this name was read
    #[arg(long)]
    hear: Option<String>,
}

fn main() -> ExitCode {
    telemetry::exit(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Failure> {
    let _logging = telemetry::init(&telemetry::Config::default())?;
    let settings = Settings {
        file: cli.file,
        timeout: Duration::from_millis(cli.timeout),
        first_level: cli.first_level,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = StopSignals::listen()?;
        let cache = settings.open()?;
        tokio::select! {
            _ = signals.next() => {}
            () = perform(cli.command, &cache) => {}
        }
        Ok(())
    })
}

async fn perform(command: Command, cache: &Cache) {
    match command {
        Command::Increment { key, times } => increment(cache, &key, times).await,
        Command::Fill(fill) => fill.run(cache).await,
        Command::ReadLoop => read_loop(cache).await,
        Command::Fetch { key, gate } => fetch(cache, &key, gate).await,
    }
}

async fn increment(cache: &Cache, key: &str, times: u64) {
    let mut succeeded = 0;
    for _ in 0..times {
        succeeded += u64::from(cache.increment(key, 1).await.is_some());
    }
    say(&format!("incremented {succeeded}"));
}

impl Fill {
    async fn run(self, cache: &Cache) {
        let mut reporter = Reporter::default();
        let (mut is_ready, mut has_heard) = (false, self.hear.is_none());
        let start = u64::from(std::process::id());
        for round in start.. {
            let number = round % KEYS;
            let written = cache.write_text(key(number), value(number)).await;
            reporter.progress.write(written);
            reporter.read(cache, older(round)).await;
            if !is_ready && cache.stats().evictions > 0 {
                is_ready = true;
                say("ready");
            }
            let own = format!("beat/{}", self.name);
            cache.write_text(own, round.to_string()).await;
            if let Some(other) = self.hear.as_ref().filter(|_| !has_heard)
                && cache.read_text(format!("beat/{other}")).await.is_some()
            {
                has_heard = true;
                say("heard");
            }
            reporter.report();
            pause(Duration::from_millis(self.pause)).await;
        }
    }
}

/// Lets a signal through in any case: a write may be done without waiting.
async fn pause(duration: Duration) {
    if duration.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(duration).await;
    }
}

/// An entry that was perhaps written some time ago.
fn older(round: u64) -> u64 {
    round.saturating_sub(round * 31 % 500) % KEYS
}

async fn read_loop(cache: &Cache) {
    let mut reporter = Reporter::default();
    for round in 0.. {
        // In an order of its own, through all of them.
        reporter.read(cache, round * 7 % KEYS).await;
        reporter.report();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn fetch(cache: &Cache, key: &str, gate: PathBuf) {
    say("fetching");
    let compute = || async {
        say("computing");
        while !gate.exists() {
            tokio::time::sleep(LOOK).await;
        }
        Ok::<_, Infallible>(std::process::id())
    };
    let Ok(value) = cache.fetch(key, compute).await;
    say(&format!("value {value}"));
}

/// Prints what was done from time to time.
struct Reporter {
    progress: Progress,
    reported: Instant,
}

impl Default for Reporter {
    fn default() -> Self {
        Self {
            progress: Progress::default(),
            reported: Instant::now(),
        }
    }
}

impl Reporter {
    async fn read(&mut self, cache: &Cache, number: u64) {
        let found = cache.read_text(key(number)).await;
        self.progress.read(found.as_deref(), &value(number));
    }

    fn report(&mut self) {
        if self.reported.elapsed() >= REPORT {
            self.reported = Instant::now();
            say(&self.progress.to_string());
        }
    }
}

/// Tells the test something. Each line is one write.
#[allow(clippy::print_stdout, reason = "this is how the program answers")]
fn say(line: &str) {
    println!("{line}");
}
