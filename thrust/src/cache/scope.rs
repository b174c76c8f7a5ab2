//! Which requests concern the cache.

use http::{HeaderMap, HeaderName, Method, Request, header};
use http_body::Body as _;

use super::directives::Directives;
use super::key::Key;
use crate::body::Body;

pub(super) enum Scope {
    /// May be answered from the cache.
    Cached(Key),
    /// Makes the stored response invalid, if it succeeds.
    Changing(Key),
    Other,
}

/// Preconditions that only the origin can judge (RFC 9111, 4.3.2), and requests that are the start of another protocol.
const OTHERS: [HeaderName; 3] = [
    header::IF_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::UPGRADE,
];

pub(super) fn of(request: &Request<Body>) -> Scope {
    let key = || Key::of(request.uri(), request.headers());
    match *request.method() {
        Method::GET | Method::HEAD if is_cached(request) => {
            key().map_or(Scope::Other, Scope::Cached)
        }
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT => {
            Scope::Other
        }
        _ => key().map_or(Scope::Other, Scope::Changing),
    }
}

/// A body is no part of the key: whoever sends one with GET gets an answer of his own.
fn is_cached(request: &Request<Body>) -> bool {
    request.body().is_end_stream() && concerns_cache(request.headers())
}

fn concerns_cache(headers: &HeaderMap) -> bool {
    !OTHERS.iter().any(|name| headers.contains_key(name)) && !Directives::of(headers).no_store
}
