use std::fmt;

use serde::Serialize;

/// Jobs are counted up to here: beyond, the exact number is of no use and takes long to find.
pub const COUNT_LIMIT: u64 = 500_000;

/// How many jobs there are.
///
/// ```
/// use solid_queue::manage::Count;
///
/// assert_eq!(Count::exactly(1_204).to_string(), "1,204");
/// assert_eq!(Count::more_than(500_000).to_string(), "500,000+");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// So many, at least.
    pub jobs: u64,
    /// Whether there are more.
    pub more: bool,
}

impl Count {
    /// So many.
    pub fn exactly(jobs: u64) -> Self {
        Self { jobs, more: false }
    }

    /// More than so many.
    pub fn more_than(jobs: u64) -> Self {
        Self { jobs, more: true }
    }

    /// What was counted, up to one beyond the limit.
    pub(crate) fn up_to(limit: u64, counted: i64) -> Self {
        let counted = u64::try_from(counted).unwrap_or(0);
        if counted > limit {
            Self::more_than(limit)
        } else {
            Self::exactly(counted)
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.jobs.to_string();
        let mut at = text.len();
        while at > 3 {
            at -= 3;
            text.insert(at, ',');
        }
        if self.more {
            text.push('+');
        }
        f.pad(&text)
    }
}
