use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::cron::{Cron, matches};

const NANOSECONDS: i128 = 1_000_000_000;

/// The first moment strictly later that matches.
///
/// When clocks are turned back, the moment that reads like the one asked from is not told again.
pub(crate) fn next(cron: &Cron, zone: &TimeZone, from: Timestamp) -> Option<Timestamp> {
    let from = whole_second(from.as_nanosecond())?;
    let found = search(cron, zone, Direction::Forward, moved(from, 1)?)?;
    if zone.to_datetime(found) == zone.to_datetime(from) {
        search(cron, zone, Direction::Forward, moved(found, 1)?)
    } else {
        Some(found)
    }
}

/// The last moment strictly earlier that matches.
pub(crate) fn previous(cron: &Cron, zone: &TimeZone, from: Timestamp) -> Option<Timestamp> {
    let before = whole_second(from.as_nanosecond() - 1)?;
    search(cron, zone, Direction::Backward, before)
}

fn whole_second(nanoseconds: i128) -> Option<Timestamp> {
    let seconds = nanoseconds.div_euclid(NANOSECONDS);
    Timestamp::from_second(seconds.try_into().ok()?).ok()
}

#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Backward,
}

/// The nearest moment that matches, this one included. Jumps over what does not: days, then hours, then minutes.
fn search(
    cron: &Cron,
    zone: &TimeZone,
    direction: Direction,
    start: Timestamp,
) -> Option<Timestamp> {
    let mut at = start;
    loop {
        let clock = zone.to_datetime(at);
        let date = match direction {
            Direction::Forward => cron.date_from(clock.date())?,
            Direction::Backward => cron.date_until(clock.date())?,
        };
        at = if date != clock.date() {
            edge(date, zone, direction, at)?
        } else if !matches(&cron.hours, clock.hour()) {
            over_hour(at, clock.time(), zone, direction)?
        } else if !matches(&cron.minutes, clock.minute()) {
            over_minute(at, clock.time(), direction)?
        } else if !matches(&cron.seconds, clock.second()) {
            over_second(at, direction)?
        } else {
            return Some(at);
        };
    }
}

/// The first second of a later date, or the last one of an earlier date. Midnight may come twice, or never.
fn edge(date: Date, zone: &TimeZone, direction: Direction, at: Timestamp) -> Option<Timestamp> {
    let midnight = match direction {
        Direction::Forward => date,
        Direction::Backward => date.tomorrow().ok()?,
    };
    let midnight = zone.to_ambiguous_timestamp(midnight.at(0, 0, 0, 0));
    let earlier = midnight.earlier().ok()?;
    let later = midnight.later().ok()?;
    let found = match direction {
        Direction::Forward => [earlier, later].into_iter().find(|moment| *moment > at),
        Direction::Backward => [later, earlier]
            .into_iter()
            .filter_map(|moment| moved(moment, -1))
            .find(|moment| *moment < at),
    };
    found.or_else(|| over_second(at, direction))
}

/// Goes by minutes in an hour in which the clocks are changed.
fn over_hour(
    at: Timestamp,
    clock: Time,
    zone: &TimeZone,
    direction: Direction,
) -> Option<Timestamp> {
    let passed = i64::from(clock.minute()) * 60 + i64::from(clock.second());
    let target = match direction {
        Direction::Forward => moved(at, 3600 - passed)?,
        Direction::Backward => moved(at, -passed - 1)?,
    };
    if zone.to_offset(target) == zone.to_offset(at) {
        Some(target)
    } else {
        over_minute(at, clock, direction)
    }
}

fn over_minute(at: Timestamp, clock: Time, direction: Direction) -> Option<Timestamp> {
    let passed = i64::from(clock.second());
    match direction {
        Direction::Forward => moved(at, 60 - passed),
        Direction::Backward => moved(at, -passed - 1),
    }
}

fn over_second(at: Timestamp, direction: Direction) -> Option<Timestamp> {
    match direction {
        Direction::Forward => moved(at, 1),
        Direction::Backward => moved(at, -1),
    }
}

fn moved(at: Timestamp, seconds: i64) -> Option<Timestamp> {
    at.checked_add(SignedDuration::from_secs(seconds)).ok()
}
