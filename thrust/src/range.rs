//! Which part of a representation a request wants (RFC 9110, 14).

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};

/// A part that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// These bytes, at least one.
    Satisfiable(Range<u64>),
    /// Bytes that are not there.
    Unsatisfiable,
}

/// The part that a request wants of what has these headers and this length, or `None` to send the whole.
pub(crate) fn wanted(request: &HeaderMap, headers: &HeaderMap, length: u64) -> Option<Part> {
    let range = request.get(header::RANGE)?.to_str().ok()?;
    let is_meant = is_the_same(request.get(header::IF_RANGE), headers);
    parse(range, length).filter(|_| is_meant)
}

/// Several parts, other units and what is no range at all are ignored (RFC 9110, 14.2).
fn parse(value: &str, length: u64) -> Option<Part> {
    let (unit, range) = value.split_once('=')?;
    let (first, last) = range
        .trim()
        .split_once('-')
        .filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))?;
    let range = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => length.saturating_sub(suffix)..length,
        (Some(first), None) => first..length,
        (Some(first), Some(last)) if first > last => return None,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(length),
    };
    Some(if range.start < range.end {
        Part::Satisfiable(range)
    } else {
        Part::Unsatisfiable
    })
}

/// `None` for what is no number, `Some(None)` for nothing.
#[allow(clippy::option_option, reason = "these are three cases")]
fn number(digits: &str) -> Option<Option<u64>> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    // Beyond all lengths is beyond this one, too.
    let number = || digits.parse().unwrap_or(u64::MAX);
    is_number.then(|| (!digits.is_empty()).then(number))
}

/// Whether the client's other parts are of this response (RFC 9110, 13.1.5). Weak tags do not tell.
fn is_the_same(condition: Option<&HeaderValue>, stored: &HeaderMap) -> bool {
    let Some(condition) = condition else {
        return true;
    };
    let is_tag = condition.as_bytes().starts_with(b"\"");
    let name = if is_tag {
        header::ETAG
    } else {
        header::LAST_MODIFIED
    };
    !condition.as_bytes().starts_with(b"W/") && stored.get(name) == Some(condition)
}
