use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The state of a job: which table has a row for it.
///
/// ```
/// use solid_queue::manage::Status;
///
/// assert_eq!("failed".parse(), Ok(Status::Failed));
/// assert_eq!("running".parse(), Ok(Status::Claimed));
/// assert!("gone".parse::<Status>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It waits for its time.
    Scheduled,
    /// It waits for a worker.
    Ready,
    /// It waits for a place in a concurrency limit.
    Blocked,
    /// A worker has it.
    Claimed,
    /// It ended with an error, and is kept for people to look at.
    Failed,
    /// It is done, and kept until it is cleared.
    Finished,
    /// It is in no table: somebody deleted its row. Nothing will ever move it; it can be discarded.
    Stray,
}

/// The text names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected scheduled, ready, blocked, claimed (or running), failed or finished, got `{text}`"
)]
pub struct ParseStatusError {
    text: String,
}

impl Status {
    /// Those in which a job normally is.
    pub const ALL: [Self; 6] = [
        Self::Scheduled,
        Self::Ready,
        Self::Blocked,
        Self::Claimed,
        Self::Failed,
        Self::Finished,
    ];

    /// Its name, as the tables have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Claimed => "claimed",
            Self::Failed => "failed",
            Self::Finished => "finished",
            Self::Stray => "stray",
        }
    }

    /// Whether a job in this state can be discarded: one that runs is to be cancelled, one that is done to be cleared.
    pub fn is_discardable(self) -> bool {
        !matches!(self, Self::Claimed | Self::Finished)
    }

    /// Whether a job in this state waits for something.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Scheduled | Self::Ready | Self::Blocked)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = ParseStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "running" {
            return Ok(Self::Claimed);
        }
        let mut all = Self::ALL.into_iter().chain([Self::Stray]);
        all.find(|status| status.name() == text)
            .ok_or_else(|| ParseStatusError { text: text.into() })
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
