use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep};

use super::refusal::Refusal;
use crate::body::{Body, BodyError, Incoming};

const TOO_LARGE: Refusal = Refusal::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "The request's body is larger than this server takes.",
);
const TOO_SLOW: Refusal = Refusal::new(
    StatusCode::REQUEST_TIMEOUT,
    "The request's body did not come in time.",
);
const BROKEN: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "The request's body broke off.");

/// Bodies up to this are received whole before the server hears of the request: a slow client holds no place there, and
/// the request can be sent again.
const IN_MEMORY: u64 = 64 << 10;
/// Whoever sends this many bytes a second may take as long as it takes.
const BYTES_A_SECOND: u64 = 500;

/// What clients may send: so many bytes, in so much time.
pub(crate) struct RequestBodies {
    largest: Option<u64>,
    time: Option<Duration>,
}

impl RequestBodies {
    pub(crate) fn new(largest: Option<u64>, time: Option<Duration>) -> Self {
        Self { largest, time }
    }

    /// The request with a body that keeps to the limits.
    pub(crate) async fn receive<B: Incoming>(
        &self,
        request: Request<B>,
    ) -> Result<Request<Body>, Refusal> {
        if request.body().is_end_stream() {
            return Ok(request.map(|_| Body::empty()));
        }
        Box::pin(self.receive_body(request)).await
    }

    async fn receive_body<B: Incoming>(
        &self,
        request: Request<B>,
    ) -> Result<Request<Body>, Refusal> {
        let (head, incoming) = request.into_parts();
        let size = incoming.size_hint().exact();
        if size
            .zip(self.largest)
            .is_some_and(|(size, largest)| size > largest)
        {
            return Err(TOO_LARGE);
        }
        let body = Limited::new(incoming, self.largest, self.time);
        let body = match size {
            Some(size) if size <= IN_MEMORY => {
                let whole = body.collect().await;
                Body::from(
                    whole
                        .map_err(|error| refusal(&*error).unwrap_or(BROKEN))?
                        .to_bytes(),
                )
            }
            _ => Body::stream(body),
        };
        Ok(Request::from_parts(head, body))
    }
}

/// Why the client is to blame for an error of a body, where it is.
pub(crate) fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<Refusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(*refusal);
        }
        cause = error.source();
    }
    None
}

/// A body that breaks off when it grows too large or comes too slowly.
struct Limited<B> {
    incoming: B,
    left: Option<u64>,
    received: u64,
    began: Instant,
    time: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl<B> Limited<B> {
    fn new(incoming: B, largest: Option<u64>, time: Option<Duration>) -> Self {
        Self {
            incoming,
            left: largest,
            received: 0,
            began: Instant::now(),
            time: time.map(|time| (time, Box::pin(tokio::time::sleep(time)))),
        }
    }

    fn count(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.received += bytes;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes).ok_or(TOO_LARGE)?;
        }
        Ok(())
    }

    /// Whether the time is over; what was received meanwhile adds to it.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some((time, sleep)) = &mut self.time else {
            return false;
        };
        while sleep.as_mut().poll(context).is_ready() {
            let earned = Duration::from_secs(self.received / BYTES_A_SECOND);
            let until = self.began + *time + earned;
            if until <= Instant::now() {
                return true;
            }
            sleep.as_mut().reset(until);
        }
        false
    }
}

impl<B: Incoming> HttpBody for Limited<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Pending if self.is_late(context) => Poll::Ready(Some(Err(TOO_SLOW.into()))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BROKEN.into()))),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                Poll::Ready(Some(self.count(bytes).map(|()| frame).map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
