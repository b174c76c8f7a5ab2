//! The tables that are no states of a job.

pub(crate) mod job;
pub(crate) mod pause;
pub(crate) mod process;
