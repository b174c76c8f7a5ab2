use std::time::Duration;

use crate::TrustedProxies;

/// How a [`crate::Server`] behaves. The defaults are those of Rails, with limits where Rails has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the socket is mounted.
    pub mount_path: String,
    /// Where the same is to be had as server-sent events; `None` for nowhere.
    pub events_path: Option<String>,
    /// Origins that may connect besides the server's own: `scheme://host[:port]`, where `*` stands for any characters
    /// but `/`. A lone `*` allows every origin.
    pub allowed_request_origins: Vec<String>,
    /// Whether a page may connect to the host that it came from.
    pub allow_same_origin_as_host: bool,
    /// Ports from which a page of the server's own host name may connect besides: those of the processes that serve the
    /// pages, where the socket has a port of its own. An origin without a port has that of its scheme, 80 or 443.
    pub same_host_ports: Vec<u16>,
    /// The proxies whose `X-Forwarded-Host` and `X-Forwarded-Proto` tell the server's own origin. They must set both, or
    /// take out what a client has set.
    pub trusted_proxies: TrustedProxies,
    /// Accept any origin, and requests without one.
    pub disable_request_forgery_protection: bool,
    /// Answer a subscription to an unknown channel with `reject_subscription`. Rails gives no answer, whereupon the
    /// stock client asks again every 500 ms, for ever.
    pub reject_unknown_channels: bool,
    /// Time between two pings. The stock client takes a connection for dead after 6 s of silence.
    pub ping_interval: Duration,
    /// Connections at once; one more is refused with status 503.
    pub max_connections: usize,
    /// Subscriptions of one connection; one more is rejected.
    pub max_subscriptions: usize,
    /// Bytes of a message from a client; a longer one ends the connection.
    pub max_message_size: usize,
    /// Bytes of a subscription's identifier, which is kept as long as the subscription; a longer one is rejected.
    pub max_identifier_size: usize,
    /// Bytes that may wait for a client to read them, beside the longest message that waits: one is always taken, however
    /// long it is. A client that reads more slowly than its streams flow is disconnected. The bytes of a broadcast are in
    /// memory once, for however many clients they wait.
    pub outgoing_queue_size: usize,
    /// How long a client that was cut off may come back to its subscriptions, with the secret that its welcome told it:
    /// AnyCable's session restore. For `actioncable-v1-ext-json`; zero for not at all.
    pub sessions_ttl: Duration,
    /// How long a client that was cut off counts as present.
    pub presence_ttl: Duration,
    /// How long a client of `actioncable-v1-ext-json` may leave pings unanswered; `None` for as long as it likes. Only for
    /// clients that are set to answer.
    pub pong_timeout: Option<Duration>,
    /// How long a client may have no subscription; `None` for as long as it likes.
    pub idle_timeout: Option<Duration>,
    /// How long the identification of a new connection may take.
    pub handshake_timeout: Duration,
    /// Over how long a shutdown spreads the ends of the connections, at most, so that not all clients come again in the
    /// same moment.
    pub drain_timeout: Duration,
    /// How long a shutdown waits for the clients to read what still waits for them.
    pub close_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mount_path: "/cable".into(),
            events_path: Some("/events".into()),
            allowed_request_origins: Vec::new(),
            allow_same_origin_as_host: true,
            same_host_ports: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            disable_request_forgery_protection: false,
            reject_unknown_channels: true,
            ping_interval: Duration::from_secs(3),
            max_connections: 10_000,
            max_subscriptions: 1_000,
            max_message_size: 64 * 1024,
            max_identifier_size: 4 * 1024,
            outgoing_queue_size: 4 * 1024 * 1024,
            sessions_ttl: Duration::from_mins(5),
            presence_ttl: Duration::from_secs(15),
            pong_timeout: None,
            idle_timeout: None,
            handshake_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
        }
    }
}
