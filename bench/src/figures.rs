//! Figures as they stand in the results.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

/// One figure in each round.
#[derive(Serialize)]
pub(crate) struct Rounds {
    pub(crate) median: f64,
    rounds: Vec<f64>,
}

impl Rounds {
    pub(crate) fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let rounds: Vec<f64> = rounds.into_iter().map(tenths).collect();
        let mut sorted = rounds.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        Self { median, rounds }
    }

    /// The ratio of the medians.
    pub(crate) fn ratio_to(&self, baseline: &Self) -> f64 {
        hundredths(self.median / baseline.median)
    }
}

pub(crate) fn per_second(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}

/// What one of so many costs, in microseconds. Others on the machine make it take longer, but hardly make it cost more.
pub(crate) fn microseconds_each(count: u32, seconds: f64) -> f64 {
    seconds * 1_000_000.0 / f64::from(count)
}

fn tenths(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

pub(crate) fn hundredths(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// A goal that is reached with more.
pub(crate) fn at_least(goal: f64, measured: f64) -> Value {
    json!({ "at_least": goal, "measured": measured, "reached": measured >= goal })
}

/// A goal that is reached with less.
pub(crate) fn at_most(goal: f64, measured: f64) -> Value {
    json!({ "at_most": goal, "measured": measured, "reached": measured <= goal })
}
