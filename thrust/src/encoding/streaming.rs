//! A body that is encoded while it comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};

use super::encoder::Encoder;
use crate::body::{Body, BodyError};

/// What is encoded in one go. More would keep other connections of the thread waiting.
const BITE: usize = 64 << 10;
/// A frame is sent once it has this size.
const ENOUGH: usize = 16 << 10;

/// Encodes a body. Nothing is held back while the upstream is silent, and no more than a frame is buffered.
pub(super) struct Streaming {
    body: Body,
    /// `None` once it has ended.
    encoder: Option<Encoder>,
    unread: Bytes,
    encoded: Vec<u8>,
    has_unflushed: bool,
    trailers: Option<HeaderMap>,
}

impl Streaming {
    pub(super) fn new(body: Body, encoder: Encoder) -> Self {
        Self {
            body,
            encoder: Some(encoder),
            unread: Bytes::new(),
            encoded: Vec::new(),
            has_unflushed: false,
            trailers: None,
        }
    }

    fn bite(&mut self, encoder: &mut Encoder) -> Result<(), BodyError> {
        let bite = self.unread.split_to(self.unread.len().min(BITE));
        self.has_unflushed = true;
        Ok(encoder.write(&bite, &mut self.encoded)?)
    }

    fn flush(&mut self, encoder: &mut Encoder) -> Result<(), BodyError> {
        if std::mem::take(&mut self.has_unflushed) {
            encoder.flush(&mut self.encoded)?;
        }
        Ok(())
    }

    fn take(&mut self) -> Option<Frame<Bytes>> {
        let encoded = std::mem::take(&mut self.encoded);
        (!encoded.is_empty()).then(|| Frame::data(encoded.into()))
    }

    /// What is left after the end of the body.
    fn last(&mut self) -> Option<Frame<Bytes>> {
        self.take()
            .or_else(|| self.trailers.take().map(Frame::trailers))
    }

    fn advance(
        &mut self,
        encoder: &mut Encoder,
        context: &mut Context<'_>,
    ) -> Result<Progress, BodyError> {
        while self.encoded.len() < ENOUGH {
            if !self.unread.is_empty() {
                self.bite(encoder)?;
                continue;
            }
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(frame)) => match frame?.into_data() {
                    Ok(data) => self.unread = data,
                    Err(frame) => {
                        self.trailers = frame.into_trailers().ok();
                        return Ok(Progress::End);
                    }
                },
                Poll::Ready(None) => return Ok(Progress::End),
                Poll::Pending => {
                    self.flush(encoder)?;
                    return Ok(Progress::Wait);
                }
            }
        }
        Ok(Progress::Send)
    }
}

enum Progress {
    /// A frame is full.
    Send,
    /// The upstream is silent.
    Wait,
    End,
}

impl HttpBody for Streaming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Some(mut encoder) = this.encoder.take() else {
            return Poll::Ready(this.last().map(Ok));
        };
        match this.advance(&mut encoder, context) {
            Ok(Progress::End) => match encoder.finish(&mut this.encoded) {
                Ok(()) => Poll::Ready(this.last().map(Ok)),
                Err(error) => Poll::Ready(Some(Err(error.into()))),
            },
            Ok(progress) => {
                this.encoder = Some(encoder);
                match (this.take(), progress) {
                    (None, Progress::Wait) => Poll::Pending,
                    (frame, _) => Poll::Ready(frame.map(Ok)),
                }
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}
