//! Recurring schedules, read as Fugit reads them.
#![warn(missing_docs)]

mod cron;
mod error;
mod natural;
mod occurrences;
mod scanner;
mod schedule;
mod zone;

pub use error::ScheduleError;
pub use schedule::Schedule;
