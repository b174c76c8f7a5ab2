use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cron::Cron;
use crate::error::ScheduleError;
use crate::{natural, occurrences};

/// The longest cron strings have every second, minute and hour in them.
const LONGEST: usize = 1024;

/// When something recurs.
///
/// Two schedules are equal if they have the same cron and the same time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// Reads cron or words. A time zone in the text goes before the default one.
    ///
    /// ```
    /// use jiff::tz::TimeZone;
    /// use schedule::Schedule;
    ///
    /// let schedule = Schedule::parse("every weekday at 9am", &TimeZone::UTC)?;
    /// assert_eq!(schedule.to_cron_string(), "0 9 * * 1,2,3,4,5");
    /// assert_eq!(schedule, Schedule::parse("0 9 * * mon-fri", &TimeZone::UTC)?);
    /// assert!(Schedule::parse("every 3 years", &TimeZone::UTC).is_err());
    /// # Ok::<(), schedule::ScheduleError>(())
    /// ```
    pub fn parse(text: &str, default_zone: &TimeZone) -> Result<Self, ScheduleError> {
        let text = text.trim_matches(|letter| matches!(letter, ' ' | '\t'..='\r'));
        let length = text.chars().count();
        if length > LONGEST {
            let limit = LONGEST;
            return Err(ScheduleError::TooLong { length, limit });
        }
        let cron = Cron::read(text).unwrap_or_else(|| from_words(text))?;
        let named = cron.zone.as_ref().map(|named| &named.zone);
        let zone = named.unwrap_or(default_zone).clone();
        Ok(Self { cron, zone })
    }

    /// The first occurrence strictly later; none if there is none within a hundred years.
    ///
    /// ```
    /// use schedule::Schedule;
    ///
    /// let berlin = jiff::tz::TimeZone::get("Europe/Berlin")?;
    /// let schedule = Schedule::parse("every day at 2:30", &berlin)?;
    /// // On the 29th of March the clocks go from 2:00 to 3:00.
    /// let next = schedule.next_after("2026-03-28T01:30:00Z".parse()?);
    /// assert_eq!(next, Some("2026-03-30T00:30:00Z".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        occurrences::next(&self.cron, &self.zone, moment)
    }

    /// The last occurrence strictly earlier; none if there is none within a hundred years.
    pub fn previous_before(&self, moment: Timestamp) -> Option<Timestamp> {
        occurrences::previous(&self.cron, &self.zone, moment)
    }

    /// The occurrences after one moment, up to another one and at it.
    ///
    /// ```
    /// use schedule::Schedule;
    ///
    /// let schedule = Schedule::parse("every hour", &jiff::tz::TimeZone::UTC)?;
    /// let (from, to) = ("2026-01-01T09:00:00Z".parse()?, "2026-01-01T12:00:00Z".parse()?);
    /// let hours: Vec<_> = schedule.between(from, to).map(|hour| hour.to_string()).collect();
    /// assert_eq!(hours, ["2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(from), |found| self.next_after(*found))
            .take_while(move |found| *found <= to)
    }

    /// The time zone in which the schedule counts.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The canonical cron string, with the time zone only if the text named one.
    pub fn to_cron_string(&self) -> String {
        self.cron.to_string()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cron.fmt(f)
    }
}

fn from_words(text: &str) -> Result<Cron, ScheduleError> {
    let written = natural::cron_string(text)?;
    let cron = Cron::read(&written).unwrap_or_else(|| Err(natural::unreadable(&written)));
    cron.map_err(|error| error.about(text))
}
