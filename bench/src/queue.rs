//! Benchmarks of the queue alone, beside SQLite without us.

mod bare;
pub(crate) mod depth;
mod drain;
pub(crate) mod enqueue;
mod file;
pub(crate) mod idle;
pub(crate) mod latency;
mod probe;
pub(crate) mod work;
pub(crate) mod worker;

/// How much to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Scale {
    /// Only see that it works: the figures say nothing.
    #[arg(long)]
    quick: bool,
}

impl Scale {
    fn choose<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}
