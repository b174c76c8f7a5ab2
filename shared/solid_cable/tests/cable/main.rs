//! The adapter over real files, with several "processes" on one of them.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod adapters;
mod history;
mod listener;
mod metrics;
mod prefix;
mod recovery;
mod rows;
mod supervision;
mod support;
mod trim;
mod whole;
