use std::time::Duration;

/// How messages are found and kept. The defaults are those of the Rails gem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Time between two looks for new messages. Commits that the database itself tells of are looked at at once.
    pub polling_interval: Duration,
    /// How long messages are kept.
    pub message_retention: Duration,
    /// Whether broadcasts trim the table now and then.
    pub autotrim: bool,
    /// Messages deleted at a time. Two of so many broadcasts trim, so that the table shrinks even while messages
    /// flow.
    pub trim_batch_size: u32,
    /// What keeps applications apart that share a table: their channels are `prefix:stream`.
    pub channel_prefix: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            polling_interval: Duration::from_millis(100),
            message_retention: Duration::from_hours(24),
            autotrim: true,
            trim_batch_size: 100,
            channel_prefix: None,
        }
    }
}
