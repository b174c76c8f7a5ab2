use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use http::header::HeaderName;
use http::{HeaderValue, Request, Response, StatusCode};

use super::refusal::text;
use crate::body::Body;
use crate::files::{Asked, Roots, answer};

const X_SENDFILE: HeaderName = HeaderName::from_static("x-sendfile");
const X_SENDFILE_TYPE: HeaderName = HeaderName::from_static("x-sendfile-type");
/// What other proxies would do at a response's bidding. Clients must not ask for it, nor see it.
const X_ACCEL: [HeaderName; 2] = [
    HeaderName::from_static("x-accel-mapping"),
    HeaderName::from_static("x-accel-redirect"),
];

/// Sends the file that a response names in `X-Sendfile` in its place.
pub(crate) struct Sendfile {
    roots: Option<Roots>,
}

impl Sendfile {
    /// `roots` are the folders that files must be in; `None`: no files are sent.
    pub(crate) fn new(roots: Option<&[PathBuf]>) -> Self {
        Self {
            roots: roots.map(Roots::new),
        }
    }

    /// Tells the server that it may name a file.
    pub(crate) fn announce<B>(&self, request: &mut Request<B>) {
        let headers = request.headers_mut();
        for name in X_ACCEL {
            headers.remove(name);
        }
        if self.roots.is_some() {
            headers.insert(X_SENDFILE_TYPE, HeaderValue::from_static("X-Sendfile"));
        } else {
            headers.remove(X_SENDFILE_TYPE);
        }
    }

    /// What has to be known of a request to answer it with a file.
    pub(crate) fn note(&self, request: &Request<Body>) -> Option<Asked> {
        self.roots.is_some().then(|| Asked::of(request))
    }

    /// The response; or the file that it names, with the response's headers.
    pub(crate) async fn apply(
        &self,
        asked: Option<Asked>,
        mut response: Response<Body>,
    ) -> Response<Body> {
        for name in X_ACCEL {
            response.headers_mut().remove(name);
        }
        let Some(path) = response.headers_mut().remove(X_SENDFILE) else {
            return response;
        };
        let (Some(roots), Some(asked)) = (&self.roots, asked) else {
            return response;
        };
        // A name is bytes, whatever they mean.
        let path = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
        match roots.open(path.clone(), &asked).await {
            Ok(file) => answer(file, &asked, response),
            Err(error) => missing(&path, &error),
        }
    }
}

fn missing(path: &Path, error: &std::io::Error) -> Response<Body> {
    let path = path.display();
    tracing::error!(%path, %error, "could not send the file that a response names in X-Sendfile");
    text(StatusCode::NOT_FOUND, "The file is not there.\n")
}
