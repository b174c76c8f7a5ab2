#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Nothing panics, whatever the text and the moment are.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use schedule::Schedule;

const READINGS: &str = include_str!("fixtures/readings.tsv");
const LETTERS: &[char] = &[
    ' ', '\t', '\n', ',', '-', '/', '*', '#', '%', '+', '&', ':', '@', '~', '.', '\'', '0', '1',
    '2', '3', '5', '9', 'a', 'A', 'L', 'M', 'Z', 'm', 'p', 'é', 'ſ', '漢', '🦀', '\0',
];
const SEED: u64 = 20_190_101;

#[test]
fn survives_schedules_with_typos() {
    let mut random = SmallRng::seed_from_u64(SEED);
    let known: Vec<&str> = READINGS
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let mut read = 0;
    for _ in 0..5000 {
        let mut text: Vec<char> = known[random.random_range(0..known.len())].chars().collect();
        for _ in 0..random.random_range(1..4) {
            spoil(&mut text, &mut random);
        }
        read += usize::from(survives(&String::from_iter(text), &mut random));
    }
    assert!(read > 100, "only {read} were schedules");
}

#[test]
fn survives_noise() {
    let mut random = SmallRng::seed_from_u64(SEED);
    for _ in 0..5000 {
        let length = random.random_range(0..40);
        let letters = (0..length).map(|_| LETTERS[random.random_range(0..LETTERS.len())]);
        let text = letters.collect::<String>();
        survives(&text, &mut random);
    }
}

fn spoil(text: &mut Vec<char>, random: &mut SmallRng) {
    let at = random.random_range(0..=text.len());
    let letter = LETTERS[random.random_range(0..LETTERS.len())];
    match random.random_range(0..3) {
        0 => text.insert(at, letter),
        1 => text.truncate(at.max(1)),
        _ if at < text.len() => text[at] = letter,
        _ => text.push(letter),
    }
}

/// Whether it is a schedule; then it reads its own cron, and its occurrences lie around the moment.
fn survives(text: &str, random: &mut SmallRng) -> bool {
    let zone = TimeZone::get("America/Havana").unwrap();
    let Ok(schedule) = Schedule::parse(text, &zone) else {
        return false;
    };
    assert_eq!(
        Schedule::parse(&schedule.to_string(), &zone).unwrap(),
        schedule,
        "{text:?}"
    );
    let moment = Timestamp::new(
        random.random_range(0..4_000_000_000),
        random.random_range(0..1_000_000_000),
    );
    let moment = moment.unwrap();
    assert!(
        schedule.next_after(moment).is_none_or(|next| next > moment),
        "{text:?}"
    );
    assert!(
        schedule
            .previous_before(moment)
            .is_none_or(|previous| previous < moment),
        "{text:?}"
    );
    true
}
