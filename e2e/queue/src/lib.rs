//! Faults of the job queue, over real processes: kills, stops, a full disk, a held lock, a wrong clock, bad jobs.
//!
//! The program `queue-faults` works, enqueues, or holds the lock. The tests start several of it on one file, make
//! trouble, and judge by what the jobs wrote into journals and by what is left in the file.
#![warn(missing_docs)]

mod control;
mod database;
pub mod jobs;
mod journal;
mod program;
mod runs;
mod scene;

pub use control::{Control, WriteError};
pub use journal::{Journal, monotonic};
pub use program::Program;
pub use runs::{Killed, Run, Runs};
pub use scene::Scene;
