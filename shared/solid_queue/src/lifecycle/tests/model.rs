//! Random moves, and beside them a simple model of what they should come to.

mod steps;

use std::collections::BTreeMap;

use db::{SqliteConnection, Timestamp};

use super::{Limited, classes, noon, on_new_database, worker};
use crate::ProcessId;
use crate::lifecycle::claim::Claimed;
use crate::lifecycle::enqueue::Enqueued;
use crate::records::job::NewRow;
use crate::registry::Classes;

const STEPS: u32 = 400;
pub(super) const LIMITS: [(&str, u32); 3] = [("a", 1), ("b", 2), ("c", 3)];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Scheduled(Timestamp),
    Ready,
    Blocked(String),
    Claimed(ProcessId),
    Failed,
}

#[derive(Clone)]
pub(super) struct Known {
    job: Limited,
    /// Whether it waits for room; a retry always does.
    blocks: bool,
    priority: i32,
    crashes: u32,
    pub(super) state: State,
}

impl Known {
    fn holds(&self, key: &str) -> bool {
        let is_in = matches!(self.state, State::Ready | State::Claimed(_));
        is_in && self.job.keys.iter().any(|(it, _)| it == key)
    }
}

pub(super) struct Model<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    classes: Classes,
    pub(super) now: Timestamp,
    chance: Chance,
    processes: Vec<ProcessId>,
    pub(super) jobs: BTreeMap<i64, Known>,
    claims: BTreeMap<i64, Claimed>,
}

/// A sequence of numbers that is the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

#[tokio::test]
async fn random_moves_come_to_what_the_model_says() {
    for seed in 1..=12_u64 {
        on_new_database(move |connection| {
            let mut model = Model {
                processes: vec![worker(connection)?, worker(connection)?],
                connection,
                classes: classes(),
                now: noon(),
                chance: Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                jobs: BTreeMap::new(),
                claims: BTreeMap::new(),
            };
            for step in 0..STEPS {
                let what = model.step()?;
                model.check(&format!("seed {seed}, step {step}: {what}"))?;
            }
            Ok(())
        })
        .await;
    }
}

impl Model<'_> {
    /// A new job: it takes its places, or waits for the first that is full.
    fn add(&mut self, job: Limited, row: &NewRow, enqueued: Enqueued) {
        let full = self.full(&job);
        let state = match &full {
            _ if !row.is_due(self.now) => State::Scheduled(row.scheduled_at),
            None => State::Ready,
            Some(_) if job.discards => return assert_eq!(enqueued, Enqueued::Discarded),
            Some(key) => State::Blocked(key.clone()),
        };
        let Enqueued::As(id) = enqueued else {
            panic!("not enqueued: {enqueued:?}");
        };
        let known = Known {
            blocks: !job.discards,
            job,
            priority: row.priority,
            crashes: 0,
            state,
        };
        assert!(self.jobs.insert(id.0, known).is_none());
    }

    /// The places of the job go to those that are blocked for them.
    fn leave(&mut self, id: i64, failed: bool) {
        let known = self.jobs[&id].clone();
        if failed {
            self.jobs.get_mut(&id).unwrap().state = State::Failed;
        } else {
            self.jobs.remove(&id);
        }
        for (key, _) in &known.job.keys {
            while let Some(&next) = self
                .in_order(|it| it.state == State::Blocked(key.clone()))
                .first()
            {
                let full = self.full(&self.jobs[&next].job);
                let is_here = full.as_ref() == Some(key);
                let is_moved = full.is_some() && !is_here;
                if !is_here {
                    let state = full.map_or(State::Ready, State::Blocked);
                    self.jobs.get_mut(&next).unwrap().state = state;
                }
                if !is_moved {
                    break;
                }
            }
        }
    }

    /// The first key under which there is no room.
    fn full(&self, job: &Limited) -> Option<String> {
        let is_full = |(key, to): &&(String, u32)| self.holders(key) >= *to as usize;
        job.keys.iter().find(is_full).map(|(key, _)| key.clone())
    }

    pub(super) fn holders(&self, key: &str) -> usize {
        self.jobs.values().filter(|it| it.holds(key)).count()
    }

    fn in_order(&self, which: impl Fn(&Known) -> bool) -> Vec<i64> {
        let mut jobs: Vec<_> = self.jobs.iter().filter(|(_, it)| which(it)).collect();
        jobs.sort_by_key(|(id, it)| (it.priority, **id));
        jobs.into_iter().map(|(id, _)| *id).collect()
    }

    fn claimed_by(&self, process: ProcessId) -> Vec<i64> {
        self.in_order(|it| it.state == State::Claimed(process))
    }
}
