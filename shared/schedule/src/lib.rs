//! Recurring schedules, read as [Fugit](https://github.com/floraison/fugit) reads those of Rails' `recurring.yml`.
//!
//! ```
//! use jiff::tz::TimeZone;
//! use schedule::Schedule;
//!
//! let schedule = Schedule::parse("every weekday at 9am in Asia/Tokyo", &TimeZone::UTC)?;
//! assert_eq!(schedule.to_string(), "0 9 * * 1,2,3,4,5 Asia/Tokyo");
//!
//! let friday = "2026-11-27T00:00:00Z".parse()?;
//! assert_eq!(schedule.next_after(friday), Some("2026-11-30T00:00:00Z".parse()?));
//! assert_eq!(schedule.previous_before(friday), Some("2026-11-26T00:00:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cron
//!
//! Five fields, or six with the seconds first; `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`,
//! `@noon`, `@hourly`.
//!
//! | Form | Meaning |
//! | --- | --- |
//! | `1,15`, `10-40/7`, `*/5`, `5/15`, `/5` | lists, ranges, steps |
//! | `22-4`, `fri-mon`, `nov-feb` | ranges go on from the start |
//! | `jan`, `MON` | names of three letters, in any case |
//! | `L`, `last`, `-2`, `25-L` | days from the end of the month |
//! | `mon#2`, `fri#-1`, `fri#L` | the second Monday, the last Friday of the month |
//! | `mon%2`, `mon%2+1` | every second Monday, by the weeks since the 31st of December 2018 |
//! | `0 0 13 * fri`, `0 0 13 * fri&` | the 13th and Fridays; only Fridays the 13th |
//! | `0 9 * * * Europe/Berlin`, `UTC`, `+09:00`, `-0330` | a time zone as the last word |
//!
//! # Words
//!
//! `every day at noon`, `every 5 minutes`, `every monday and friday at 12:30 pm`, `every 1st of the month at midnight`,
//! `every month on day 2 at 10:00`, `from monday to friday at 9am`, `every 5 minutes from 9 to 17`, `every hour on minute
//! 10`, `every day at 16:00 and 18:00`, `every day at five in Asia/Tokyo`. What Fugit makes of words that it half
//! understands is kept too, so look at [`Schedule::to_cron_string`]: `every 90 minutes` is `0 * * * *`, `every 1st and 15th
//! of the month` is the 1st.
//!
//! # What is refused
//!
//! All that `Fugit.parse(text, multi: :fail)` of Fugit 1.13 makes no cron of: what needs several crons (`every day at 9:15 and 10:30`),
//! durations, dates, `@reboot`. Fugit reads these, and they are refused here:
//!
//! - `~`, a random value, which each process would read differently;
//! - zones with a typo at the end, of which Fugit drops letters until it knows the rest (`Etc/GMT+14`, read as
//!   `Etc/GMT+1`), abbreviations with an offset (`JST+9`), names of Windows (`UTC-11`), and `-00:30`, read as half an hour
//!   ahead;
//! - `mon%0`, which fails when it is asked for a time, and more than 4,294,967,295 weeks;
//! - cron of more than 1,024 characters.
//!
//! # When clocks change
//!
//! As with Fugit, a time that the clocks skip does not occur on that day. A time that they repeat occurs both times for
//! one who asks in between or goes back, but [`Schedule::next_after`] the first of them is not the second: a daily schedule
//! runs once.
//!
//! Days are those of the calendar. Fugit counts them by 24 hours in places, which is not followed where a day is longer or
//! shorter: it fires `L` on the 30th of March 2024 in Europe, moves `mon%2` by a week in summer, loses days that start at
//! 1:00 because the clocks skip midnight, loses late hours going back, and fails when the midnight of a first of a month
//! comes twice or never.
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
