use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection as _, QueryResult, RunQueryDsl as _};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Clock;
use crate::events::metrics::{DEPTH, OLDEST_READY};

/// Jobs that are counted of each state, at most: the oldest ones.
const MOST_JOBS: i64 = 50_000;
/// Queues that are told of by their names, at most. The others count together as `(others)`.
const MOST_QUEUES: usize = 50;
const OTHERS: &str = "(others)";
/// A look is good for so long at least,
const FRESH: Duration = Duration::from_secs(1);
/// and for so many times as long as it took: then it never takes more than a few hundredths of one processor.
const REST: u32 = 30;

/// How many jobs wait, run and have failed in each queue, for the page of metrics of a process: gauges that are set when
/// somebody asks. Cheap to clone; all clones share one look.
///
/// What it costs is bounded: by the jobs and queues that are counted, and by how often.
#[derive(Clone)]
pub struct DepthGauges {
    database: Database,
    clock: Clock,
    last: Arc<Mutex<Last>>,
}

#[derive(Default)]
struct Last {
    good_until: Option<Instant>,
    /// The series that were told of: those that are empty now have to be told so.
    told: BTreeSet<(String, &'static str)>,
}

/// How many jobs are in a state, and since when the oldest.
type Counts = BTreeMap<(String, &'static str), (i64, Option<Timestamp>)>;

impl DepthGauges {
    /// Those of this database.
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            clock: Clock::system(),
            last: Arc::default(),
        }
    }

    /// Tells the installed recorder how deep the queues are, as of a second ago at most where they are not very deep.
    ///
    /// # Errors
    /// What the database said. The gauges stay as they were.
    pub async fn record(&self) -> Result<(), DbError> {
        let mut last = self.last.lock().await;
        if last.good_until.is_some_and(|end| Instant::now() < end) {
            return Ok(());
        }
        let start = Instant::now();
        let look = |connection: &mut SqliteConnection| connection.transaction(counts);
        let counts = bounded(self.database.read_long(look).await?);
        let now = self.clock.now();
        for gone in last.told.iter().filter(|key| !counts.contains_key(key)) {
            tell(gone, 0, None, now);
        }
        for (key, (jobs, oldest)) in &counts {
            tell(key, *jobs, *oldest, now);
        }
        last.told.extend(counts.into_keys());
        last.good_until = Some(start + FRESH.max(start.elapsed() * REST));
        Ok(())
    }
}

fn tell(
    (queue, state): &(String, &'static str),
    jobs: i64,
    oldest: Option<Timestamp>,
    now: Timestamp,
) {
    #[allow(clippy::cast_precision_loss, reason = "far from the limits of a float")]
    DEPTH.set(jobs as f64, &[("queue", queue), ("state", state)]);
    if *state == READY {
        let age = oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        OLDEST_READY.set(age, &[("queue", queue)]);
    }
}

const READY: &str = "ready";

/// The states, with the rows that put a job in each. Those of claimed and failed jobs do not name the queue.
const STATES: [(&str, &str); 5] = [
    (
        READY,
        "SELECT queue_name, count(*), min(created_at) FROM \
         (SELECT queue_name, created_at FROM solid_queue_ready_executions ORDER BY id LIMIT ?) GROUP BY queue_name",
    ),
    (
        "scheduled",
        "SELECT queue_name, count(*), NULL FROM \
         (SELECT queue_name FROM solid_queue_scheduled_executions ORDER BY id LIMIT ?) GROUP BY queue_name",
    ),
    (
        "blocked",
        "SELECT queue_name, count(*), NULL FROM \
         (SELECT queue_name FROM solid_queue_blocked_executions ORDER BY id LIMIT ?) GROUP BY queue_name",
    ),
    (
        "claimed",
        "SELECT jobs.queue_name, count(*), NULL FROM \
         (SELECT job_id FROM solid_queue_claimed_executions ORDER BY id LIMIT ?) claimed \
         JOIN solid_queue_jobs jobs ON jobs.id = claimed.job_id GROUP BY jobs.queue_name",
    ),
    (
        "failed",
        "SELECT jobs.queue_name, count(*), NULL FROM \
         (SELECT job_id FROM solid_queue_failed_executions ORDER BY id LIMIT ?) failed \
         JOIN solid_queue_jobs jobs ON jobs.id = failed.job_id GROUP BY jobs.queue_name",
    ),
];

fn counts(connection: &mut SqliteConnection) -> QueryResult<Counts> {
    let mut counts = Counts::new();
    for (state, select) in STATES {
        let rows: Vec<(String, i64, Option<Timestamp>)> =
            Statement::<(Text, BigInt, Nullable<Text>)>::new(select)
                .bind(MOST_JOBS)
                .load(connection)?;
        for (queue, jobs, oldest) in rows {
            counts.insert((queue, state), (jobs, oldest));
        }
    }
    Ok(counts)
}

/// Keeps the names of so many queues, in the order of the alphabet.
fn bounded(counts: Counts) -> Counts {
    let queues: BTreeSet<&String> = counts.keys().map(|(queue, _)| queue).collect();
    if queues.len() <= MOST_QUEUES {
        return counts;
    }
    let named: BTreeSet<String> = queues.into_iter().take(MOST_QUEUES).cloned().collect();
    let mut bounded = Counts::new();
    for ((queue, state), (jobs, oldest)) in counts {
        let queue = if named.contains(&queue) {
            queue
        } else {
            OTHERS.to_owned()
        };
        let sum = bounded.entry((queue, state)).or_insert((0, oldest));
        sum.0 += jobs;
        sum.1 = [sum.1, oldest].into_iter().flatten().min();
    }
    bounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_queues_count_together() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let (early, late) = (at("2026-01-01 00:00:00"), at("2026-01-02 00:00:00"));
        let all = (0..60).map(|number| {
            let oldest = if number == 55 { early } else { late };
            ((format!("q{number:02}"), READY), (2, oldest))
        });
        let bounded = bounded(all.collect());
        assert_eq!(bounded.len(), MOST_QUEUES + 1);
        assert_eq!(bounded[&(OTHERS.to_owned(), READY)], (20, early));
        assert_eq!(bounded[&("q49".to_owned(), READY)], (2, late));
    }
}
