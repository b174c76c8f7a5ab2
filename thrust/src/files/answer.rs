use std::io::{Seek as _, SeekFrom};
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt as _;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::Found;
use crate::body::{Body, BodyError};
use crate::conditional;
use crate::encoding::{self, Accepts, Encoding};
use crate::range::{self, Part};

/// Bytes that are read of a file at once.
const CHUNK: usize = 64 << 10;

/// What of a request says how a file is sent.
const TELLING: [HeaderName; 5] = [
    ACCEPT_ENCODING,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    RANGE,
];

/// What has to be known of a request to answer it with a file.
pub(crate) struct Asked {
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    pub(crate) fn of(request: &Request<Body>) -> Self {
        // Few answers name a file, and each request comes by here: no more than that is copied.
        let mut headers = HeaderMap::new();
        for name in TELLING {
            for value in request.headers().get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Self {
            method: request.method().clone(),
            headers,
        }
    }

    /// Whether what the client has already may do (RFC 9110, 13.1.2).
    fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The encodings that will do. Parts are parts of the file itself.
    pub(super) fn encodings(&self) -> Vec<Encoding> {
        if self.method == Method::GET && self.headers.contains_key(RANGE) {
            return Vec::new();
        }
        let accepts = Accepts::of(&self.headers);
        let all = Encoding::ALL.into_iter();
        all.filter(|encoding| accepts.accepts(*encoding)).collect()
    }
}

/// The file as the answer, with what the response's headers say of it.
pub(crate) fn answer(found: Found, asked: &Asked, response: Response<Body>) -> Response<Body> {
    let (mut parts, _) = response.into_parts();
    let length = found.metadata.len();
    // The page of an error stays one.
    if !(parts.status.is_client_error() || parts.status.is_server_error()) {
        parts.status = StatusCode::OK;
    }
    describe(&found, &mut parts.headers);
    if asked.is_read() && conditional::is_not_modified(parts.status, &parts.headers, &asked.headers)
    {
        return conditional::not_modified(&parts.headers);
    }
    let has_parts =
        asked.method == Method::GET && parts.status == StatusCode::OK && found.encoding.is_none();
    let part = range::wanted(&asked.headers, &parts.headers, length).filter(|_| has_parts);
    let bytes = match part {
        None => 0..length,
        Some(Part::Satisfiable(bytes)) => {
            parts.status = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {}-{}/{length}", bytes.start, bytes.end - 1);
            put(&mut parts.headers, CONTENT_RANGE, &range);
            bytes
        }
        Some(Part::Unsatisfiable) => {
            parts.status = StatusCode::RANGE_NOT_SATISFIABLE;
            put(
                &mut parts.headers,
                CONTENT_RANGE,
                &format!("bytes */{length}"),
            );
            0..0
        }
    };
    let size = bytes.end - bytes.start;
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(size));
    let body = if asked.method == Method::HEAD || size == 0 {
        Body::empty()
    } else {
        content(found, bytes)
    };
    Response::from_parts(parts, body)
}

/// Says of the file what the server has not said.
fn describe(found: &Found, headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    if !headers.contains_key(CONTENT_TYPE) {
        let kind = mime_guess::from_path(&found.path).first_or_octet_stream();
        put(headers, CONTENT_TYPE, kind.as_ref());
    }
    let modified = found.metadata.modified().unwrap_or(UNIX_EPOCH);
    if !headers.contains_key(ETAG) {
        put(headers, ETAG, &tag(modified, found));
    }
    if !headers.contains_key(LAST_MODIFIED) {
        put(headers, LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    }
    if found.varies {
        encoding::add_vary(headers, "accept-encoding");
    }
    match found.encoding {
        Some(encoding) => encoding::describe(headers, encoding),
        None => put(headers, ACCEPT_RANGES, "bytes"),
    }
}

fn tag(modified: SystemTime, found: &Found) -> String {
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("\"{:x}-{:x}\"", since.as_nanos(), found.metadata.len())
}

fn content(found: Found, bytes: Range<u64>) -> Body {
    let mut file = found.file;
    // Of a regular file, which was just opened: an error would show when it is read.
    let start = file.seek(SeekFrom::Start(bytes.start)).unwrap_or_default();
    let file = tokio::fs::File::from_std(file).take(bytes.end - start);
    let chunks = ReaderStream::with_capacity(file, CHUNK);
    Body::stream(StreamBody::new(
        chunks.map_ok(Frame::data).map_err(BodyError::from),
    ))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
