//! What must be true after every move.

use std::collections::BTreeMap;

use db::Statement;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use super::model::{LIMITS, Model, State};

impl Model<'_> {
    pub(super) fn check(&mut self, after: &str) -> QueryResult<()> {
        let expected: BTreeMap<i64, String> = self
            .jobs
            .iter()
            .map(|(id, known)| (*id, known.state.to_string()))
            .collect();
        assert_eq!(self.stored()?, expected, "after {after}");
        for (key, to) in LIMITS {
            let (holders, to) = (self.holders(key), to as usize);
            assert!(holders <= to, "{key} after {after}");
            let is_wanted = |it: &State| *it == State::Blocked(key.into());
            let is_blocked = self.jobs.values().any(|known| is_wanted(&known.state));
            assert!(!is_blocked || holders == to, "{key} is idle after {after}");
            for value in self.semaphore(key)? {
                let free = i64::try_from(to - holders).unwrap();
                assert_eq!(value, free, "the semaphore of {key} after {after}");
            }
        }
        Ok(())
    }

    /// The state of each unfinished job. One that is in two states is there twice, which the length tells.
    fn stored(&mut self) -> QueryResult<BTreeMap<i64, String>> {
        let rows: Vec<(i64, String)> = Statement::<(BigInt, Text)>::new(
            "SELECT job_id, 'scheduled ' || scheduled_at FROM solid_queue_scheduled_executions UNION ALL \
             SELECT job_id, 'ready' FROM solid_queue_ready_executions UNION ALL \
             SELECT job_id, 'blocked ' || concurrency_key FROM solid_queue_blocked_executions UNION ALL \
             SELECT job_id, 'claimed ' || process_id FROM solid_queue_claimed_executions UNION ALL \
             SELECT job_id, 'failed' FROM solid_queue_failed_executions",
        )
        .load(self.connection)?;
        let unfinished =
            self.number("SELECT count(*) FROM solid_queue_jobs WHERE finished_at IS NULL")?;
        assert_eq!(i64::try_from(rows.len()), Ok(unfinished));
        Ok(rows.into_iter().collect())
    }

    /// What the key's semaphore says, unless it expired.
    fn semaphore(&mut self, key: &str) -> QueryResult<Vec<i64>> {
        Statement::<BigInt>::new(
            "SELECT value FROM solid_queue_semaphores WHERE key = ? AND expires_at >= ?",
        )
        .bind(format!("k/{key}"))
        .bind(self.now)
        .load(self.connection)
    }

    pub(super) fn number(&mut self, query: &'static str) -> QueryResult<i64> {
        let numbers: Vec<i64> = Statement::<BigInt>::new(query).load(self.connection)?;
        Ok(numbers[0])
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scheduled(at) => write!(f, "scheduled {at}"),
            Self::Ready => f.write_str("ready"),
            Self::Blocked(key) => write!(f, "blocked k/{key}"),
            Self::Claimed(process) => write!(f, "claimed {process}"),
            Self::Failed => f.write_str("failed"),
        }
    }
}
