use db::Timestamp;

use super::Status;

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) class_name: Option<String>,
    pub(crate) queue_name: Option<String>,
    /// From the first moment until before the second.
    pub(crate) finished: Option<(Timestamp, Timestamp)>,
    pub(crate) task_key: Option<String>,
    pub(crate) process_id: Option<i64>,
    pub(crate) batch_id: Option<i64>,
    pub(crate) text: Option<String>,
    /// The last row of the state's table: none that came into the state later.
    pub(crate) newest: Option<i64>,
}

impl Filter {
    pub(crate) fn of(status: Status) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }
}
