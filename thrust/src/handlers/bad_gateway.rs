use std::path::Path;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::body::Body;

const PAGE: &str = include_str!("bad_gateway.html");

/// The page for when a server does not answer.
pub(crate) struct BadGateway(Bytes);

impl BadGateway {
    /// Reads the operator's page once; where there is none, an own one is sent.
    pub(crate) fn new(file: &Path) -> Self {
        Self(match std::fs::read(file) {
            Ok(page) => page.into(),
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    let path = file.display();
                    tracing::warn!(%path, %error, "could not read the BAD_GATEWAY_PAGE, sending an own one");
                }
                Bytes::from_static(PAGE.as_bytes())
            }
        })
    }

    pub(crate) fn page(&self, status: StatusCode, is_head: bool) -> Response<Body> {
        let page = if is_head {
            Bytes::new()
        } else {
            self.0.clone()
        };
        let mut response = Response::new(Body::from(page));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(CONTENT_LENGTH, HeaderValue::from(self.0.len()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
