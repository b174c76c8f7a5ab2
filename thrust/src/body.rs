use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Why a body broke off. The client's connection is closed with it: a body that is cut short must not look whole.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request, as it comes from a client by any version of HTTP.
pub(crate) trait Incoming:
    HttpBody<Data = Bytes, Error: Into<BodyError>> + Send + Unpin + 'static
{
}

impl<B> Incoming for B where
    B: HttpBody<Data = Bytes, Error: Into<BodyError>> + Send + Unpin + 'static
{
}

/// The body of a request or a response.
pub(crate) enum Body {
    /// All of it, in memory. Nothing once it was read.
    Bytes(Bytes),
    /// What is still to come.
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError> + Send>>),
}

impl Body {
    /// A body without any bytes.
    pub(crate) fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// A body that comes bit by bit.
    pub(crate) fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error = BodyError> + Send + 'static,
    {
        Self::Stream(Box::pin(body))
    }

    /// The bytes, where all of them are in memory.
    pub(crate) fn in_memory(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }

    /// How many bytes are to come, where that is known.
    pub(crate) fn exact_size(&self) -> Option<u64> {
        HttpBody::size_hint(self).exact()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.exact_size();
        f.debug_struct("Body")
            .field("size", &size)
            .finish_non_exhaustive()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(body) => body.size_hint(),
        }
    }
}
