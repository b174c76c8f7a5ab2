//! Parts of stored responses (RFC 9110, 14). They are parts of what the upstream sent: encoded forms are made here, at any
//! time, and parts of different ones do not fit together.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::entry::Entry;
use crate::body::Body;
use crate::encoding;
use crate::range::{self, Part};

/// The answer to `Range`, or `None` to send the whole.
pub(super) fn answer(entry: &Entry, wanted: &HeaderMap) -> Option<Response<Body>> {
    let length = entry.plain.body.len();
    let is_whole = entry.status == StatusCode::OK;
    match range::wanted(wanted, &entry.plain.headers, length as u64).filter(|_| is_whole)? {
        Part::Satisfiable(Range { start, end }) => {
            let index = |at: u64| usize::try_from(at).unwrap_or(length);
            partial(entry, index(start)..index(end))
        }
        Part::Unsatisfiable => unsatisfiable(entry, length),
    }
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
    for name in [header::DATE, header::AGE, super::X_CACHE] {
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
