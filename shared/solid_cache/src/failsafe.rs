//! Where every failure of the cache ends: the caller sees a miss, the operator a line in the log.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use db::DbError;

use crate::encryption::EncryptionError;
use crate::entry::DecodeError;
use crate::stats::Counters;

/// A kind of failure is reported at most so often, lest a broken disk floods the log.
const SILENCE: Duration = Duration::from_mins(1);

/// What can go wrong in a cache.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("a cache key must not be blank")]
    BlankKey,
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("the value cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    #[error("the stored value is not of the type that was asked for")]
    WrongType(#[source] serde_json::Error),
    #[error("the stored value cannot be read")]
    Undecodable(#[from] DecodeError),
    #[error("the stored value is not text")]
    NotText,
    #[error("the stored value is not a number")]
    NotANumber,
    #[error("the number would not fit into 64 bits")]
    Overflow,
    #[error("nothing may be evicted to make room for it")]
    Full,
    #[error("the value cannot be written as MessagePack")]
    Unpackable(#[source] rmp_serde::encode::Error),
    #[error("the stored value is not of the type that was asked for")]
    WrongPacked(#[source] rmp_serde::decode::Error),
    #[error("the stored value is encrypted otherwise")]
    Encryption(#[from] EncryptionError),
    /// Reported already.
    #[error("the file was broken and is replaced")]
    Healed,
}

impl Failure {
    /// Failures of one kind are reported together.
    fn kind(&self) -> &'static str {
        match self {
            Self::BlankKey => "blank_key",
            Self::Store(error) => store_kind(error),
            Self::Unwritable(_) | Self::Unpackable(_) => "unwritable",
            Self::WrongType(_) | Self::WrongPacked(_) => "wrong_type",
            Self::Undecodable(_) => "undecodable",
            Self::NotText => "not_text",
            Self::NotANumber => "not_a_number",
            Self::Overflow => "overflow",
            Self::Full => "full",
            Self::Encryption(_) => "encryption",
            Self::Healed => "healed",
        }
    }
}

fn store_kind(error: &DbError) -> &'static str {
    match error.root() {
        DbError::Locked { .. } => "locked",
        DbError::Overloaded { .. } => "overloaded",
        DbError::Open { .. } | DbError::Pool(_) => "unavailable",
        DbError::Panicked(_) => "panicked",
        DbError::ShutDown => "shut_down",
        error if error.is_full() => "disk_full",
        _ => "query",
    }
}

#[derive(Debug, Default)]
pub(crate) struct Failsafe {
    reported: Mutex<HashMap<&'static str, Report>>,
}

#[derive(Debug)]
struct Report {
    at: Instant,
    unreported: u64,
}

impl Failsafe {
    /// The value, or `None` once the failure has been counted and reported.
    pub(crate) fn rescue<T>(
        &self,
        operation: &'static str,
        outcome: Result<T, Failure>,
        counters: &Counters,
    ) -> Option<T> {
        outcome
            .inspect_err(|failure| {
                counters.failed();
                self.report(operation, failure);
            })
            .ok()
    }

    fn report(&self, operation: &'static str, failure: &Failure) {
        if matches!(failure, Failure::Healed) {
            return;
        }
        let Some(unreported) = self.due(failure.kind()) else {
            return;
        };
        tracing::warn!(
            cache.operation = operation,
            cache.failure = failure.kind(),
            cache.unreported = unreported,
            error = chain(failure),
            "the cache failed; the caller goes on without it"
        );
    }

    /// How many failures of this kind nobody was told of; `None` while it is too early to tell again.
    fn due(&self, kind: &'static str) -> Option<u64> {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let Some(last) = reported.get_mut(kind) else {
            reported.insert(
                kind,
                Report {
                    at: now,
                    unreported: 0,
                },
            );
            return Some(0);
        };
        if now.duration_since(last.at) < SILENCE {
            last.unreported += 1;
            return None;
        }
        last.at = now;
        Some(std::mem::take(&mut last.unreported))
    }
}

fn chain(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_failure_is_reported_once_and_then_counted() {
        let failsafe = Failsafe::default();
        assert_eq!(failsafe.due("locked"), Some(0));
        assert_eq!(failsafe.due("locked"), None);
        assert_eq!(failsafe.due("locked"), None);
        assert_eq!(failsafe.due("query"), Some(0));
        let reported = failsafe.reported.lock().unwrap();
        assert_eq!(reported["locked"].unreported, 2);
    }

    #[test]
    fn every_failure_is_counted_and_becomes_nothing() {
        let (failsafe, counters) = (Failsafe::default(), Counters::default());
        for _ in 0..3 {
            let rescued = failsafe.rescue::<()>("cache.read", Err(Failure::BlankKey), &counters);
            assert_eq!(rescued, None);
        }
        assert_eq!(failsafe.rescue("cache.read", Ok(1), &counters), Some(1));
        assert_eq!(counters.snapshot().failures, 3);
    }
}
