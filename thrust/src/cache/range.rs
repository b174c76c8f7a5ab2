//! Parts of stored responses (RFC 9110, 14). They are parts of what the upstream sent: encoded forms are made here, at any
//! time, and parts of different ones do not fit together.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::entry::Entry;
use crate::body::Body;
use crate::encoding;

/// The answer to `Range`, or `None` to send the whole.
pub(super) fn answer(entry: &Entry, wanted: &HeaderMap) -> Option<Response<Body>> {
    let range = wanted.get(header::RANGE)?;
    let is_meant = entry.status == StatusCode::OK
        && is_the_same(wanted.get(header::IF_RANGE), &entry.plain.headers);
    let length = entry.plain.body.len();
    match parse(range.to_str().ok()?, length).filter(|_| is_meant)? {
        Part::Satisfiable(range) => partial(entry, range),
        Part::Unsatisfiable => unsatisfiable(entry, length),
    }
}

enum Part {
    Satisfiable(Range<usize>),
    Unsatisfiable,
}

/// Several parts, other units and what is no range at all are ignored (RFC 9110, 14.2).
fn parse(value: &str, length: usize) -> Option<Part> {
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
fn number(digits: &str) -> Option<Option<usize>> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    // Beyond all lengths is beyond this one, too.
    let number = || digits.parse().unwrap_or(usize::MAX);
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

fn partial(entry: &Entry, range: Range<usize>) -> Option<Response<Body>> {
    let length = entry.plain.body.len();
    let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
    let body = entry.plain.body.slice(range);
    let mut headers = entry.plain.headers.clone();
    encoding::set_length(&mut headers, body.len());
    build(
        StatusCode::PARTIAL_CONTENT,
        headers,
        &content_range,
        body.into(),
    )
}

fn unsatisfiable(entry: &Entry, length: usize) -> Option<Response<Body>> {
    let mut headers = HeaderMap::new();
    for name in [header::DATE, header::AGE, super::metrics::X_CACHE] {
        if let Some(value) = entry.plain.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    encoding::set_length(&mut headers, 0);
    build(
        StatusCode::RANGE_NOT_SATISFIABLE,
        headers,
        &format!("bytes */{length}"),
        Body::empty(),
    )
}

fn build(
    status: StatusCode,
    mut headers: HeaderMap,
    content_range: &str,
    body: Body,
) -> Option<Response<Body>> {
    headers.insert(
        header::CONTENT_RANGE,
        HeaderValue::from_str(content_range).ok()?,
    );
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}
