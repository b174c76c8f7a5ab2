use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use db::DatabaseConfig;
use queue_faults::Journal;
use queue_faults::jobs::{self, Gone};
use solid_queue::{Config, Supervisor, WorkerConfig};
use telemetry::Failure;

use crate::stop::Stop;

#[derive(Args)]
pub(crate) struct Work {
    /// Where jobs note that they start and end
    #[arg(long)]
    journal: PathBuf,
    /// Jobs that run at once
    #[arg(long, default_value_t = 3)]
    threads: u32,
    /// How long a stop waits for running jobs, in milliseconds; 0 waits as long as they take
    #[arg(long, default_value_t = 5_000)]
    shutdown_timeout: u64,
    /// Milliseconds between heartbeats
    #[arg(long, default_value_t = 60_000)]
    heartbeat: u64,
    /// Delete the rows of finished jobs
    #[arg(long)]
    delete_finished: bool,
    /// Know the job `Gone`, too
    #[arg(long)]
    gone: bool,
}

impl Work {
    /// One for each job, which may block it, and one that is left.
    pub(crate) fn threads(&self) -> usize {
        usize::try_from(self.threads).map_or(2, |jobs| jobs + 1)
    }

    pub(crate) async fn run(self, database: DatabaseConfig, stop: Stop) -> Result<(), Failure> {
        let registry = if self.gone {
            jobs::registry().register::<Gone>()
        } else {
            jobs::registry()
        };
        let journal = Journal::open(&self.journal)?;
        let database = super::open(&database)?;
        Supervisor::new(database, self.config(), registry, journal)
            .quit_on(stop.at_once)
            .run(stop.gracefully)
            .await?;
        Ok(())
    }

    fn config(&self) -> Config {
        Config {
            workers: vec![WorkerConfig {
                threads: self.threads,
                ..WorkerConfig::default()
            }],
            shutdown_timeout: Duration::from_millis(self.shutdown_timeout),
            process_heartbeat_interval: Duration::from_millis(self.heartbeat),
            preserve_finished_jobs: !self.delete_finished,
            ..Config::default()
        }
    }
}
