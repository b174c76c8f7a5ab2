//! The way of a body into the cache and to the client at once.
//!
//! It is read as fast as the upstream gives it, by a task of its own: a client that reads slowly, or leaves, does not
//! keep those waiting who want the same. Up to the size of an item, that is what may lie in memory for it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::fetch::Storable;
use crate::body::{Body, BodyError};

/// What goes to the client.
enum Piece {
    Frame(Result<Frame<Bytes>, BodyError>),
    /// It is not stored, and the client reads the rest itself.
    Rest(Body),
    /// It is whole. Without this, the task that reads it was stopped.
    End,
}

impl Storable {
    pub(super) fn fill(self, body: Body) -> Body {
        match body {
            Body::Bytes(bytes) => {
                // The bytes may be a slice of a buffer that would be kept with them.
                self.end(Bytes::copy_from_slice(&bytes));
                Body::Bytes(bytes)
            }
            Body::Stream(_) => {
                let size = body.exact_size();
                let (sender, pieces) = mpsc::unbounded_channel();
                tokio::spawn(self.copy(body, sender));
                Body::stream(Filled {
                    pieces,
                    rest: None,
                    has_ended: false,
                    size,
                })
            }
        }
    }

    async fn copy(self, mut body: Body, sender: mpsc::UnboundedSender<Piece>) {
        let mut whole = BytesMut::with_capacity(
            body.exact_size()
                .and_then(|size| size.try_into().ok())
                .unwrap_or(0),
        );
        // A client that left is no reason to stop: others wait, or will come.
        let send = |piece| drop(sender.send(piece));
        loop {
            match body.frame().await {
                None => {
                    self.end(fitted(whole));
                    return send(Piece::End);
                }
                Some(Err(error)) => {
                    self.fail();
                    return send(Piece::Frame(Err(error)));
                }
                Some(Ok(frame)) => {
                    // Trailers cannot be stored with the rest.
                    let length = frame
                        .data_ref()
                        .map(|data| (whole.len() + data.len()) as u64);
                    let fits = length.is_some_and(|length| length <= self.limit());
                    whole.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
                    send(Piece::Frame(Ok(frame)));
                    if !fits {
                        send(Piece::Rest(body));
                        return self.give_up();
                    }
                }
            }
        }
    }

    /// Stores the body, if it is whole.
    fn end(self, whole: Bytes) {
        if self
            .length()
            .is_some_and(|length| length != whole.len() as u64)
        {
            self.fail();
        } else if whole.len() as u64 > self.limit() {
            self.give_up();
        } else {
            self.store(whole);
        }
    }
}

/// Without the room that it was given while it grew.
fn fitted(whole: BytesMut) -> Bytes {
    if whole.len() == whole.capacity() {
        whole.freeze()
    } else {
        Bytes::copy_from_slice(&whole)
    }
}

/// The client's end.
struct Filled {
    pieces: mpsc::UnboundedReceiver<Piece>,
    rest: Option<Body>,
    has_ended: bool,
    /// What is left, where that is known.
    size: Option<u64>,
}

impl HttpBody for Filled {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Some(rest) = &mut self.rest {
                return Pin::new(rest).poll_frame(context);
            }
            match std::task::ready!(self.pieces.poll_recv(context)) {
                None if self.has_ended => return Poll::Ready(None),
                None => {
                    self.has_ended = true;
                    return Poll::Ready(Some(Err("the response was not read to its end".into())));
                }
                Some(Piece::End) => self.has_ended = true,
                Some(Piece::Rest(rest)) => self.rest = Some(rest),
                Some(Piece::Frame(frame)) => {
                    let sent = frame
                        .as_ref()
                        .ok()
                        .and_then(Frame::data_ref)
                        .map_or(0, |data| data.len() as u64);
                    self.size = self.size.map(|size| size.saturating_sub(sent));
                    return Poll::Ready(Some(frame));
                }
            }
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match (&self.rest, self.size) {
            (Some(rest), _) => rest.size_hint(),
            (None, Some(size)) => http_body::SizeHint::with_exact(size),
            (None, None) => http_body::SizeHint::default(),
        }
    }
}
