//! The headers of an encoded response.

use http::{HeaderMap, HeaderValue, header};

use super::Encoding;

/// Makes the headers those of the encoded form, but for its length.
pub(crate) fn describe(headers: &mut HeaderMap, encoding: Encoding) {
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_static(encoding.name()),
    );
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ACCEPT_RANGES);
    weaken(headers);
}

/// The encoded bytes are others than the tag stands for, though they mean the same (RFC 9110, 8.8.3).
pub(crate) fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers
        .get(header::ETAG)
        .filter(|tag| tag.as_bytes().starts_with(b"\""))
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(header::ETAG, weak);
    }
}

/// Adds a name to `Vary`, and keeps those there are.
pub(crate) fn add_vary(headers: &mut HeaderMap, name: &'static str) {
    let names_it = |value: &HeaderValue| {
        let mut names = value.to_str().unwrap_or_default().split(',').map(str::trim);
        names.any(|known| known == "*" || known.eq_ignore_ascii_case(name))
    };
    if !headers.get_all(header::VARY).iter().any(names_it) {
        headers.append(header::VARY, HeaderValue::from_static(name));
    }
}
