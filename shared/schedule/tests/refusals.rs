#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What people read when a schedule is refused.

use jiff::tz::TimeZone;
use schedule::{Schedule, ScheduleError};

#[test]
fn a_wrong_field_is_named() {
    assert_eq!(
        refusal("0 25 * * *").to_string(),
        "expected 0-24, `*` or steps like `*/2` (1-99) as the hour, got `25` in `0 25 * * *`"
    );
    assert_eq!(wrong_field("0 9 * * monday"), ("weekday", "monday".into()));
    assert_eq!(wrong_field("60 * * * * *"), ("second", "60".into()));
    assert_eq!(wrong_field("*/0 * * * *"), ("minute", "*/0".into()));
    assert_eq!(
        wrong_field("0 0 -5-3 * *"),
        ("day of the month", "-5-3".into())
    );
    assert_eq!(wrong_field("0 0 * * mon%0"), ("weekday", "mon%0".into()));
    assert_eq!(
        wrong_field("0 0 * * mon%99999999999"),
        ("weekday", "mon%99999999999".into())
    );
    assert_eq!(wrong_field("every 100 minutes"), ("minute", "*/100".into()));
}

#[test]
fn a_wrong_zone_is_named() {
    assert_eq!(
        refusal("every day at noon in Europe/Nowhere").to_string(),
        "expected a time zone like `America/New_York`, `UTC` or `+09:00` (-11:45 to +11:45), got `Europe/Nowhere` \
         in `every day at noon in Europe/Nowhere`"
    );
    let zones = [
        "Mars",
        "Z",
        "+12:00",
        "+09",
        "asia/tokyo",
        "Asia/TOKYO",
        "Asia/Tokyoo",
        "Etc/GMT+14",
        "JST+9",
        "UTC-11",
        "-00:30",
        "Etc/Unknown",
    ];
    for zone in zones {
        let refusal = refusal(&format!("0 9 * * * {zone}"));
        assert!(
            matches!(&refusal, ScheduleError::Zone { zone: named, .. } if named == zone),
            "{refusal}"
        );
    }
}

#[test]
fn kinds_of_refusals() {
    let is = |text: &str, kind: fn(String) -> ScheduleError| {
        assert_eq!(refusal(text), kind(text.to_owned()));
    };
    is("every day at 9:15 and 10:30", |text| {
        ScheduleError::Several { text }
    });
    is("every minute at 5", |text| ScheduleError::Contradiction {
        text,
    });
    is("0 0 30 2 *", |text| ScheduleError::NoSuchDay { text });
    is("10 ~ * * *", |text| ScheduleError::Random { text });
    is("0~30 9 * * * UTC", |text| ScheduleError::Random { text });
    for duration in ["5 minutes", "5", "1h 30m", "2 days", "PT5M", "P3Y"] {
        is(duration, |text| ScheduleError::Duration { text });
    }
    for unreadable in [
        "",
        "every 3 years",
        "every 2 weeks",
        "daily",
        "@reboot",
        "2026-01-01",
    ] {
        is(unreadable, |text| ScheduleError::Unreadable { text });
    }
}

#[test]
fn texts_that_are_too_long() {
    let words = format!("every day at noon{}", " and 1".repeat(100));
    let expected = ScheduleError::TooLong {
        length: words.len(),
        limit: 256,
    };
    assert_eq!(refusal(&words), expected);
    let cron = format!("0{} * * * *", ",0".repeat(1000));
    let expected = ScheduleError::TooLong {
        length: cron.len(),
        limit: 1024,
    };
    assert_eq!(refusal(&cron), expected);
    let longest = format!("0{} * * * *", ",0".repeat(500));
    assert_eq!(
        Schedule::parse(&longest, &TimeZone::UTC)
            .unwrap()
            .to_string(),
        "0 * * * *"
    );
}

fn wrong_field(text: &str) -> (&'static str, String) {
    match refusal(text) {
        ScheduleError::Field { field, value, .. } => (field, value),
        other => panic!("not about a field: {other}"),
    }
}

fn refusal(text: &str) -> ScheduleError {
    Schedule::parse(text, &TimeZone::UTC).unwrap_err()
}
