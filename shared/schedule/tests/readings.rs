#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What Fugit makes of each schedule, we make of it.

use jiff::tz::TimeZone;
use schedule::{Schedule, ScheduleError};

const READINGS: &str = include_str!("fixtures/readings.tsv");

#[test]
fn reads_what_fugit_reads_and_refuses_what_it_refuses() {
    let wrong: Vec<String> = readings().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(readings().count() > 500);
}

#[test]
fn reads_canonical_strings_as_what_they_were() {
    for (text, cron) in readings().filter(|(_, cron)| *cron != "refused") {
        let schedule = parse(text).unwrap();
        assert_eq!(parse(cron).unwrap(), schedule, "{text}");
        assert_eq!(schedule.to_string(), cron);
    }
}

fn readings() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = READINGS.lines().filter(|line| !line.starts_with("# "));
    lines.map(|line| line.split_once('\t').unwrap())
}

fn difference((text, expected): (&str, &str)) -> Option<String> {
    let got = parse(text).map_or("refused".to_owned(), |schedule| schedule.to_cron_string());
    (got != expected).then(|| format!("`{text}`: expected {expected}, got {got}"))
}

fn parse(text: &str) -> Result<Schedule, ScheduleError> {
    Schedule::parse(text, &TimeZone::UTC)
}
