#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! When Fugit's crons occur, ours do: over changes of clocks, ends of months and leap years, both ways.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schedule::Schedule;

const TIMES: &str = include_str!("fixtures/times.tsv");

#[test]
fn occurs_when_fugit_says() {
    let rows: Vec<&str> = TIMES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let wrong: Vec<String> = rows.iter().filter_map(|row| difference(row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() > 1000);
}

fn difference(row: &str) -> Option<String> {
    let columns: Vec<&str> = row.split('\t').collect();
    let [zone, text, from, next, previous] = columns[..] else {
        panic!("not five columns: {row}");
    };
    let schedule = Schedule::parse(text, &TimeZone::get(zone).unwrap()).unwrap();
    let from: Timestamp = from.parse().unwrap();
    let got_next = chain(from, |moment| schedule.next_after(moment));
    let got_previous = chain(from, |moment| schedule.previous_before(moment));
    let is_right = (next, previous) == (&got_next, &got_previous);
    (!is_right).then(|| format!("{row}\n got {got_next}\n and {got_previous}"))
}

fn chain(from: Timestamp, step: impl Fn(Timestamp) -> Option<Timestamp>) -> String {
    let found = |moment: &Option<Timestamp>| Some(step((*moment)?));
    let chain = std::iter::successors(Some(Some(from)), found).skip(1);
    let texts = chain.take(3).map(|moment| match moment {
        Some(moment) => moment.to_string(),
        None => "never".into(),
    });
    texts.collect::<Vec<_>>().join(" ")
}
