//! Frames as server-sent events (HTML Living Standard, section 9.2).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::Last;

/// How the client wants its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole frames.
    Frames,
    /// The messages in them.
    Messages,
    /// The messages, texts without their quotes, and nothing that is no message.
    Raw,
}

/// What of a frame an event is made of.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    epoch: Option<Cow<'a, str>>,
    offset: Option<i64>,
    reconnect: Option<bool>,
}

/// Tells a browser to come again in a thousand years.
const NEVER: &str = "retry: 31536000000\n";

/// The event for a frame; `None` where the client does not want it, or it is no frame of the cable.
pub(super) fn event(frame: &[u8], form: Form) -> Option<String> {
    let frame = std::str::from_utf8(frame).ok()?;
    let parts: Parts<'_> = serde_json::from_str(frame).ok()?;
    let mut event = String::with_capacity(frame.len() + 64);
    if parts.reconnect == Some(false) {
        event.push_str(NEVER);
    }
    match parts.r#type.as_deref() {
        Some("ping") if form == Form::Raw => return Some(":\n\n".to_owned()),
        Some(_) if form == Form::Raw => return (!event.is_empty()).then_some(event),
        Some(kind) => {
            event.push_str("event: ");
            event.push_str(kind);
            event.push('\n');
        }
        None => push_id(&mut event, &parts),
    }
    push_data(&mut event, &data(frame, &parts, form));
    event.push('\n');
    Some(event)
}

fn push_id(event: &mut String, parts: &Parts<'_>) {
    if let Parts {
        stream_id: Some(stream),
        epoch: Some(epoch),
        offset: Some(offset),
        ..
    } = parts
        && !stream.contains(['\n', '\r', '\0'])
    {
        let offset = offset.to_string();
        for part in ["id: ", &offset, "/", epoch, "/", stream, "\n"] {
            event.push_str(part);
        }
    }
}

fn data<'a>(frame: &'a str, parts: &Parts<'a>, form: Form) -> Cow<'a, str> {
    match (form, parts.message) {
        (Form::Raw, Some(message)) => {
            serde_json::from_str(message.get()).unwrap_or(Cow::Borrowed(message.get()))
        }
        (Form::Messages, Some(message)) => Cow::Borrowed(message.get()),
        _ => Cow::Borrowed(frame),
    }
}

/// A line break would end the field, and be none in it.
fn push_data(event: &mut String, data: &str) {
    for line in data.split(['\n', '\r']) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
}

/// The stream and the message that a `Last-Event-ID` names.
pub(super) fn last(id: &str) -> Option<(String, Last)> {
    let mut parts = id.splitn(3, '/');
    let offset = parts.next()?.parse().ok()?;
    let epoch = parts.next()?.to_owned();
    let stream = parts.next()?.to_owned();
    Some((stream, Last { epoch, offset }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str =
        r#"{"identifier":"{}","message":"a\n<b>","stream_id":"x/y","epoch":"e","offset":7}"#;

    #[test]
    fn frames_become_events() {
        for (frame, form, expected) in [
            (
                MESSAGE,
                Form::Messages,
                "id: 7/e/x/y\ndata: \"a\\n<b>\"\n\n",
            ),
            (MESSAGE, Form::Raw, "id: 7/e/x/y\ndata: a\ndata: <b>\n\n"),
            (
                MESSAGE,
                Form::Frames,
                &format!("id: 7/e/x/y\ndata: {MESSAGE}\n\n"),
            ),
            (
                r#"{"type":"ping","message":12}"#,
                Form::Messages,
                "event: ping\ndata: 12\n\n",
            ),
            (r#"{"type":"ping","message":12}"#, Form::Raw, ":\n\n"),
            (
                r#"{"type":"welcome","sid":"s"}"#,
                Form::Messages,
                "event: welcome\ndata: {\"type\":\"welcome\",\"sid\":\"s\"}\n\n",
            ),
            (
                r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#,
                Form::Raw,
                "retry: 31536000000\n",
            ),
            (
                r#"{"identifier":"{}","message":{"a":[1]}}"#,
                Form::Raw,
                "data: {\"a\":[1]}\n\n",
            ),
        ] {
            assert_eq!(
                event(frame.as_bytes(), form).as_deref(),
                Some(expected),
                "{frame} {form:?}"
            );
        }
        assert_eq!(event(br#"{"type":"welcome"}"#, Form::Raw), None);
        assert_eq!(event(b"\x03\xe8", Form::Messages), None);
    }

    #[test]
    fn the_last_event() {
        let (stream, last) = last("7/e/x/y").unwrap();
        assert_eq!((&*stream, &*last.epoch, last.offset), ("x/y", "e", 7));
        for bad in ["", "7", "7/e", "x/e/s", "/e/s"] {
            assert!(super::last(bad).is_none(), "{bad}");
        }
    }
}
