//! A process that performs probes: started by the benchmarks, it is this program with a hidden command.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use db::{Database, DatabaseConfig};
use solid_queue::{Config, Registry, Supervisor, WorkerConfig};
use telemetry::StopSignals;
use test_support::{Process, wait_until};
use tokio_util::sync::CancellationToken;

use super::bare::Bare;
use super::file::QueueFile;
use super::probe::{self, Performance, Probe, Recorder};

/// What the worker process is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The queue.
    #[arg(long)]
    file: PathBuf,
    /// Where to write what was performed, at the end.
    #[arg(long)]
    record: PathBuf,
    #[command(flatten)]
    setup: Setup,
}

/// How the worker process works.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Setup {
    #[arg(long)]
    pub(crate) threads: u32,
    /// Whether finished jobs are kept.
    #[arg(long, action = clap::ArgAction::Set)]
    pub(crate) preserve: bool,
    /// Whether commits are noticed from the files.
    #[arg(long, action = clap::ArgAction::Set)]
    pub(crate) watch: bool,
    /// Stop after so many jobs, or only when told by TERM.
    #[arg(long)]
    pub(crate) stop_after: Option<usize>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            threads: WorkerConfig::default().threads,
            preserve: true,
            watch: true,
            stop_after: None,
        }
    }
}

impl Setup {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--threads={}", self.threads),
            format!("--preserve={}", self.preserve),
            format!("--watch={}", self.watch),
        ];
        arguments.extend(self.stop_after.map(|jobs| format!("--stop-after={jobs}")));
        arguments
    }

    fn config(&self) -> Config {
        Config {
            workers: vec![WorkerConfig {
                threads: self.threads,
                ..WorkerConfig::default()
            }],
            preserve_finished_jobs: self.preserve,
            ..Config::default()
        }
    }
}

/// Performs jobs until TERM, or until there were enough, and writes down when each ran.
pub(crate) async fn run(options: Options) -> Result<()> {
    let stop = CancellationToken::new();
    tokio::spawn(cancel_on_signal(StopSignals::listen()?, stop.clone()));
    let Options {
        file,
        record,
        setup,
    } = options;
    let database = DatabaseConfig {
        watch: setup.watch,
        ..DatabaseConfig::new(file)
    };
    let database = Database::open(&database, solid_queue::MIGRATIONS)?;
    let recorder = Recorder::new(setup.stop_after.unwrap_or(usize::MAX), stop.clone());
    let registry = Registry::new().register::<Probe>();
    Supervisor::new(database, setup.config(), registry, recorder.clone())
        .run(stop)
        .await?;
    recorder.save(&record)
}

async fn cancel_on_signal(mut signals: StopSignals, stop: CancellationToken) {
    signals.next().await;
    stop.cancel();
}

/// Waits until so many workers look for jobs, and so can be told to stop.
pub(crate) async fn all_started(bare: &Bare, workers: u32) {
    wait_until("the workers to register", || async {
        bare.workers().is_ok_and(|started| started == workers)
    })
    .await;
}

/// A running worker process.
pub(crate) struct Worker {
    process: Process,
    record: PathBuf,
}

impl Worker {
    pub(crate) fn start(file: &QueueFile, setup: &Setup) -> Result<Self> {
        let record = file.beside("performances");
        let text = |path: &PathBuf| path.to_str().map(str::to_owned).context("not UTF-8");
        let mut arguments = vec![
            "queue-worker".to_owned(),
            format!("--file={}", text(&file.path())?),
            format!("--record={}", text(&record)?),
        ];
        arguments.extend(setup.arguments());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let process = Process::start("bench", &arguments, &Vec::new())?;
        Ok(Self { process, record })
    }

    /// Starts it, and waits until it looks for jobs.
    pub(crate) async fn started(file: &QueueFile, setup: &Setup) -> Result<Self> {
        let worker = Self::start(file, setup)?;
        all_started(&file.bare()?, 1).await;
        Ok(worker)
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.process.id()
    }

    /// Tells it to stop. Returns what it performed.
    pub(crate) async fn stop(mut self) -> Result<Vec<Performance>> {
        let status = self.process.stop().await?;
        self.performances(status.success())
    }

    /// Waits until it stops by itself. Returns what it performed.
    pub(crate) async fn ended(mut self) -> Result<Vec<Performance>> {
        let status = self.process.ended().await?;
        self.performances(status.success())
    }

    fn performances(&self, success: bool) -> Result<Vec<Performance>> {
        ensure!(success, "the worker failed: {}", self.process.output());
        probe::load(&self.record)
    }
}
