//! Random moves, and beside them a simple model of what they should come to.

use std::collections::BTreeMap;
use std::time::Duration;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{Limited, classes, keys, noon, on_new_database, row, worker};
use crate::enqueue::Enqueue;
use crate::executions::claimed::Claim;
use crate::lifecycle::claim::{Claimed, claim};
use crate::lifecycle::enqueue::{Enqueued, enqueue};
use crate::lifecycle::settle::{Ending, Settlement, settle_all};
use crate::lifecycle::{dispatch, recover};
use crate::queue_selector::QueueSelector;
use crate::records::job::NewRow;
use crate::records::semaphore;
use crate::registry::Classes;
use crate::{JobFailure, ProcessId};

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
    fn step(&mut self) -> QueryResult<&'static str> {
        match self.chance.below(20) {
            0..=5 => self.enqueue().map(|()| "enqueue"),
            6..=9 => self.claim().map(|()| "claim"),
            10..=14 => self.end(),
            15 => self.crash().map(|()| "crash"),
            16 => self.put_back().map(|()| "put back"),
            17 => self.dispatch().map(|()| "dispatch"),
            18 => {
                self.now = self.now.after(Duration::from_secs(100));
                Ok("time passes")
            }
            _ => {
                let limit = u32::MAX;
                semaphore::delete_expired(self.connection, limit, self.now).map(|_| "expire")
            }
        }
    }

    fn enqueue(&mut self) -> QueryResult<()> {
        let mut limits = LIMITS.to_vec();
        limits.rotate_left(self.chance.below(3));
        limits.truncate(self.chance.below(3));
        let mut job = keys(&limits);
        job.discards = self.chance.below(4) == 0;
        let priority = i32::try_from(self.chance.below(2)).unwrap();
        let mut options = Enqueue::new().priority(priority);
        if self.chance.below(4) == 0 {
            options = options.wait(Duration::from_secs(50));
        }
        let row = row(&job, &options, self.now);
        let enqueued = enqueue(self.connection, &row, self.now)?;
        self.add(job, &row, enqueued);
        Ok(())
    }

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

    fn claim(&mut self) -> QueryResult<()> {
        let (process, limit) = (
            self.processes[self.chance.below(2)],
            1 + self.chance.below(3),
        );
        let all = &QueueSelector::All;
        let claims = claim(
            self.connection,
            all,
            process,
            limit,
            &self.classes,
            self.now,
        )?;
        let mut ready = self.in_order(|it| it.state == State::Ready);
        ready.truncate(limit);
        let claims = claims.unwrap().jobs;
        let claimed: Vec<i64> = claims.iter().map(|it| it.claim.job_id).collect();
        assert_eq!(claimed, ready);
        for claimed in claims {
            let id = claimed.claim.job_id;
            self.jobs.get_mut(&id).unwrap().state = State::Claimed(process);
            self.claims.insert(id, claimed);
        }
        Ok(())
    }

    fn end(&mut self) -> QueryResult<&'static str> {
        let ids: Vec<i64> = self.claims.keys().copied().collect();
        if ids.is_empty() {
            return Ok("nothing");
        }
        let id = ids[self.chance.below(ids.len())];
        let Claimed {
            claim, is_limited, ..
        } = self.claims.remove(&id).unwrap();
        let known = self.jobs[&id].clone();
        let wait = [Duration::ZERO, Duration::from_secs(50)][self.chance.below(2)];
        let options = Enqueue::new().priority(known.priority).wait(wait);
        let next = row(
            &Limited {
                discards: false,
                ..known.job.clone()
            },
            &options,
            self.now,
        );
        let (settlement, what) = match self.chance.below(8) {
            0 => (Settlement::Fail("{}".into()), "fail"),
            1 => (Settlement::Discard, "discard"),
            2 | 3 => (Settlement::Retry(Box::new(next.clone())), "retry"),
            _ => (Settlement::Finish, "finish"),
        };
        let ending = Ending {
            claim,
            is_limited,
            batch_id: None,
            settlement,
        };
        let preserve = self.chance.below(2) == 0;
        let ending = [ending];
        let lost = settle_all(self.connection, &ending, &self.classes, preserve, self.now)?;
        assert_eq!(lost, []);
        self.leave(id, what == "fail");
        if what == "retry" {
            let newest = self.number("SELECT max(id) FROM solid_queue_jobs")?;
            let job = Limited {
                discards: false,
                ..known.job
            };
            self.add(job, &next, Enqueued::As(crate::JobId(newest)));
        }
        Ok(what)
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

    fn crash(&mut self) -> QueryResult<()> {
        let process = self.processes[self.chance.below(2)];
        for id in self.claimed_by(process) {
            let claim: Claim = self.claims.remove(&id).unwrap().claim;
            let failure = JobFailure::panic("crash");
            recover::crash(self.connection, claim, &failure, &self.classes, self.now)?;
            let known = self.jobs.get_mut(&id).unwrap();
            known.crashes += 1;
            if known.crashes < 3 {
                known.state = State::Ready;
            } else {
                self.leave(id, true);
            }
        }
        Ok(())
    }

    fn put_back(&mut self) -> QueryResult<()> {
        let process = self.processes[self.chance.below(2)];
        recover::release_all(self.connection, process, self.now)?;
        for id in self.claimed_by(process) {
            self.claims.remove(&id);
            self.jobs.get_mut(&id).unwrap().state = State::Ready;
        }
        Ok(())
    }

    fn dispatch(&mut self) -> QueryResult<()> {
        dispatch::due(self.connection, 100, &self.classes, self.now)?;
        let mut due: Vec<_> = self
            .jobs
            .iter()
            .filter_map(|(id, known)| match known.state {
                State::Scheduled(at) if at <= self.now => Some((at, known.priority, *id)),
                _ => None,
            })
            .collect();
        due.sort_unstable();
        for (_, _, id) in due {
            let known = self.jobs[&id].clone();
            match self.full(&known.job) {
                Some(_) if !known.blocks => drop(self.jobs.remove(&id)),
                full => {
                    let state = full.map_or(State::Ready, State::Blocked);
                    self.jobs.get_mut(&id).unwrap().state = state;
                }
            }
        }
        Ok(())
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
