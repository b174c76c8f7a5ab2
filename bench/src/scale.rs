/// How much to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Scale {
    /// Only see that it works: the figures say nothing.
    #[arg(long)]
    quick: bool,
}

impl Scale {
    pub(crate) fn choose<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}
