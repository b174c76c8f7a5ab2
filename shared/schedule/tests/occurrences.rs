#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Bounds, fractions of seconds and lists of occurrences, which Fugit has no word in.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};
use schedule::Schedule;

#[test]
fn a_day_that_never_comes_is_none() {
    let never = utc("0 0 -31 2 *");
    assert_eq!(never.next_after(moment("2026-01-01T00:00:00Z")), None);
    assert_eq!(never.previous_before(moment("2026-01-01T00:00:00Z")), None);
}

#[test]
fn a_day_that_comes_every_28_years_is_found() {
    let leap_mondays = utc("0 0 29 2 mon&");
    let found = leap_mondays.next_after(moment("2024-03-01T00:00:00Z"));
    assert_eq!(found, Some(moment("2044-02-29T00:00:00Z")));
    let across_a_century = leap_mondays.next_after(moment("2080-01-01T00:00:00Z"));
    assert_eq!(across_a_century, Some(moment("2112-02-29T00:00:00Z")));
}

#[test]
fn strictly_later_and_earlier_to_the_nanosecond() {
    let minutes = utc("* * * * *");
    let minute = moment("2026-01-01T09:00:00Z");
    let (before, after) = (minute - 1.nanosecond(), minute + 1.nanosecond());
    assert_eq!(minutes.next_after(before), Some(minute));
    assert_eq!(minutes.previous_before(after), Some(minute));
    assert_eq!(minutes.next_after(minute), Some(minute + 1.minute()));
    assert_eq!(minutes.previous_before(minute), Some(minute - 1.minute()));
}

#[test]
fn the_ends_of_time_have_nothing_beyond() {
    for text in ["* * * * * *", "0 0 1 1 *", "0 0 -31 2 *"] {
        let schedule = utc(text);
        assert_eq!(schedule.next_after(Timestamp::MAX), None);
        assert_eq!(schedule.previous_before(Timestamp::MIN), None);
    }
}

#[test]
fn between_leaves_out_the_start_and_has_the_end() {
    let noons = utc("@noon");
    let (first, last) = (
        moment("2026-01-01T12:00:00Z"),
        moment("2026-01-03T12:00:00Z"),
    );
    let found: Vec<_> = noons.between(first, last).collect();
    assert_eq!(found, [moment("2026-01-02T12:00:00Z"), last]);
    assert_eq!(noons.between(last, first).count(), 0);
}

#[test]
fn a_zone_in_the_text_goes_before_the_default() {
    let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
    let named = Schedule::parse("0 9 * * * Asia/Tokyo", &TimeZone::UTC).unwrap();
    let default = Schedule::parse("0 9 * * *", &tokyo).unwrap();
    let from = moment("2026-01-01T00:00:00Z");
    assert_eq!(named.zone(), default.zone());
    assert_eq!(named.next_after(from), Some(moment("2026-01-02T00:00:00Z")));
    assert_eq!(default.next_after(from), named.next_after(from));
    assert_eq!(default.to_string(), "0 9 * * *");
}

#[test]
fn machines_without_a_zone_database_know_the_zones() {
    let bundled = TimeZoneDatabase::bundled();
    assert!(bundled.get("America/New_York").is_ok());
    assert!(bundled.get("US/Eastern").is_ok());
}

fn utc(text: &str) -> Schedule {
    Schedule::parse(text, &TimeZone::UTC).unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}
