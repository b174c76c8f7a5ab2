//! The worker process: performs the jobs of the queue database, and has the commands that manage
//! them and the cache, and that make and restore backups.
#![warn(missing_docs)]

mod commands;
mod health;
mod start;

use settings::{Queue, Settings};
use solid_queue::SupervisorError;
use telemetry::Failure;

pub use commands::{Backup, Cache, Manage, manage, manage_backups, manage_cache};
pub use health::health;
pub use start::{Start, start};

/// Whether the process could work: jobs are rows of a database.
///
/// # Errors
/// What stands against it.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    match &settings.queue {
        Queue::SolidQueue(config) => known_tasks(config),
        Queue::Async { .. } => Err(nothing_to_do()),
    }
}

/// Only the application knows which classes there are.
fn known_tasks(config: &solid_queue::Config) -> Result<(), Failure> {
    let problems = config.recurring_problems(&app::jobs());
    if problems.is_empty() {
        return Ok(());
    }
    Err(SupervisorError::RecurringTasks(problems).into())
}

/// Prints all variables and all keys of the config files, with their defaults, as Markdown.
#[allow(clippy::print_stdout, reason = "this is what the command prints")]
pub fn print_settings() {
    print!("{}", settings::reference::markdown());
}

fn nothing_to_do() -> Failure {
    Failure::new("queue.yml says `adapter: async`: the web process performs its jobs itself, and a worker has none")
        .hint("set `adapter: solid_queue`, or APP_ENV=production")
}
