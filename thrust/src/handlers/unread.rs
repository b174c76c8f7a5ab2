use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Response, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::request_log::Outgoing;
use crate::body::BodyError;

/// The body of an answer. By HTTP/2 a client may leave a stream unread and read others: then nothing shows on the
/// connection, and each stream has to be watched by itself, or it would hold its server for as long as it likes.
pub(crate) enum Answer {
    Plain(Outgoing),
    Watched(Arc<Watched>),
}

pub(crate) struct Watched(Mutex<Stream>);

struct Stream {
    /// Gone when the client left it unread for too long.
    body: Option<Outgoing>,
    /// Since when the client has something to take.
    given: Option<Instant>,
}

/// Has an answer watched, where that is needed: none that is in memory holds anybody.
pub(crate) fn watch(
    response: Response<Outgoing>,
    version: Version,
    limit: Option<Duration>,
) -> Response<Answer> {
    let is_streamed = version == Version::HTTP_2 && response.body().is_streamed();
    let Some(limit) = limit.filter(|_| is_streamed) else {
        return response.map(Answer::Plain);
    };
    response.map(|body| {
        let watched = Arc::new(Watched(Mutex::new(Stream {
            body: Some(body),
            given: None,
        })));
        tokio::spawn(cut_unread(Arc::downgrade(&watched), limit));
        Answer::Watched(watched)
    })
}

/// Lets go of the answer, and with it of its server, when nothing of it is taken.
async fn cut_unread(watched: Weak<Watched>, limit: Duration) {
    loop {
        tokio::time::sleep(limit / 2).await;
        let Some(watched) = watched.upgrade() else {
            return;
        };
        let mut stream = watched.lock();
        if stream.given.is_some_and(|given| given.elapsed() >= limit) {
            stream.body = None;
            return;
        }
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let watched = match &mut *self {
            Self::Plain(body) => return Pin::new(body).poll_frame(context),
            Self::Watched(watched) => watched,
        };
        let mut stream = watched.lock();
        let Some(body) = &mut stream.body else {
            let reason = "the client took nothing for longer than HTTP_WRITE_TIMEOUT";
            return Poll::Ready(Some(Err(reason.into())));
        };
        let frame = Pin::new(body).poll_frame(context);
        stream.given = frame.is_ready().then(Instant::now);
        frame
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Plain(body) => body.is_end_stream(),
            Self::Watched(watched) => {
                let stream = watched.lock();
                stream.body.as_ref().is_some_and(HttpBody::is_end_stream)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Plain(body) => body.size_hint(),
            Self::Watched(watched) => {
                let stream = watched.lock();
                stream
                    .body
                    .as_ref()
                    .map_or_else(SizeHint::default, HttpBody::size_hint)
            }
        }
    }
}
