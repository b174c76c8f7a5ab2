use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Version};

use crate::body::Body;

/// A request that may be sent again: one that does no more when it is done twice (RFC 9110, section 9.2.2), or that says
/// so of itself by a key, and whose body is in memory.
pub(super) struct Replay {
    parts: Parts,
    body: Bytes,
}

impl Replay {
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().in_memory()?.clone();
        let idempotent = matches!(
            *request.method(),
            Method::GET
                | Method::HEAD
                | Method::OPTIONS
                | Method::TRACE
                | Method::PUT
                | Method::DELETE
        ) || request.headers().contains_key("idempotency-key");
        idempotent.then(|| Self {
            parts: head_of(request),
            body,
        })
    }

    pub(super) fn request(&self) -> Request<Body> {
        let request = Request::from_parts(self.parts.clone(), ());
        request.map(|()| self.body.clone().into())
    }
}

fn head_of(request: &Request<Body>) -> Parts {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = Version::HTTP_11;
    head.headers_mut().clone_from(request.headers());
    head.into_parts().0
}
