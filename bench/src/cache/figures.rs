//! Ways beside each other, some of which may be missing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::figures::{Rounds, at_least};

/// How many a second, by the name of the way.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Figures(BTreeMap<&'static str, Rounds>);

/// The least that the ratio of two ways should be.
pub(crate) struct Goal {
    pub(crate) way: &'static str,
    pub(crate) to: &'static str,
    pub(crate) at_least: f64,
}

impl Figures {
    /// Of the rounds of each way; a way that some round left out is left out.
    pub(crate) fn of(runs: impl IntoIterator<Item = (&'static str, Vec<Option<f64>>)>) -> Self {
        let figures = runs.into_iter().filter_map(|(name, rounds)| {
            let rounds: Vec<f64> = rounds.into_iter().collect::<Option<_>>()?;
            Some((name, Rounds::of(rounds)))
        });
        Self(figures.collect())
    }

    pub(crate) fn goals(&self, goals: &[Goal]) -> Value {
        self.each(goals, |goal, ratio| at_least(goal.at_least, ratio))
    }

    pub(crate) fn ratios(&self, goals: &[Goal]) -> Value {
        self.each(goals, |_, ratio| json!(ratio))
    }

    fn each(&self, goals: &[Goal], say: impl Fn(&Goal, f64) -> Value) -> Value {
        let said = goals.iter().filter_map(|goal| {
            let (way, to) = (self.0.get(goal.way)?, self.0.get(goal.to)?);
            let name = format!("{}_to_{}", goal.way, goal.to);
            Some((name, say(goal, way.ratio_to(to))))
        });
        Value::Object(said.collect::<Map<_, _>>())
    }
}
