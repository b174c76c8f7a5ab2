use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::body::{Body, BodyError};

/// The server is not waited for, but the client: for more of the request's body.
const CLIENT: u64 = u64::MAX;

/// Since when a server is waited for: to take more of a request, or to begin its answer.
pub(super) struct Patience {
    began: Instant,
    /// Milliseconds after that, or `CLIENT`.
    since: AtomicU64,
}

impl Patience {
    /// Watches over a request. One that is in memory is sent at once, and needs no watching.
    pub(super) fn with(request: Request<Body>) -> (Request<Body>, Arc<Self>) {
        let patience = Arc::new(Self {
            began: Instant::now(),
            since: AtomicU64::new(0),
        });
        if request.body().in_memory().is_some() {
            return (request, patience);
        }
        let watched = Arc::clone(&patience);
        let request = request.map(|body| {
            Body::stream(Watched {
                body,
                patience: watched,
            })
        });
        (request, patience)
    }

    /// Completes when the server let wait for so long.
    pub(super) async fn ends(&self, after: Duration) {
        loop {
            let left = match self.since.load(Relaxed) {
                CLIENT => after,
                since => {
                    (Duration::from_millis(since) + after).saturating_sub(self.began.elapsed())
                }
            };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(CLIENT - 1)
    }
}

/// A body that tells whose turn it is.
struct Watched {
    body: Body,
    patience: Arc<Patience>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let patience = &self.patience;
        let since = if frame.is_pending() {
            CLIENT
        } else {
            patience.now()
        };
        patience.since.store(since, Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
