//! The frames of `actioncable-v1-json`. Source: `actioncable` 8.1 (`connection/base.rb`, `channel/base.rb`,
//! `internal.rb`) and the JavaScript client.
//!
//! An identifier is opaque: it is echoed as it came, and kept here in its quoted form, ready for frames.

use std::borrow::Cow;

use serde::Deserialize;

use crate::frame::Frame;

/// What the server accepts in `Sec-WebSocket-Protocol`. The client offers the second so that a server that knows
/// neither still opens the socket; it closes a connection that chose it.
pub(crate) const PROTOCOLS: [&str; 2] = ["actioncable-v1-json", "actioncable-unsupported"];

/// A frame from a client.
#[derive(Debug, Deserialize)]
pub(crate) struct ClientFrame<'a> {
    #[serde(borrow, default)]
    pub(crate) command: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) data: Option<Cow<'a, str>>,
}

/// The part of an identifier that the server itself understands.
#[derive(Deserialize)]
pub(crate) struct Identifier<'a> {
    #[serde(borrow)]
    pub(crate) channel: Cow<'a, str>,
}

/// Why the server ends a connection, and whether the client shall come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnect {
    Unauthorized,
    TokenExpired,
    InvalidRequest,
    ServerRestart,
    Remote { reconnect: bool },
    TooSlow,
}

impl Disconnect {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            // AnyCable's.
            Self::TokenExpired => "token_expired",
            Self::InvalidRequest => "invalid_request",
            Self::ServerRestart => "server_restart",
            Self::Remote { .. } => "remote",
            // Rails has no such limit; the name is AnyCable's.
            Self::TooSlow => "too_slow",
        }
    }

    pub(crate) fn reconnect(self) -> bool {
        match self {
            Self::Unauthorized | Self::TokenExpired => false,
            Self::Remote { reconnect } => reconnect,
            Self::InvalidRequest | Self::ServerRestart | Self::TooSlow => true,
        }
    }

    pub(crate) fn frame(self) -> Frame {
        let (reason, reconnect) = (self.reason(), self.reconnect());
        Frame::text(&[&format!(
            r#"{{"type":"disconnect","reason":"{reason}","reconnect":{reconnect}}}"#
        )])
    }
}

pub(crate) fn welcome() -> Frame {
    Frame::text(&[r#"{"type":"welcome"}"#])
}

pub(crate) fn ping(unix_seconds: u64) -> Frame {
    Frame::text(&[&format!(r#"{{"type":"ping","message":{unix_seconds}}}"#)])
}

pub(crate) fn confirm(identifier: &str) -> Frame {
    Frame::text(&[
        r#"{"identifier":"#,
        identifier,
        r#","type":"confirm_subscription"}"#,
    ])
}

pub(crate) fn reject(identifier: &str) -> Frame {
    Frame::text(&[
        r#"{"identifier":"#,
        identifier,
        r#","type":"reject_subscription"}"#,
    ])
}

/// `payload` must be JSON: it becomes part of the frame as it is.
pub(crate) fn message(identifier: &str, payload: &str) -> Frame {
    Frame::text(&[
        r#"{"identifier":"#,
        identifier,
        r#","message":"#,
        payload,
        "}",
    ])
}
