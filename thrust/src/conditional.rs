//! Conditional requests (RFC 9110, 13).

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::body::Body;
use crate::cache::X_CACHE;

/// What a 304 tells again (RFC 9110, 15.4.5), and what is set for each answer.
const TOLD: [HeaderName; 8] = [
    header::CACHE_CONTROL,
    header::CONTENT_LOCATION,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::VARY,
    header::AGE,
    X_CACHE,
];

/// Whether the client has the stored response already. Its condition on tags goes before that on time (13.2.2).
pub(crate) fn is_not_modified(status: StatusCode, stored: &HeaderMap, wanted: &HeaderMap) -> bool {
    if !status.is_success() {
        return false;
    }
    if wanted.contains_key(header::IF_NONE_MATCH) {
        let tag = stored.get(header::ETAG).map(|tag| opaque(tag.as_bytes()));
        return wanted
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|value| names(value, tag));
    }
    match (
        wanted.get(header::IF_MODIFIED_SINCE),
        stored.get(header::LAST_MODIFIED),
    ) {
        (Some(since), Some(modified)) => is_unmodified_since(since, modified),
        _ => false,
    }
}

pub(crate) fn not_modified(headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    for name in TOLD {
        for value in headers.get_all(&name) {
            response.headers_mut().append(&name, value.clone());
        }
    }
    if !headers.contains_key(header::ETAG)
        && let Some(modified) = headers.get(header::LAST_MODIFIED)
    {
        response
            .headers_mut()
            .insert(header::LAST_MODIFIED, modified.clone());
    }
    response
}

/// Whether a list of tags names one, by weak comparison (RFC 9110, 8.8.3.2), or is `*`.
fn names(value: &HeaderValue, tag: Option<&[u8]>) -> bool {
    let mut rest = value.as_bytes().trim_ascii();
    if rest == b"*" {
        return true;
    }
    while let Some((named, others)) = next_tag(rest) {
        if Some(named) == tag {
            return true;
        }
        rest = others;
    }
    false
}

/// Splits off a tag. Tags may hold commas, thus not at commas.
fn next_tag(list: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = list.iter().position(|byte| *byte == b'"')?;
    let end = start + 1 + list[start + 1..].iter().position(|byte| *byte == b'"')?;
    Some((&list[start..=end], &list[end + 1..]))
}

/// The tag without its mark of weakness.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

fn is_unmodified_since(since: &HeaderValue, modified: &HeaderValue) -> bool {
    let time = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    match (time(since), time(modified)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}
