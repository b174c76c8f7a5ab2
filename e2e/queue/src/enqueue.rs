use std::time::Duration;

use clap::Args;
use db::DatabaseConfig;
use queue_faults::jobs::Short;
use solid_queue::{Enqueue as Options, EnqueueError, JobId, PerformLater as _, Queue};
use telemetry::Failure;
use tokio_util::sync::CancellationToken;

/// Every so many jobs one is delayed, so that dispatchers have something to do, too.
const DELAYED: u64 = 5;

#[derive(Args)]
pub(crate) struct Enqueue {
    /// The number of the first job
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// How many jobs; without it, until TERM
    #[arg(long)]
    count: Option<u64>,
    /// Milliseconds between two jobs
    #[arg(long, default_value_t = 2)]
    every: u64,
    /// How long each job takes, in milliseconds
    #[arg(long, default_value_t = 10)]
    takes: u64,
    /// How long every fifth job is delayed, in milliseconds
    #[arg(long, default_value_t = 50)]
    delay: u64,
}

impl Enqueue {
    pub(crate) async fn run(
        self,
        database: DatabaseConfig,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let queue = Queue::solid(super::open(&database)?);
        let numbers = self.start..self.count.map_or(u64::MAX, |count| self.start + count);
        let enqueue = async {
            for number in numbers {
                answer(number, self.enqueue(&queue, number).await);
                tokio::time::sleep(Duration::from_millis(self.every)).await;
            }
        };
        tokio::select! {
            () = enqueue => super::say("done"),
            () = stop.cancelled() => {}
        }
        Ok(())
    }

    async fn enqueue(&self, queue: &Queue, number: u64) -> Result<JobId, EnqueueError> {
        let milliseconds = self.takes;
        let job = Short {
            number,
            milliseconds,
        };
        let options = if number.is_multiple_of(DELAYED) {
            Options::new().wait(Duration::from_millis(self.delay))
        } else {
            Options::new()
        };
        job.set(options).perform_later(queue).await
    }
}

/// Only what was acknowledged is printed as enqueued: that is what must not be lost.
fn answer(number: u64, enqueued: Result<JobId, EnqueueError>) {
    match enqueued {
        Ok(id) => super::say(&format!("enqueued {number} {id}")),
        Err(error) => super::say(&format!("refused {number} {}", telemetry::chain(&error))),
    }
}
