use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h3::error::StreamError;
use h3::server::RequestStream;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::transport::Receiver;
use crate::body::BodyError;

type Stream = RequestStream<Receiver, Bytes>;

/// The body of a request. What comes after it (trailers) is not passed on.
pub(super) struct RequestBody {
    /// Gone when all was read.
    stream: Option<Stream>,
    /// What was read already.
    first: Option<Bytes>,
    /// How many bytes are to come, where the client said so.
    left: Option<u64>,
}

/// A body of another length than its head says: servers of HTTP/1.1 would take the rest for the next request, or wait
/// for it.
#[derive(Debug, thiserror::Error)]
#[error("the body is not as long as its head says")]
struct OtherLength;

impl RequestBody {
    /// The body of a request whose head says how long it is, or not. Without that, it begins once there is a first byte of it
    /// or its end: a request without a body is to be known for one.
    pub(super) async fn begin(
        mut stream: Stream,
        length: Option<u64>,
    ) -> Result<Self, StreamError> {
        let (stream, first) = match length {
            Some(0) => (None, None),
            Some(_) => (Some(stream), None),
            None => {
                let first = std::future::poll_fn(|context| poll_data(&mut stream, context)).await?;
                (first.is_some().then_some(stream), first)
            }
        };
        Ok(Self {
            stream,
            first,
            left: length,
        })
    }

    fn count(&mut self, bytes: &Bytes) -> Result<(), OtherLength> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes.len() as u64).ok_or(OtherLength)?;
        }
        Ok(())
    }

    fn ended(&mut self) -> Result<(), OtherLength> {
        self.stream = None;
        match self.left.take() {
            None | Some(0) => Ok(()),
            Some(_) => Err(OtherLength),
        }
    }
}

fn poll_data(
    stream: &mut Stream,
    context: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, StreamError>> {
    let data = ready!(stream.poll_recv_data(context))?;
    Poll::Ready(Ok(data.map(|mut data| data.copy_to_bytes(data.remaining()))))
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let data = match (self.first.take(), &mut self.stream) {
            (Some(first), _) => Some(first),
            (None, Some(stream)) => match ready!(poll_data(stream, context)) {
                Ok(data) => data,
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            },
            (None, None) => return Poll::Ready(None),
        };
        Poll::Ready(match data {
            Some(data) => {
                let counted = self.count(&data);
                Some(counted.map(|()| Frame::data(data)).map_err(Into::into))
            }
            None => self.ended().err().map(|error| Err(error.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none() && self.first.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
