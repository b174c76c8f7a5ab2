//! The body of a request to broadcast. Source: AnyCable 1.6 (`broadcast/http.go`, `common/common.go`).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json;

/// One thing to do, or several.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    Broadcast { stream: String, payload: String },
    Disconnect { identifier: String, reconnect: bool },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the body is not what was expected: {0}")]
    Json(#[from] serde_json::Error),
    #[error("expected the command `disconnect`, got `{0}`")]
    Command(String),
    #[error("a message has no stream, or no data")]
    Incomplete,
}

/// A message or a command. Other fields of a message are `meta`, with `exclude_socket`, `broadcast_type` and `transient`: they
/// are for servers that keep what they know of a socket, and change nothing here.
#[derive(Deserialize)]
struct Item<'a> {
    stream: Option<String>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
    command: Option<String>,
    payload: Option<Disconnect>,
}

#[derive(Deserialize)]
struct Disconnect {
    identifier: String,
    /// AnyCable takes no answer for a no.
    #[serde(default)]
    reconnect: bool,
}

/// What a body asks for: one item, or an array of them.
pub(super) fn read(body: &[u8]) -> Result<Vec<Order>, Unreadable> {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let items: Vec<Item<'_>> = if is_list {
        serde_json::from_slice(body)?
    } else {
        vec![serde_json::from_slice(body)?]
    };
    items.into_iter().map(order).collect()
}

fn order(item: Item<'_>) -> Result<Order, Unreadable> {
    match item {
        Item {
            command: Some(command),
            payload,
            ..
        } => disconnect(command, payload),
        Item {
            stream: Some(stream),
            data: Some(data),
            ..
        } if !stream.is_empty() => Ok(Order::Broadcast {
            stream,
            payload: payload(&data)?,
        }),
        _ => Err(Unreadable::Incomplete),
    }
}

fn disconnect(command: String, payload: Option<Disconnect>) -> Result<Order, Unreadable> {
    if command != "disconnect" {
        return Err(Unreadable::Command(command));
    }
    let Disconnect {
        identifier,
        reconnect,
    } = payload.ok_or(Unreadable::Incomplete)?;
    Ok(Order::Disconnect {
        identifier,
        reconnect,
    })
}

/// Data is mostly JSON already; other text is a message by itself.
fn payload(data: &str) -> serde_json::Result<String> {
    match serde_json::from_str::<&RawValue>(data) {
        Ok(_) => Ok(data.to_owned()),
        Err(_) => json::encode(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broadcast(stream: &str, payload: &str) -> Order {
        Order::Broadcast {
            stream: stream.into(),
            payload: payload.into(),
        }
    }

    #[test]
    fn bodies() {
        for (body, expected) in [
            (
                r#"{"stream":"s","data":"{\"a\":12345678901234567890}"}"#,
                vec![broadcast("s", r#"{"a":12345678901234567890}"#)],
            ),
            (
                r#"{"stream":"s","data":"<b>","meta":{"exclude_socket":"x","transient":true}}"#,
                vec![broadcast("s", r#""\u003cb\u003e""#)],
            ),
            (
                r#" [{"stream":"a","data":"1"},{"stream":"b","data":"\"2\""}]"#,
                vec![broadcast("a", "1"), broadcast("b", "\"2\"")],
            ),
            (
                r#"{"command":"disconnect","payload":{"identifier":"x","reconnect":true}}"#,
                vec![Order::Disconnect {
                    identifier: "x".into(),
                    reconnect: true,
                }],
            ),
            (
                r#"{"command":"disconnect","payload":{"identifier":"x"}}"#,
                vec![Order::Disconnect {
                    identifier: "x".into(),
                    reconnect: false,
                }],
            ),
            ("[]", vec![]),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn what_is_none() {
        for body in [
            "",
            "{",
            "null",
            "7",
            "{}",
            r#"{"stream":"s"}"#,
            r#"{"stream":"","data":"1"}"#,
            r#"{"stream":"s","data":1}"#,
            r#"{"stream":7,"data":"1"}"#,
            r#"{"command":"explode","payload":{"identifier":"x"}}"#,
            r#"{"command":"disconnect"}"#,
            r#"[{"stream":"s","data":"1"},{}]"#,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
