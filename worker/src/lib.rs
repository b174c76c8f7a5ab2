//! The worker process: performs the jobs of the queue database.
#![warn(missing_docs)]

use boot::{Jobs, Stores};
use settings::{Queue, Settings};
use solid_queue::Supervisor;
use telemetry::Failure;
use tokio_util::sync::CancellationToken;

/// Performs jobs until `shutdown`, then finishes or releases those that run.
///
/// # Errors
/// Why the process cannot work.
pub async fn start(settings: Settings, shutdown: CancellationToken) -> Result<(), Failure> {
    let Stores { app, jobs, .. } = Stores::open(&settings)?;
    let Jobs::SolidQueue(database, config) = jobs else {
        return Err(nothing_to_do());
    };
    Supervisor::new(database, config, app::jobs(), app)
        .run(shutdown)
        .await?;
    Ok(())
}

/// Whether the process could work: jobs are rows of a database.
///
/// # Errors
/// What stands against it.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    match settings.queue {
        Queue::SolidQueue(_) => Ok(()),
        Queue::Async { .. } => Err(nothing_to_do()),
    }
}

fn nothing_to_do() -> Failure {
    Failure::new("queue.yml says `adapter: async`: the web process performs its jobs itself, and a worker has none")
        .hint("set `adapter: solid_queue`, or APP_ENV=production")
}
