//! The limits of one job, with their whole keys, as `trifecta_job_limits` keeps them.

use db::Timestamp;
use std::time::Duration;

use crate::Controls;
use crate::controls::{Concurrency, OnConflict, OnDuplicate, RateLimit, States, Unique};

/// A limit that a job stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) kind: LimitKind,
    pub(crate) key: String,
    /// Jobs at once, or starts in the period.
    pub(crate) most: i64,
    /// How long the semaphore lasts, or the time in which so many may start.
    pub(crate) period: Duration,
    pub(crate) on_conflict: OnConflict,
    /// Whether the job took its place.
    pub(crate) held: bool,
    /// Whether the job was given its place in the order of starts.
    pub(crate) reserved: bool,
    /// Whether nobody here knows the limit: it is that of a class of Ruby, of which Rails stores no more than the key.
    pub(crate) is_guess: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitKind {
    Concurrency,
    Rate,
}

/// A key of which there is to be one job only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UniqueKey {
    pub(crate) key: String,
    pub(crate) states: States,
    pub(crate) within: Option<Duration>,
    pub(crate) on_duplicate: OnDuplicate,
}

impl LimitKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Rate => "rate",
        }
    }
}

impl Limit {
    pub(crate) fn is_concurrency(&self) -> bool {
        self.kind == LimitKind::Concurrency
    }

    /// The limit of a class that only Ruby knows. One job at a time is right whatever the limit is.
    pub(crate) fn guess(key: &str) -> Self {
        Self {
            is_guess: true,
            ..Self::concurrency("", &Concurrency::group_alone().group(key))
        }
    }

    /// The same for the next attempt of the job. It waits for its place: a job that was accepted is not dropped.
    pub(crate) fn anew(&self) -> Self {
        Self {
            on_conflict: OnConflict::Block,
            held: false,
            reserved: false,
            ..self.clone()
        }
    }

    /// Takes over what another version of the limit says about the same key.
    pub(crate) fn update(&mut self, latest: &[Self]) {
        let is_same = |it: &&Self| it.kind == self.kind && it.key == self.key;
        if let Some(latest) = latest.iter().find(is_same) {
            self.most = latest.most;
            self.period = latest.period;
        }
    }

    /// All limits among the controls, each key once.
    pub(crate) fn all(class_name: &str, controls: &Controls) -> Vec<Self> {
        let concurrency = controls.concurrency.iter();
        let all = concurrency
            .map(|limit| Self::concurrency(class_name, limit))
            .chain(controls.rates.iter().map(Self::rate));
        let mut limits: Vec<Self> = Vec::new();
        for limit in all {
            let is_same = |it: &Self| it.kind == limit.kind && it.key == limit.key;
            if !limits.iter().any(is_same) {
                limits.push(limit);
            }
        }
        limits
    }

    fn concurrency(class_name: &str, of: &Concurrency) -> Self {
        let group = of.group.as_deref().unwrap_or(class_name);
        Self {
            kind: LimitKind::Concurrency,
            key: match &of.key {
                Some(key) => format!("{group}/{key}"),
                None => group.to_owned(),
            },
            most: of.to.into(),
            period: of.duration,
            on_conflict: of.on_conflict,
            held: false,
            reserved: false,
            is_guess: false,
        }
    }

    fn rate(of: &RateLimit) -> Self {
        Self {
            kind: LimitKind::Rate,
            key: of.key.clone(),
            most: of.limit.into(),
            period: of.period,
            on_conflict: OnConflict::Block,
            held: false,
            reserved: false,
            is_guess: false,
        }
    }
}

impl UniqueKey {
    pub(crate) fn new(class_name: &str, of: &Unique) -> Self {
        Self {
            key: format!("{class_name}/{}", of.key),
            states: of.states,
            within: of.within,
            on_duplicate: of.on_duplicate,
        }
    }

    /// Until when a job that was enqueued at this moment keeps others out, once its row is gone.
    pub(crate) fn keep_until(&self, enqueued_at: Timestamp) -> Option<Timestamp> {
        let period = self
            .within
            .filter(|_| self.states.contains(States::FINISHED))?;
        Some(enqueued_at.after(period))
    }
}
