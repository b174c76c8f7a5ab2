//! The frames of `actioncable-v1-json` (source: `actioncable` 8.1, `connection/base.rb`, `channel/base.rb`,
//! `internal.rb` and the JavaScript client) and of `actioncable-v1-ext-json` (source: AnyCable's "Extended Action Cable
//! protocol" and the client `@anycable/core` 1.1).
//!
//! An identifier is opaque: it is echoed as it came, and kept here in its quoted form, ready for frames.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Position;
use crate::frame::Frame;

/// What the server accepts in `Sec-WebSocket-Protocol`. The client offers the second so that a server that knows
/// neither still opens the socket; it closes a connection that chose it.
pub(crate) const PROTOCOLS: [&str; 3] =
    ["actioncable-v1-json", EXTENDED, "actioncable-unsupported"];
const EXTENDED: &str = "actioncable-v1-ext-json";

/// What a client understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// `actioncable-v1-json`.
    Base,
    /// `actioncable-v1-ext-json`.
    Extended,
}

impl Dialect {
    /// Of a connection with this subprotocol.
    pub(crate) fn of(protocol: Option<&str>) -> Self {
        if protocol == Some(EXTENDED) {
            Self::Extended
        } else {
            Self::Base
        }
    }
}

/// A frame from a client.
#[derive(Debug, Deserialize)]
pub(crate) struct ClientFrame<'a> {
    #[serde(borrow, default)]
    pub(crate) command: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) identifier: Option<Cow<'a, str>>,
    /// Of a message a string with JSON in it, of a whisper any JSON.
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
    pub(crate) history: Option<Asked>,
    #[serde(borrow)]
    pub(crate) presence: Option<Presence<'a>>,
}

/// From where on a client wants the messages that it missed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Seconds since 1970, for streams that are not named.
    pub(crate) since: Option<i64>,
    #[serde(default)]
    pub(crate) streams: HashMap<String, Last>,
}

/// The last message of a stream that a client has got.
#[derive(Debug, Deserialize)]
pub(crate) struct Last {
    pub(crate) epoch: String,
    pub(crate) offset: i64,
}

/// Who comes or goes.
#[derive(Debug, Deserialize)]
pub(crate) struct Presence<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) info: Option<&'a RawValue>,
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
    NoPong,
    Idle,
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
            Self::NoPong => "no_pong",
            Self::Idle => "idle_timeout",
        }
    }

    pub(crate) fn reconnect(self) -> bool {
        match self {
            Self::Unauthorized | Self::TokenExpired | Self::Idle => false,
            Self::Remote { reconnect } => reconnect,
            Self::InvalidRequest | Self::ServerRestart | Self::TooSlow | Self::NoPong => true,
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

/// To a client that may come back with `sid`, and perhaps does so just now.
pub(crate) fn welcome_with(sid: &str, restored: Option<&[&str]>) -> serde_json::Result<Frame> {
    #[derive(Serialize)]
    struct Welcome<'a> {
        r#type: &'static str,
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        restored: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        restored_ids: Option<&'a [&'a str]>,
    }
    let frame = crate::json::encode(&Welcome {
        r#type: "welcome",
        sid,
        restored: restored.map(|_| true),
        restored_ids: restored,
    })?;
    Ok(Frame::text(&[&frame]))
}

/// `time` since 1970, in the unit that the client asked for.
pub(crate) fn ping(time: u128) -> Frame {
    Frame::text(&[&format!(r#"{{"type":"ping","message":{time}}}"#)])
}

pub(crate) fn confirm(identifier: &str) -> Frame {
    typed(identifier, "confirm_subscription")
}

pub(crate) fn reject(identifier: &str) -> Frame {
    typed(identifier, "reject_subscription")
}

/// All that the client missed has been sent.
pub(crate) fn confirm_history(identifier: &str) -> Frame {
    typed(identifier, "confirm_history")
}

/// Something that the client missed cannot be had any more.
pub(crate) fn reject_history(identifier: &str) -> Frame {
    typed(identifier, "reject_history")
}

fn typed(identifier: &str, kind: &str) -> Frame {
    Frame::text(&[r#"{"identifier":"#, identifier, r#","type":""#, kind, "\"}"])
}

/// The answer to a client's `ping`.
pub(crate) fn pong() -> Frame {
    Frame::text(&[r#"{"type":"pong"}"#])
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

/// A message whose place in its stream the client is told. `stream` is quoted.
pub(crate) fn positioned(
    identifier: &str,
    payload: &str,
    stream: &str,
    position: &Position,
) -> Frame {
    let offset = position.offset.to_string();
    Frame::text(&[
        r#"{"identifier":"#,
        identifier,
        r#","message":"#,
        payload,
        r#","stream_id":"#,
        stream,
        r#","epoch":""#,
        // Made of letters and digits by whoever numbers the messages.
        &position.epoch,
        r#"","offset":"#,
        &offset,
        "}",
    ])
}

/// An event of who is there; `event` is JSON.
pub(crate) fn presence(identifier: &str, event: &str) -> Frame {
    Frame::text(&[
        r#"{"type":"presence","identifier":"#,
        identifier,
        r#","message":"#,
        event,
        "}",
    ])
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    // A string always has a JSON form.
    crate::json::encode(text).unwrap_or_default()
}
