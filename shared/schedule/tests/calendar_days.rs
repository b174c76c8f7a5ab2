#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Where Fugit counts days by 24 hours and errs, the calendar counts.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schedule::Schedule;

#[test]
fn the_last_day_of_a_month_is_the_last_one_even_if_it_lacks_an_hour() {
    // Fugit: on the 30th.
    let last = schedule("0 9 L * *", "Europe/Berlin");
    assert_eq!(next(&last, "2024-03-29T12:00:00Z"), "2024-03-31T07:00:00Z");
    assert_eq!(
        previous(&last, "2024-04-02T12:00:00Z"),
        "2024-03-31T07:00:00Z"
    );
    let last_but_one = schedule("0 9 -2 * *", "Europe/Berlin");
    assert_eq!(
        next(&last_but_one, "2024-03-28T12:00:00Z"),
        "2024-03-30T08:00:00Z"
    );
}

#[test]
fn every_second_monday_stays_two_weeks_apart_in_summer() {
    // Fugit: the 9th of March follows the 2nd.
    let mondays = schedule("0 9 * * mon%2", "America/New_York");
    assert_eq!(
        next(&mondays, "2026-03-01T12:00:00Z"),
        "2026-03-02T14:00:00Z"
    );
    assert_eq!(
        next(&mondays, "2026-03-02T14:00:00Z"),
        "2026-03-16T13:00:00Z"
    );
    assert_eq!(
        previous(&mondays, "2026-03-16T13:00:00Z"),
        "2026-03-02T14:00:00Z"
    );
}

#[test]
fn a_day_without_a_midnight_is_a_day() {
    // Fugit: a week later.
    let sundays = schedule("0 12 * * sun", "America/Havana");
    assert_eq!(
        next(&sundays, "2024-03-08T17:00:00Z"),
        "2024-03-10T16:00:00Z"
    );
}

#[test]
fn a_month_that_starts_at_a_repeated_or_missing_midnight_is_a_month() {
    // Fugit: TZInfo::AmbiguousTime, TZInfo::PeriodNotFound.
    let leap_days = schedule("0 0 29 2 *", "America/Havana");
    assert_eq!(
        next(&leap_days, "2026-10-06T21:00:00Z"),
        "2028-02-29T05:00:00Z"
    );
    let firsts = schedule("30 1 1 * *", "America/Asuncion");
    assert_eq!(
        next(&firsts, "2023-09-15T12:00:00Z"),
        "2023-10-01T04:30:00Z"
    );
}

#[test]
fn late_hours_before_a_shorter_day_are_found_going_back() {
    // Fugit: a week, and a day, earlier.
    let saturdays = schedule("30 23 * * sat", "Europe/Berlin");
    assert_eq!(
        previous(&saturdays, "2025-03-30T19:30:00Z"),
        "2025-03-29T22:30:00Z"
    );
    let nights = schedule("30 1 * * *", "Australia/Lord_Howe");
    assert_eq!(
        previous(&nights, "2026-10-03T16:00:00Z"),
        "2026-10-03T15:00:00Z"
    );
}

fn schedule(text: &str, zone: &str) -> Schedule {
    Schedule::parse(text, &TimeZone::get(zone).unwrap()).unwrap()
}

fn next(schedule: &Schedule, from: &str) -> String {
    schedule.next_after(moment(from)).unwrap().to_string()
}

fn previous(schedule: &Schedule, from: &str) -> String {
    schedule.previous_before(moment(from)).unwrap().to_string()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}
