use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{FORWARDED, HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Request};

use crate::server::Client;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_START: HeaderName = HeaderName::from_static("x-request-start");
/// Further names by which servers believe who a client is. A stranger's word on it goes no further.
const CLAIMS: [HeaderName; 6] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-real-ip"),
    REQUEST_START,
];

/// Tells the server who the client is. What the client says of it counts only where it is another proxy of ours.
pub(crate) struct Forwarded {
    trusts_client: bool,
}

impl Forwarded {
    pub(crate) fn new(trusts_client: bool) -> Self {
        Self { trusts_client }
    }

    pub(crate) fn apply<B>(&self, request: &mut Request<B>, client: &Client) {
        let headers = request.headers_mut();
        if !self.trusts_client {
            for name in CLAIMS {
                headers.remove(name);
            }
        }
        self.put_address(headers, client);
        if !(self.trusts_client && headers.contains_key(FORWARDED_HOST))
            && let Some(host) = headers.get(HOST).cloned()
        {
            headers.insert(FORWARDED_HOST, host);
        }
        if !(self.trusts_client && headers.contains_key(PROTO)) {
            let proto = if client.is_tls { "https" } else { "http" };
            headers.insert(PROTO, HeaderValue::from_static(proto));
        }
        if !headers.contains_key(REQUEST_START) {
            put(headers, REQUEST_START, &format!("t={}", milliseconds()));
        }
    }

    fn put_address(&self, headers: &mut HeaderMap, client: &Client) {
        let mut addresses = String::with_capacity(48);
        if self.trusts_client {
            for value in headers
                .get_all(FOR)
                .iter()
                .filter_map(|value| value.to_str().ok())
            {
                addresses.push_str(value);
                addresses.push_str(", ");
            }
        }
        let _ = write!(addresses, "{}", client.address);
        put(headers, FOR, &addresses);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn milliseconds() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}
