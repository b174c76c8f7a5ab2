use std::time::Duration;

use db::Timestamp;

use crate::recurring::Timetable;
use crate::{CatchUp, RecurringTask};

/// What is later than this was missed.
const GRACE: Duration = Duration::from_secs(10);
/// Times of one task that are run at once, at most.
const LIMIT: usize = 100;

/// A task and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) task: RecurringTask,
    timetable: Timetable,
    /// All times up to this one are dealt with.
    done: Timestamp,
    next: Option<Timestamp>,
    /// The newest time that came while this process was awake. Should the database fail for long, it was not missed.
    seen: Option<Timestamp>,
    /// Whether the times wait for the end of a pause.
    is_held: bool,
}

/// The times of a task that have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) key: String,
    /// Those to be run, the oldest first.
    pub(crate) runs: Vec<Timestamp>,
    /// Those that are not.
    pub(crate) missed: Vec<Timestamp>,
    /// The last of all.
    pub(crate) until: Timestamp,
}

impl Entry {
    /// A task all of whose times up to `since` are dealt with.
    pub(crate) fn new(task: RecurringTask, timetable: Timetable, since: Timestamp) -> Self {
        // Counted from a time of its own, none is told twice when the clocks are turned back.
        let done = timetable.last_until(since).unwrap_or(since);
        Self {
            next: timetable.next_after(done),
            task,
            timetable,
            done,
            seen: None,
            is_held: false,
        }
    }

    /// What has come since.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<Due> {
        if self.done > now {
            self.turn_back(now);
        }
        let is_due = self.next.is_some_and(|next| next <= now);
        let times = if is_due {
            self.timetable.between(self.done, now, LIMIT)
        } else {
            Vec::new()
        };
        let until = *times.last()?;
        let grace = now.before(GRACE);
        let (missed, on_time): (Vec<_>, Vec<_>) = times
            .into_iter()
            .partition(|time| *time < grace && self.seen != Some(*time));
        self.seen = on_time.last().copied();
        let (missed, runs) = self.after_policy(missed, on_time);
        Some(Due {
            key: self.task.key.clone(),
            runs,
            missed,
            until,
        })
    }

    /// They are dealt with.
    pub(crate) fn finish(&mut self, until: Timestamp) {
        self.done = until;
        self.next = self.timetable.next_after(until);
        self.seen = None;
        self.is_held = false;
    }

    /// The task is paused. What is to be caught up waits for the end of that.
    pub(crate) fn pause(&mut self, until: Timestamp) {
        match self.task.catch_up {
            CatchUp::Skip => self.finish(until),
            CatchUp::Once | CatchUp::All => self.is_held = true,
        }
    }

    /// The next time, unless it only waits for the end of a pause.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next.filter(|_| !self.is_held)
    }

    /// The clock was ahead, so that `done` is still to come. Whatever was run already is not run again: the database
    /// knows.
    fn turn_back(&mut self, now: Timestamp) {
        let (task, timetable) = (self.task.clone(), self.timetable.clone());
        *self = Self::new(task, timetable, now);
    }

    /// What remains missed, and what is run.
    fn after_policy(
        &self,
        mut missed: Vec<Timestamp>,
        mut on_time: Vec<Timestamp>,
    ) -> (Vec<Timestamp>, Vec<Timestamp>) {
        match self.task.catch_up {
            CatchUp::All => {
                missed.append(&mut on_time);
                return (Vec::new(), missed);
            }
            CatchUp::Once if on_time.is_empty() => on_time.extend(missed.pop()),
            CatchUp::Once | CatchUp::Skip => {}
        }
        (missed, on_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-23 {time}").parse().unwrap()
    }

    /// A task for every minute, dealt with up to 12:00.
    fn every_minute(catch_up: CatchUp) -> Entry {
        let zone = jiff::tz::TimeZone::UTC;
        let task = RecurringTask::of_class("tick", "every minute", "Tick").catch_up(catch_up);
        let timetable = task.timetable(&zone).unwrap();
        Entry::new(task, timetable, at("12:00:40"))
    }

    fn runs(entry: &mut Entry, now: &str) -> Vec<String> {
        let due = entry.due(at(now));
        let runs = due.map_or_else(Vec::new, |due| {
            entry.finish(due.until);
            due.runs
        });
        let time = |run: Timestamp| run.to_string()[11..].to_owned();
        runs.into_iter().map(time).collect()
    }

    #[test]
    fn a_time_comes_once() {
        let mut entry = every_minute(CatchUp::Skip);
        assert_eq!(entry.next(), Some(at("12:01:00")));
        assert!(runs(&mut entry, "12:00:59.999999").is_empty());
        assert_eq!(runs(&mut entry, "12:01:00"), ["12:01:00"]);
        assert!(runs(&mut entry, "12:01:00").is_empty());
        assert_eq!(runs(&mut entry, "12:02:10"), ["12:02:00"]);
    }

    #[test]
    fn missed_times_follow_the_policy() {
        let missed = |catch_up, now| runs(&mut every_minute(catch_up), now);
        assert!(missed(CatchUp::Skip, "12:03:30").is_empty());
        assert_eq!(missed(CatchUp::Skip, "12:03:05"), ["12:03:00"]);
        assert_eq!(missed(CatchUp::Once, "12:03:30"), ["12:03:00"]);
        assert_eq!(missed(CatchUp::Once, "12:03:05"), ["12:03:00"]);
        let all = ["12:01:00", "12:02:00", "12:03:00"];
        assert_eq!(missed(CatchUp::All, "12:03:30"), all);
        assert_eq!(missed(CatchUp::All, "12:03:05"), all);
    }

    #[test]
    fn catching_up_is_bounded() {
        let all = runs(&mut every_minute(CatchUp::All), "20:00:30");
        assert_eq!((all.len(), all[0].as_str()), (100, "18:21:00"));
        assert_eq!(all[99], "20:00:00");
    }

    #[test]
    fn a_time_that_could_not_be_written_was_not_missed() {
        let mut entry = every_minute(CatchUp::Skip);
        assert_eq!(entry.due(at("12:01:00")).unwrap().runs, [at("12:01:00")]);
        assert_eq!(entry.due(at("12:01:50")).unwrap().runs, [at("12:01:00")]);
        assert_eq!(runs(&mut entry, "12:02:01"), ["12:01:00", "12:02:00"]);
        assert_eq!(entry.next(), Some(at("12:03:00")));
    }

    #[test]
    fn a_clock_that_was_ahead_is_followed() {
        let mut entry = every_minute(CatchUp::Skip);
        assert_eq!(runs(&mut entry, "14:00:00"), ["14:00:00"]);
        assert!(runs(&mut entry, "12:10:30").is_empty());
        assert_eq!(entry.next(), Some(at("12:11:00")));
    }

    #[test]
    fn a_pause_holds_only_what_is_caught_up() {
        let mut skipped = every_minute(CatchUp::Skip);
        skipped.pause(skipped.clone().due(at("12:01:00")).unwrap().until);
        assert_eq!(skipped.next(), Some(at("12:02:00")));
        let mut held = every_minute(CatchUp::Once);
        held.pause(held.clone().due(at("12:01:00")).unwrap().until);
        assert_eq!(held.next(), None);
        assert_eq!(runs(&mut held, "12:05:30"), ["12:05:00"]);
        assert_eq!(held.next(), Some(at("12:06:00")));
    }
}
