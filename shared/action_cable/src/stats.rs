use std::time::Duration;

/// What a server is doing, for health checks and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Open connections.
    pub connections: usize,
    /// Subscriptions of open connections, confirmed or about to be.
    pub subscriptions: usize,
    /// Streams that somebody in this process streams from.
    pub streams: usize,
    /// Messages handed to connections since the start, once for each subscription.
    pub delivered: u64,
    /// The part of the adapter that listens for messages.
    pub listener: ListenerStatus,
}

/// How an adapter's listener is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerStatus {
    /// What it is doing.
    pub state: ListenerState,
    /// How long ago it last looked for messages with success; `None` before the first time.
    pub since_poll: Option<Duration>,
    /// How long the last message took from its broadcast to its delivery.
    pub lag: Duration,
}

/// What an adapter's listener is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerState {
    /// Nobody started it, or it does not know yet from where to listen.
    Starting,
    /// It hands on what arrives.
    Listening,
    /// Its last look failed; it tries again.
    Failing,
    /// It was asked to stop.
    Stopped,
}
