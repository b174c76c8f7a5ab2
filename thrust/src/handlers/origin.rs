use std::sync::Arc;

use http::header::TRANSFER_ENCODING;
use http::{HeaderValue, Request, Response, Version};

use super::sendfile::Sendfile;
use crate::body::Body;
use crate::cache;
use crate::upstream::{Upstream, UpstreamError, strip_hop_by_hop};

/// Where answers come from that the cache does not have: a server, and the files that it names.
#[derive(Clone)]
pub(crate) struct Origin {
    upstream: Arc<Upstream>,
    sendfile: Arc<Sendfile>,
}

impl Origin {
    pub(crate) fn new(upstream: Arc<Upstream>, sendfile: Arc<Sendfile>) -> Self {
        Self { upstream, sendfile }
    }
}

impl cache::Upstream for Origin {
    type Error = UpstreamError;

    async fn fetch(&self, mut request: Request<Body>) -> Result<Response<Body>, UpstreamError> {
        if request.body().exact_size().is_none() {
            // Else hyper takes it that a GET has no body.
            let chunked = HeaderValue::from_static("chunked");
            request.headers_mut().insert(TRANSFER_ENCODING, chunked);
        }
        *request.version_mut() = Version::HTTP_11;
        let asked = self.sendfile.note(&request);
        let mut response = self.upstream.send(request).await?;
        strip_hop_by_hop(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        Ok(self.sendfile.apply(asked, response).await)
    }
}
