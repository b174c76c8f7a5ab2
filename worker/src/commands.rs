//! The commands that look after jobs and the cache, beside whatever processes run.

mod backup;
mod cache;
mod clear;
mod enqueue;
mod jobs;
mod moves;
mod office;
mod print;
mod queues;
mod recurring;
mod status;

use clap::Subcommand;
use telemetry::Failure;

pub use backup::{Command as Backup, manage as manage_backups};
pub use cache::{Command as Cache, manage as manage_cache};
pub(crate) use office::Office;

/// What can be done with the queue database.
#[derive(Debug, Subcommand)]
pub enum Manage {
    /// Tell about queues, jobs, processes and recurring tasks
    Status(status::Arguments),
    /// Let nobody claim the jobs of queues
    Pause(queues::Arguments),
    /// Let the jobs of paused queues be claimed again
    Resume(queues::Arguments),
    /// Enqueue a job
    Enqueue(enqueue::Arguments),
    /// List jobs, or show one
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// Give failed jobs another go
    Retry(moves::Arguments),
    /// Delete jobs that neither run nor are finished
    Discard(moves::Arguments),
    /// Delete jobs that wait, and stop jobs that run
    Cancel(moves::Ids),
    /// Run scheduled and blocked jobs now
    RunNow(moves::Ids),
    /// Delete finished jobs
    Clear(clear::Arguments),
    /// List, pause, resume or run recurring tasks
    #[command(subcommand)]
    Recurring(recurring::Command),
}

/// Runs the command to its end.
///
/// # Errors
/// Why it could not be done, or not for all.
pub fn manage(command: Manage) -> Result<(), Failure> {
    boot::command(async |settings| {
        let office = Office::open(&settings)?;
        match command {
            Manage::Status(arguments) => status::run(&office, &arguments).await,
            Manage::Pause(arguments) => queues::pause(&office, &arguments).await,
            Manage::Resume(arguments) => queues::resume(&office, &arguments).await,
            Manage::Enqueue(arguments) => enqueue::run(&office, arguments).await,
            Manage::Jobs(command) => jobs::run(&office, command).await,
            Manage::Retry(arguments) => moves::retry(&office, &arguments).await,
            Manage::Discard(arguments) => moves::discard(&office, &arguments).await,
            Manage::Cancel(ids) => moves::cancel(&office, &ids).await,
            Manage::RunNow(ids) => moves::run_now(&office, &ids).await,
            Manage::Clear(arguments) => clear::run(&office, &arguments).await,
            Manage::Recurring(command) => recurring::run(&office, command).await,
        }
    })
}
