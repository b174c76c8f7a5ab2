//! Compression of responses that are sent as they come: who gets which content coding (RFC 9110, 8.4 and 12.5.3), and
//! the headers that change with it.

mod compressible;
mod encoder;
mod guard;
mod headers;
mod jitter;
mod negotiate;
mod streaming;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};

use crate::body::Body;
use crate::options::Compression;

pub(crate) use compressible::is_compressible;
pub(crate) use encoder::{Level, encode_whole};
pub(crate) use guard::is_guarded;
pub(crate) use headers::{add_vary, describe, weaken};
pub(crate) use negotiate::{Accepts, Encoding, Preference};

use streaming::Streaming;

/// Up to this size a body in memory is encoded at once, which is cheaper and gives it a length.
const AT_ONCE: usize = 256 << 10;

/// What a request says about the encoding of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) accepts: Accepts,
    pub(crate) is_head: bool,
    pub(crate) is_signed_in: bool,
}

impl Client {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            accepts: Accepts::of(request.headers()),
            is_head: request.method() == Method::HEAD,
            is_signed_in: guard::is_signed_in(request.headers()),
        }
    }

    /// The coding for this client, `None` to send the bytes as they are.
    pub(crate) fn choose(&self, options: Compression, preference: &Preference) -> Option<Encoding> {
        let is_hindered = self.is_head || (options.disable_on_auth && self.is_signed_in);
        if is_hindered {
            None
        } else {
            self.accepts.choose(options, preference)
        }
    }
}

/// Compresses a response where that is worthwhile and the client takes it.
pub(crate) fn encode(
    options: Compression,
    client: &Client,
    mut response: Response<Body>,
) -> Response<Body> {
    let length = compressible::length(&response);
    if !is_enabled(options) || !is_compressible(response.status(), response.headers(), length) {
        return response;
    }
    add_vary(response.headers_mut(), "Accept-Encoding");
    if options.disable_on_auth && is_guarded(response.headers()) {
        return response;
    }
    match client.choose(options, &Preference::FAST) {
        Some(encoding) => apply(encoding, options.jitter, response),
        None => response,
    }
}

pub(crate) fn is_enabled(options: Compression) -> bool {
    options.gzip || options.brotli || options.zstd
}

fn apply(encoding: Encoding, jitter: u32, response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    match body {
        Body::Bytes(bytes) if bytes.len() <= AT_ONCE => at_once(encoding, jitter, parts, bytes),
        body => {
            let Ok(encoder) = encoder::Encoder::new(encoding, Level::Fast, jitter) else {
                return Response::from_parts(parts, body);
            };
            describe(&mut parts.headers, encoding);
            Response::from_parts(parts, Body::stream(Streaming::new(body, encoder)))
        }
    }
}

fn at_once(
    encoding: Encoding,
    jitter: u32,
    mut parts: http::response::Parts,
    bytes: Bytes,
) -> Response<Body> {
    match encode_whole(encoding, Level::Fast, &bytes, jitter) {
        Ok(encoded) => {
            describe(&mut parts.headers, encoding);
            set_length(&mut parts.headers, encoded.len());
            Response::from_parts(parts, encoded.into())
        }
        // Out of memory, at most: the plain bytes are as good an answer.
        Err(_) => Response::from_parts(parts, bytes.into()),
    }
}

pub(crate) fn set_length(headers: &mut HeaderMap, length: usize) {
    headers.insert(header::CONTENT_LENGTH, length.into());
}
