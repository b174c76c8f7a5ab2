use std::time::Duration;

/// How messages are found and kept. The defaults are those of the Rails gem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Time between two looks for new messages. Commits that the database itself tells of are looked at at once.
    pub polling_interval: Duration,
    /// How long messages are kept.
    pub message_retention: Duration,
    /// Whether older messages are deleted: by a task beside the listener, or, in a process that only broadcasts, after
    /// some broadcasts.
    pub autotrim: bool,
    /// Messages deleted at once. A listener deletes several such batches in a transaction, for a few milliseconds; where
    /// there is none, two of so many broadcasts have one deleted.
    pub trim_batch_size: u32,
    /// The first pauses after looks that failed. The next ones grow up to two seconds; the listener never gives up.
    pub reconnect_pauses: Vec<Duration>,
    /// What keeps applications apart that share a table: their channels are `prefix:stream`.
    pub channel_prefix: Option<String>,
    /// A look for messages that takes longer hangs: the listener counts as failing, and is started again.
    pub hang_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            polling_interval: Duration::from_millis(100),
            message_retention: Duration::from_hours(24),
            autotrim: true,
            trim_batch_size: 100,
            reconnect_pauses: vec![Duration::ZERO],
            channel_prefix: None,
            hang_timeout: Duration::from_secs(10),
        }
    }
}
