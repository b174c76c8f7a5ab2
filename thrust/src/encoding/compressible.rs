//! Which responses are worth compressing.

use http::{HeaderMap, Response, StatusCode, header};

use crate::body::Body;

/// Below this the headers weigh more than what is gained.
const LEAST: u64 = 1024;

/// Types, or beginnings of types, whose bytes are compressed already or must not be held back.
const EXCLUDED: &[&str] = &[
    "application/grpc",
    "application/gzip",
    "application/java-archive",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-bzip",
    "application/x-compress",
    "application/x-gzip",
    "application/x-lzip",
    "application/x-lzma",
    "application/x-rar",
    "application/x-xz",
    "application/x-zip",
    "application/zip",
    "application/zlib",
    "application/zstd",
    "application/font-woff",
    "audio/",
    "font/woff",
    "image/apng",
    "image/avif",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jp2",
    "image/jpeg",
    "image/jpg",
    "image/jxl",
    "image/png",
    "image/webp",
    // Events are sent one by one and must arrive one by one: an encoder in between gains little and can only delay.
    "text/event-stream",
    "video/",
];

/// Whether to compress a response, as far as it is concerned.
pub(crate) fn is_compressible(
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
) -> bool {
    has_body(status)
        && is_plain(headers)
        && length.is_none_or(|length| length >= LEAST)
        && has_compressible_type(headers)
}

/// The header comes first: the body of an answer to HEAD is empty.
pub(super) fn length(response: &Response<Body>) -> Option<u64> {
    let header = response.headers().get(header::CONTENT_LENGTH);
    header
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or_else(|| response.body().exact_size())
}

fn has_body(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(
            status,
            StatusCode::NO_CONTENT
                | StatusCode::RESET_CONTENT
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::NOT_MODIFIED
        )
}

/// Nobody has encoded, cut or protected it (RFC 9111, 5.2.2.6).
fn is_plain(headers: &HeaderMap) -> bool {
    let no_transform = |value: &http::HeaderValue| {
        let directives = value.to_str().unwrap_or_default();
        directives
            .split(',')
            .any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
    };
    !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && !headers
            .get_all(header::CACHE_CONTROL)
            .iter()
            .any(no_transform)
}

fn has_compressible_type(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let starts_with = |start: &&str| {
        content_type
            .get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    !EXCLUDED.iter().any(starts_with)
}
