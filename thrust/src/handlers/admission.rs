use http::header::{CONTENT_LENGTH, COOKIE, EXPECT, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use hyper::ext::Protocol;

use super::refusal::Refusal;

const NO_HOST: Refusal = bad("The request has no Host header; HTTP/1.1 wants exactly one.");
const HOSTS: Refusal = bad("The request has more than one Host header.");
const HOST_DIFFERS: Refusal = bad("The Host header is not the host of the request's address.");
const HOST_INVALID: Refusal = bad("The Host header is not a host with an optional port.");
const CODING: Refusal = Refusal::new(
    StatusCode::NOT_IMPLEMENTED,
    "The request's Transfer-Encoding is not understood; only `chunked` is.",
);
const PROTOCOL: Refusal = Refusal::new(
    StatusCode::NOT_IMPLEMENTED,
    "The only protocol that CONNECT leads to is `websocket`.",
);
const METHOD: Refusal = Refusal::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "CONNECT and TRACE are not taken here.",
);

const fn bad(reason: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, reason)
}

/// Lets a request in that has one meaning only, and gives it the form that servers of HTTP/1.1 know: an address of path
/// and query, one `Host`, one `Cookie`. Whatever two servers could read in two ways is refused (RFC 9112, section 11.2).
pub(crate) fn admit<B>(request: &mut Request<B>) -> Result<(), Refusal> {
    match *request.method() {
        Method::CONNECT => match request.extensions().get::<Protocol>() {
            None => return Err(METHOD),
            Some(protocol) if protocol.as_str() != "websocket" => return Err(PROTOCOL),
            Some(_) => {}
        },
        Method::TRACE => return Err(METHOD),
        _ => {}
    }
    codings(request.headers())?;
    host(request)?;
    origin_form(request);
    one_cookie(request.headers_mut());
    // hyper tells the client to go on as soon as somebody reads the body.
    request.headers_mut().remove(EXPECT);
    Ok(())
}

fn codings(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !is_chunked || codings.next().is_some() || headers.contains_key(CONTENT_LENGTH) {
        return Err(CODING);
    }
    Ok(())
}

fn host<B>(request: &mut Request<B>) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(HOSTS);
    }
    let of_address = request.uri().authority().map(Authority::as_str);
    let host = match (host, of_address) {
        (Some(host), Some(of_address)) => {
            if !host.as_bytes().eq_ignore_ascii_case(of_address.as_bytes()) {
                return Err(HOST_DIFFERS);
            }
            return is_host(host).then_some(()).ok_or(HOST_INVALID);
        }
        (Some(host), None) => return is_host(host).then_some(()).ok_or(HOST_INVALID),
        (None, Some(of_address)) => of_address,
        (None, None) if request.version() < Version::HTTP_11 => return Ok(()),
        (None, None) => return Err(NO_HOST),
    };
    let host = HeaderValue::from_str(host).map_err(|_| HOST_INVALID)?;
    if !is_host(&host) {
        return Err(HOST_INVALID);
    }
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// A name or an address, and perhaps a port; no user, no path. An empty one is allowed where the address has no host.
fn is_host(host: &HeaderValue) -> bool {
    let host = host.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]%~".contains(byte);
    // An address of IPv6 stands in brackets, so that its port can be told from it.
    let parts = host.splitn(3, |byte| *byte == b':').count();
    host.iter().all(allowed) && (parts < 3 || host.starts_with(b"["))
}

fn origin_form<B>(request: &mut Request<B>) {
    let uri = request.uri();
    if uri.authority().is_none() && uri.scheme().is_none() {
        return;
    }
    let root = || PathAndQuery::from_static("/");
    let path = uri.path_and_query().cloned().unwrap_or_else(root);
    *request.uri_mut() = Uri::from(path);
}

/// HTTP/2 may split the header; servers of HTTP/1.1 want one (RFC 9113, section 8.2.3).
fn one_cookie(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(COOKIE).iter();
    if cookies.next().is_none() || cookies.next().is_none() {
        return;
    }
    let parts: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // Header values joined by what a header value may hold are one.
    if let Ok(joined) = HeaderValue::from_bytes(&parts.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}
