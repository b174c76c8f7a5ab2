use db::Timestamp;
use jiff::tz::TimeZone;
use schedule::{Schedule, ScheduleError};

/// The times of a recurring task.
#[derive(Clone, Debug)]
pub(crate) struct Timetable(Schedule);

impl Timetable {
    pub(crate) fn parse(text: &str, time_zone: &TimeZone) -> Result<Self, ScheduleError> {
        Schedule::parse(text, time_zone).map(Self)
    }

    /// The first time that is later.
    pub(crate) fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.0.next_after(to_jiff(moment)).map(from_jiff)
    }

    /// The last time that is not later.
    pub(crate) fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let just_after = Timestamp::from_microseconds(moment.as_microseconds().saturating_add(1));
        self.0.previous_before(to_jiff(just_after)).map(from_jiff)
    }

    /// The newest times after `from` up to `to`, at most `limit`, the oldest first.
    pub(crate) fn between(&self, from: Timestamp, to: Timestamp, limit: usize) -> Vec<Timestamp> {
        let from = self.nth_last(from, to, limit).unwrap_or(from);
        let times = self.0.between(to_jiff(from), to_jiff(to));
        times.take(limit).map(from_jiff).collect()
    }

    /// The one before the newest `limit`, if there are more than those. Only looked for where it takes long to go
    /// through all.
    fn nth_last(&self, from: Timestamp, to: Timestamp, limit: usize) -> Option<Timestamp> {
        self.0.between(to_jiff(from), to_jiff(to)).nth(limit)?;
        let last = std::iter::successors(self.last_until(to), |found| {
            self.0.previous_before(to_jiff(*found)).map(from_jiff)
        });
        last.take_while(|found| *found > from).nth(limit)
    }
}

fn to_jiff(moment: Timestamp) -> jiff::Timestamp {
    let nearest = jiff::Timestamp::from_microsecond(moment.as_microseconds());
    nearest.unwrap_or(jiff::Timestamp::MAX)
}

/// Whole seconds, as schedules have them: Rails writes them without a fraction.
fn from_jiff(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_microseconds(moment.as_second().saturating_mul(1_000_000))
}
