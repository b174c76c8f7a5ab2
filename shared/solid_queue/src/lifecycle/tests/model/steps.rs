//! The moves that the model makes.

use std::time::Duration;

use diesel::QueryResult;

use super::super::{Limited, keys, row};
use super::{LIMITS, Model, State};
use crate::JobFailure;
use crate::enqueue::Enqueue;
use crate::executions::claimed::Claim;
use crate::lifecycle::claim::{Claimed, claim};
use crate::lifecycle::enqueue::{Enqueued, enqueue};
use crate::lifecycle::settle::{Ending, Settlement, settle_all};
use crate::lifecycle::{dispatch, recover};
use crate::queue_selector::QueueSelector;
use crate::records::semaphore;

impl Model<'_> {
    pub(super) fn step(&mut self) -> QueryResult<&'static str> {
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
}
