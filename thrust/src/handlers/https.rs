use http::header::{CONNECTION, HOST, LOCATION};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::refusal::{Refusal, text};
use crate::acme::Challenges;
use crate::body::Body;

const OTHER_HOST: Refusal = Refusal::new(
    StatusCode::MISDIRECTED_REQUEST,
    "This host is not served here.",
);

/// Answers what comes without TLS while HTTPS is on: the certificate authority's challenges, and the way to HTTPS.
pub(crate) struct Https {
    challenges: Challenges,
    port: u16,
    /// The hosts that are served; empty where the operator's own certificate says it.
    domains: Vec<String>,
}

impl Https {
    pub(crate) fn new(challenges: Challenges, port: u16, domains: Vec<String>) -> Self {
        Self {
            challenges,
            port,
            domains,
        }
    }

    pub(crate) fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        let host = without_port(host.unwrap_or_default());
        if let Some(authorization) = self.challenges.http01(host, request.uri().path()) {
            return text(StatusCode::OK, authorization);
        }
        let is_served = |domain: &String| domain.eq_ignore_ascii_case(host);
        if host.is_empty() || !(self.domains.is_empty() || self.domains.iter().any(is_served)) {
            return OTHER_HOST.into_response();
        }
        let path = request.uri().path_and_query().map(PathAndQuery::as_str);
        // `OPTIONS *` has none: behind a host, the asterisk would be taken for a part of that.
        let path = path.filter(|path| *path != "*").unwrap_or("/");
        // What changes something is to stay what it is; clients make a GET of it at 301.
        let status = match *request.method() {
            Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
            _ => StatusCode::PERMANENT_REDIRECT,
        };
        self.to_https(status, host, path)
    }

    fn to_https(&self, status: StatusCode, host: &str, path: &str) -> Response<Body> {
        let location = match self.port {
            443 => format!("https://{host}{path}"),
            port => format!("https://{host}:{port}{path}"),
        };
        let Ok(location) = HeaderValue::from_str(&location) else {
            return OTHER_HOST.into_response();
        };
        let mut response = text(status, "This is served by HTTPS.\n");
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}
