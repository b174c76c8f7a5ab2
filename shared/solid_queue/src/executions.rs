//! The states of a job: each is a table, and each move between them is one transaction.

pub(crate) mod claimed;
pub(crate) mod failed;
pub(crate) mod ready;
pub(crate) mod scheduled;
