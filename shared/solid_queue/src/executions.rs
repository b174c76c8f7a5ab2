//! The state of a job is the table that has a row for it: one file for each.

pub(crate) mod blocked;
pub(crate) mod claimed;
pub(crate) mod failed;
pub(crate) mod ready;
pub(crate) mod recurring;
pub(crate) mod scheduled;
