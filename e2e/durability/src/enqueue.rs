//! A program that enqueues as the processes of the product do.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use db::{Database, DatabaseConfig, Synchronous};
use serde::{Deserialize, Serialize};
use solid_queue::{Enqueue, Job, JobResult, PerformLater as _, Queue};

use crate::say;

/// Far enough for nobody to run them.
const LATER: Duration = Duration::from_hours(48);

/// Jobs that the real worker performs as its own. Unlike those of the application, each is one of its own, however many
/// wait.
#[derive(Debug, Serialize, Deserialize)]
struct Kept;

impl Job for Kept {
    const NAME: &'static str = "BroadcastTodosJob";
    type Context = ();

    async fn perform(self, (): ()) -> JobResult {
        Ok(())
    }
}

pub(crate) async fn run(file: &Path, synchronous: &str) -> Result<()> {
    let config = DatabaseConfig {
        synchronous: match synchronous {
            "normal" => Synchronous::Normal,
            "full" => Synchronous::Full,
            other => bail!("expected `normal` or `full`, got `{other}`"),
        },
        ..DatabaseConfig::new(file)
    };
    let queue = Queue::solid(Database::open(&config, solid_queue::MIGRATIONS)?);
    loop {
        let job = Kept.set(Enqueue::new().wait(LATER));
        say(job.perform_later(&queue).await?.to_string());
    }
}

/// Enqueues a job that is due in so long, by the right time.
pub(crate) async fn one(database: &Database, queue: &'static str, wait: Duration) -> Result<()> {
    let job = Kept.set(Enqueue::new().wait(wait).queue(queue));
    job.perform_later(&Queue::solid(database.clone())).await?;
    Ok(())
}
