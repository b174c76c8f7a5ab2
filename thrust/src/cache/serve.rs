//! Answers from what is stored.

use std::sync::Arc;

use http::{HeaderMap, Method, Response, StatusCode, header};
use tokio::time::Instant;

use super::encoded::Pick;
use super::entry::{Entry, Form};
use super::metrics::{Outcome, X_CACHE};
use super::{Asked, Cache, part};
use crate::body::Body;
use crate::conditional;
use crate::encoding;

impl Cache {
    pub(super) fn serve(
        &self,
        asked: &Asked,
        entry: &Arc<Entry>,
        outcome: Outcome,
    ) -> Response<Body> {
        self.0.metrics.count(outcome);
        let mut response = self.answer(asked, entry);
        let age = entry.freshness.age(Instant::now()).as_secs();
        response.headers_mut().insert(header::AGE, age.into());
        if outcome != Outcome::Hit {
            response.headers_mut().insert(X_CACHE, outcome.value());
        }
        response
    }

    fn answer(&self, asked: &Asked, entry: &Arc<Entry>) -> Response<Body> {
        let wanted = asked.request.headers();
        let pick = self.pick(&asked.key, entry, &asked.client);
        if conditional::is_not_modified(entry.status, &entry.plain.headers, wanted) {
            return match pick {
                Pick::Ready(form) => conditional::not_modified(&form.headers),
                Pick::Later => {
                    let mut response = conditional::not_modified(&entry.plain.headers);
                    encoding::weaken(response.headers_mut());
                    response
                }
            };
        }
        if asked.request.method() == Method::HEAD {
            return head(entry.status, ready(&pick, entry).headers.clone());
        }
        if let Some(response) = part::answer(entry, wanted) {
            return response;
        }
        match pick {
            Pick::Ready(form) => whole(entry.status, &form),
            Pick::Later => self.encode_now(asked, entry),
        }
    }

    /// Encodes it as if it had just come, until the better form is made.
    fn encode_now(&self, asked: &Asked, entry: &Entry) -> Response<Body> {
        let without_jitter = crate::options::Compression {
            jitter: 0,
            ..self.0.compression
        };
        encoding::encode(
            without_jitter,
            &asked.client,
            whole(entry.status, &entry.plain),
        )
    }
}

fn ready<'a>(pick: &'a Pick, entry: &'a Entry) -> &'a Form {
    match pick {
        Pick::Ready(form) => form,
        Pick::Later => &entry.plain,
    }
}

fn head(status: StatusCode, headers: HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn whole(status: StatusCode, form: &Form) -> Response<Body> {
    let mut response = Response::new(Body::Bytes(form.body.clone()));
    *response.status_mut() = status;
    *response.headers_mut() = form.headers.clone();
    response
}
