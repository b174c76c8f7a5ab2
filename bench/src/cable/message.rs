//! What is broadcast, and what clients say and hear.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use rand::RngExt as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::summary::now;

/// How every message begins within its frame.
const AT: &[u8] = br#""message":{"at":"#;
/// It begins before this byte, behind the identifier.
const HEAD: usize = 256;

/// A message that tells when it was broadcast, in microseconds since 1970.
#[derive(Serialize)]
pub(crate) struct Message {
    at: i64,
    text: String,
}

impl Message {
    /// With a text of so many bytes, from now on.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            at: now(),
            text: "x".repeat(size),
        }
    }
}

/// The pause between two messages: any time around `every`, so that polls are not always met at the same point.
pub(crate) fn pause(every: Duration) -> Duration {
    every.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Base,
    Extended,
}

impl Dialect {
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Self::Base => "actioncable-v1-json",
            Self::Extended => "actioncable-v1-ext-json",
        }
    }
}

/// The identifier of the subscription to the application's only stream.
pub(crate) fn todos() -> Value {
    json!({ "channel": "TodosChannel" })
}

/// A client's frame that subscribes, with more members if `more` has any.
pub(crate) fn subscribe(identifier: &Value, more: &Value) -> Bytes {
    let mut command = json!({ "command": "subscribe", "identifier": identifier.to_string() });
    if let (Some(command), Some(more)) = (command.as_object_mut(), more.as_object()) {
        command.extend(more.clone());
    }
    client_frame(&command.to_string())
}

/// Clients must mask what they send. The mask may be zero.
fn client_frame(text: &str) -> Bytes {
    const FINAL_TEXT: u8 = 0x81;
    const MASKED: u8 = 0x80;
    /// The size follows, in two bytes.
    const TWO_BYTES: u8 = 0x7e;
    let mut frame = vec![FINAL_TEXT];
    if let Ok(size @ ..=125) = u8::try_from(text.len()) {
        frame.push(MASKED | size);
    } else {
        frame.push(MASKED | TWO_BYTES);
        // Commands are far shorter than 64 KiB.
        let size = u16::try_from(text.len()).unwrap_or(u16::MAX);
        frame.extend(size.to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame.into()
}

/// What a frame tells a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It may say the next thing.
    GoOn,
    /// It has got all that it missed.
    CaughtUp,
    /// A message that was broadcast at this time.
    Message(i64),
    /// A ping, or a message of the application's own.
    Other,
}

impl Heard {
    pub(crate) fn of(text: &[u8]) -> Result<Self> {
        if let Some(at) = broadcast_at(text) {
            return Ok(Self::Message(at));
        }
        let says = |kind: &[u8]| find(text, kind).is_some();
        Ok(match () {
            () if says(br#""type":"ping""#) => Self::Other,
            () if says(br#""type":"welcome""#) || says(br#""type":"confirm_subscription""#) => {
                Self::GoOn
            }
            () if says(br#""type":"confirm_history""#) => Self::CaughtUp,
            () if says(br#""type":"reject_"#) || says(br#""type":"disconnect""#) => {
                bail!("a client was told {}", String::from_utf8_lossy(text))
            }
            () => Self::Other,
        })
    }
}

fn broadcast_at(text: &[u8]) -> Option<i64> {
    let head = &text[..text.len().min(HEAD)];
    let digits = &text[find(head, AT)? + AT.len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
