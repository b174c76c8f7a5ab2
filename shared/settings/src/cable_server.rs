use std::time::Duration;

use action_cable::{Config, TrustedProxies};
use serde::{Deserialize, Deserializer, de};

use crate::quantity::{Span, longer_than_zero, within};

/// The largest number of bytes that a limit may have.
const MOST_BYTES: i64 = 1 << 30;

/// `server` in a section of `cable.yml`: how the sockets are served.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "path")]
    mount_path: String,
    #[serde(deserialize_with = "optional_path")]
    events_path: Option<String>,
    allow_same_origin_as_host: bool,
    disable_request_forgery_protection: bool,
    reject_unknown_channels: bool,
    #[serde(deserialize_with = "longer_than_zero")]
    ping_interval: Span,
    #[serde(deserialize_with = "longer_than_zero")]
    handshake_timeout: Span,
    close_timeout: Span,
    drain_timeout: Span,
    sessions_ttl: Span,
    presence_ttl: Span,
    /// None, and none when it is 0.
    pong_timeout: Option<Span>,
    idle_timeout: Option<Span>,
    #[serde(deserialize_with = "within::<1, 10_000_000, _, _>")]
    max_connections: usize,
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    max_subscriptions: usize,
    #[serde(deserialize_with = "within::<1, MOST_BYTES, _, _>")]
    max_message_size: usize,
    #[serde(deserialize_with = "within::<1, MOST_BYTES, _, _>")]
    max_identifier_size: usize,
    #[serde(deserialize_with = "within::<1, MOST_BYTES, _, _>")]
    outgoing_queue_size: usize,
    #[serde(deserialize_with = "within::<1, MOST_BYTES, _, _>")]
    pub(crate) max_broadcast_size: usize,
}

impl Default for File {
    fn default() -> Self {
        let usual = Config::default();
        Self {
            mount_path: usual.mount_path,
            events_path: usual.events_path,
            allow_same_origin_as_host: usual.allow_same_origin_as_host,
            disable_request_forgery_protection: usual.disable_request_forgery_protection,
            reject_unknown_channels: usual.reject_unknown_channels,
            ping_interval: Span(usual.ping_interval),
            handshake_timeout: Span(usual.handshake_timeout),
            close_timeout: Span(usual.close_timeout),
            drain_timeout: Span(usual.drain_timeout),
            sessions_ttl: Span(usual.sessions_ttl),
            presence_ttl: Span(usual.presence_ttl),
            pong_timeout: usual.pong_timeout.map(Span),
            idle_timeout: usual.idle_timeout.map(Span),
            max_connections: usual.max_connections,
            max_subscriptions: usual.max_subscriptions,
            max_message_size: usual.max_message_size,
            max_identifier_size: usual.max_identifier_size,
            outgoing_queue_size: usual.outgoing_queue_size,
            max_broadcast_size: 1024 * 1024,
        }
    }
}

/// Which pages may open a socket, beside those of the socket's own host and port.
pub(crate) struct Pages<'a> {
    /// `ALLOWED_ORIGINS`.
    pub(crate) origins: Option<&'a str>,
    /// Where the web process serves pages, when there are no such origins. `WEB_PORT` says it in a process whose own
    /// `PORT` is another one, as those of a Procfile have it.
    pub(crate) port: u16,
}

impl File {
    pub(crate) fn resolve(self, pages: &Pages<'_>, trusted_proxies: TrustedProxies) -> Config {
        let seconds = |Span(span): Span| -> Duration { span };
        let limit = |Span(span): Span| (!span.is_zero()).then_some(span);
        Config {
            allowed_request_origins: pages.allowed(),
            same_host_ports: pages.ports(),
            trusted_proxies,
            mount_path: self.mount_path,
            events_path: self.events_path,
            allow_same_origin_as_host: self.allow_same_origin_as_host,
            disable_request_forgery_protection: self.disable_request_forgery_protection,
            reject_unknown_channels: self.reject_unknown_channels,
            ping_interval: seconds(self.ping_interval),
            handshake_timeout: seconds(self.handshake_timeout),
            close_timeout: seconds(self.close_timeout),
            drain_timeout: seconds(self.drain_timeout),
            sessions_ttl: seconds(self.sessions_ttl),
            presence_ttl: seconds(self.presence_ttl),
            pong_timeout: self.pong_timeout.and_then(limit),
            idle_timeout: self.idle_timeout.and_then(limit),
            max_connections: self.max_connections,
            max_subscriptions: self.max_subscriptions,
            max_message_size: self.max_message_size,
            max_identifier_size: self.max_identifier_size,
            outgoing_queue_size: self.outgoing_queue_size,
        }
    }
}

impl Pages<'_> {
    fn allowed(&self) -> Vec<String> {
        let Some(list) = self.origins else {
            return ["localhost", "127.0.0.1"]
                .map(|host| http_origin(host, self.port))
                .into();
        };
        let origins = list.split(',').map(str::trim);
        let named = origins.filter(|origin| !origin.is_empty());
        named.map(str::to_owned).collect()
    }

    fn ports(&self) -> Vec<u16> {
        match self.origins {
            Some(_) => Vec::new(),
            None => vec![self.port],
        }
    }
}

/// As browsers write it: without the port that the scheme has anyway.
fn http_origin(host: &str, port: u16) -> String {
    match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    }
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    path_of(String::deserialize(deserializer)?)
}

fn path_of<E: de::Error>(text: String) -> Result<String, E> {
    if text.starts_with('/') {
        Ok(text)
    } else {
        Err(E::custom(format!(
            "expected a path such as `/cable`, got `{text}`"
        )))
    }
}

/// None where it is empty or null.
fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let path = Option::<String>::deserialize(deserializer)?.filter(|path| !path.is_empty());
    path.map(path_of).transpose()
}
