//! Expired messages go away in batches, so that nobody waits long for the write lock.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use db::{Database, DbError, SqliteConnection, Timestamp};
use tokio::time::sleep;

use crate::adapter::Shared;
use crate::{Config, lows, message};

/// How long the task in the background waits before its first look, and the longest pause between two.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long a transaction of that task goes on with another batch: many together cost less, as they share pages.
const HOLD: Duration = Duration::from_millis(4);

/// Of the trims beside broadcasts, one in so many also looks after the marks.
const FOLDS: u32 = 100;

/// Who trims in this process.
#[derive(Debug, Default)]
pub(crate) struct Trim {
    /// A task in the background does it.
    in_background: AtomicBool,
    /// A broadcast has begun a trim that is not done.
    running: AtomicBool,
}

/// Looks for expired messages from time to time and deletes them, as long as it is polled.
pub(crate) async fn keep_trimming(shared: Arc<Shared>) -> Infallible {
    if !shared.config.autotrim {
        return std::future::pending().await;
    }
    let _background = Flag::raise(&shared.trim.in_background);
    sleep(jittered(FIRST)).await;
    loop {
        tell(trim_all(&shared.database, &shared.config).await);
        sleep(jittered(pause(&shared.config))).await;
    }
}

/// Starts a trim after two of `trim_batch_size` broadcasts, as the gem does, in a process that has no task for it. The
/// caller does not wait.
pub(crate) fn now_and_then(shared: &Arc<Shared>) {
    let (trim, config) = (&shared.trim, &shared.config);
    let is_due = config.autotrim
        && !trim.in_background.load(Ordering::Relaxed)
        && rand::random_ratio(2, config.trim_batch_size.max(2));
    if !is_due || trim.running.swap(true, Ordering::AcqRel) {
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _running = Flag::raise(&shared.trim.running);
        tell(trim_some(&shared.database, &shared.config).await);
    });
}

/// Deletes all that has expired. The lock is left to others at least half of the time.
async fn trim_all(database: &Database, config: &Config) -> Result<usize, DbError> {
    let mut deleted = 0;
    while has_expired(database, config).await? {
        let start = Instant::now();
        deleted += trim_batches(database, config, HOLD).await?;
        sleep(start.elapsed()).await;
    }
    if deleted > 0 {
        lows::fold(database).await?;
    }
    Ok(deleted)
}

async fn trim_some(database: &Database, config: &Config) -> Result<usize, DbError> {
    if !has_expired(database, config).await? {
        return Ok(0);
    }
    let deleted = trim_batches(database, config, Duration::ZERO).await?;
    if rand::random_ratio(1, FOLDS) {
        lows::fold(database).await?;
    }
    Ok(deleted)
}

/// Looks without the write lock.
async fn has_expired(database: &Database, config: &Config) -> Result<bool, DbError> {
    let moment = Timestamp::now().before(config.message_retention);
    database
        .read(move |connection| message::any_before(connection, moment))
        .await
}

/// Deletes a batch, and more of them as long as the time for it is not over.
async fn trim_batches(
    database: &Database,
    config: &Config,
    hold: Duration,
) -> Result<usize, DbError> {
    let moment = Timestamp::now().before(config.message_retention);
    let batch = config.trim_batch_size.max(1);
    let trim = move |connection: &mut SqliteConnection| {
        let start = Instant::now();
        let mut deleted = 0;
        loop {
            let rows = message::delete_before(connection, moment, batch)?;
            deleted += rows;
            if rows == 0 || start.elapsed() >= hold {
                return Ok(deleted);
            }
        }
    };
    database.write(trim).await
}

/// A twentieth of the retention: the table is never much larger than it has to be.
fn pause(config: &Config) -> Duration {
    let pause = config.message_retention / 20;
    pause.clamp(config.polling_interval.min(LONGEST_PAUSE), LONGEST_PAUSE)
}

/// Processes that were started together do not trim together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..1.5))
}

fn tell(outcome: Result<usize, DbError>) {
    match outcome {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(cable.trimmed = rows, "trimmed the messages"),
        Err(error) => tracing::warn!(error = %error, "could not trim the messages"),
    }
}

/// Is up until it is dropped.
struct Flag<'a>(&'a AtomicBool);

impl<'a> Flag<'a> {
    fn raise(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Release);
        Self(flag)
    }
}

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
