//! What is asked of the cache.

use http::Request;

use super::key::Key;
use crate::body::Body;
use crate::encoding::Client;

/// A request on its way through the cache.
pub(super) struct Asked {
    pub(super) key: Key,
    pub(super) client: Client,
    pub(super) request: Request<Body>,
}

impl Asked {
    /// The same request once more, without the body it does not have.
    pub(super) fn again(&self) -> Self {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = http::Method::GET;
        *request.uri_mut() = self.request.uri().clone();
        *request.version_mut() = self.request.version();
        *request.headers_mut() = self.request.headers().clone();
        *request.extensions_mut() = self.request.extensions().clone();
        Self {
            key: self.key.clone(),
            client: self.client,
            request,
        }
    }

    /// What remains when the request is on its way and nothing stored will answer it.
    pub(super) fn bare(&self) -> Self {
        let request = Request::new(Body::empty());
        Self {
            key: self.key.clone(),
            client: self.client,
            request,
        }
    }
}
