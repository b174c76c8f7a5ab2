use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::frame::Frame;
use crate::outbox::Outbox;

/// The response to an upgrade request: what the server sends until the connection ends. actix takes frames right out
/// of the outbox, as many as the socket has room for, without a task or a queue between.
pub(crate) struct Body {
    outbox: Arc<Outbox>,
    /// Never read from. `actix_ws` takes its end for the end of the connection, and so ends the incoming messages.
    _socket: BoxBody,
}

impl Body {
    pub(crate) fn new(outbox: Arc<Outbox>, socket: BoxBody) -> Self {
        Self {
            outbox,
            _socket: socket,
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.outbox.leave();
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let next = self.outbox.poll_next(context);
        if let Poll::Ready(Some(frame)) = &next {
            self.outbox.metrics().sent(frame.len());
        }
        next.map(|frame| frame.map(Frame::into_bytes).map(Ok))
    }
}
