use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::body::{Body, BodyError};

/// How long a server has for its answer, once it has the whole request.
pub(super) struct Patience {
    limit: Option<Duration>,
    sent: Arc<AtomicBool>,
}

impl Patience {
    /// Watches the body of a request, where it is not in memory.
    pub(super) fn new(limit: Option<Duration>, request: Request<Body>) -> (Self, Request<Body>) {
        let is_whole = limit.is_none() || request.body().in_memory().is_some();
        let sent = Arc::new(AtomicBool::new(is_whole));
        let patience = Self {
            limit,
            sent: Arc::clone(&sent),
        };
        if is_whole {
            return (patience, request);
        }
        let watched = request.map(|body| Body::stream(Watched { body, sent }));
        (patience, watched)
    }

    /// What `answer` gives; `Err` with the limit where it took too long.
    pub(super) async fn wait_for<T>(self, answer: impl Future<Output = T>) -> Result<T, Duration> {
        let Some(limit) = self.limit else {
            return Ok(answer.await);
        };
        let mut answer = pin!(answer);
        loop {
            let was_sent = self.sent.load(Relaxed);
            match tokio::time::timeout(limit, answer.as_mut()).await {
                Ok(answer) => return Ok(answer),
                Err(_) if was_sent => return Err(limit),
                // Its own limits hold for an upload.
                Err(_) => {}
            }
        }
    }
}

/// A body that tells when it was read to its end.
struct Watched {
    body: Body,
    sent: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.sent.store(true, Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
