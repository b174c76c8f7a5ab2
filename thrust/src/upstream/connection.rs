use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Failed;
use super::pool::Pool;
use crate::body::{Body, BodyError};

/// What moves the bytes of a connection. Its errors reach whoever waits for an answer or a body.
struct Driver(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Driver {
    /// Moves what can be moved. Ready when the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.0 else {
            return Poll::Ready(());
        };
        let over = driver.as_mut().poll(context).map(drop);
        if over.is_ready() {
            self.0 = None;
        }
        over
    }
}

/// A connection to a server. Nobody else drives it: whoever uses it does so in the own task, which saves two switches of
/// task for each request.
pub(crate) struct Live {
    sender: SendRequest<Body>,
    driver: Driver,
    pub(super) unused_since: Instant,
}

impl Live {
    pub(super) async fn connect(target: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        let handshake = http1::Builder::new()
            // Enough for whole pages at once, and no more than that for each connection.
            .max_buf_size(64 << 10)
            // Requests are small: one copy costs less than a list of parts.
            .writev(false)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.map_err(io::Error::other)?;
        Ok(Self {
            sender,
            driver: Driver(Some(Box::pin(connection.with_upgrades()))),
            unused_since: Instant::now(),
        })
    }

    /// Whether the server still keeps it open, as far as is known here.
    pub(super) fn is_open(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.driver.poll(&mut context).is_pending() && self.sender.is_ready()
    }

    /// Sends a request, and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Failed> {
        let answer = self.sender.try_send_request(request);
        let mut answer = std::pin::pin!(answer);
        let driver = &mut self.driver;
        let outcome = std::future::poll_fn(|context| {
            let _ = driver.poll(context);
            answer.as_mut().poll(context)
        });
        outcome
            .await
            .map_err(|mut failed| match failed.take_message() {
                Some(request) => Failed::Unsent(Box::new(request), failed.into_error()),
                None => Failed::Unanswered(failed.into_error()),
            })
    }

    /// The answer with a body that drives the connection, and puts it back when all was read.
    pub(super) fn response(self, response: Response<Incoming>, pool: &Pool) -> Response<Body> {
        let (parts, incoming) = response.into_parts();
        if incoming.is_end_stream() {
            pool.put(self);
            return Response::from_parts(parts, Body::empty());
        }
        let body = Answer {
            incoming,
            live: Some(self),
            pool: pool.clone(),
        };
        Response::from_parts(parts, Body::stream(body))
    }

    /// What the server switched to; or its answer, where it did not.
    pub(super) fn switched(self, mut response: Response<Incoming>) -> Switch {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Switch::Refused(self.response(response, &Pool::default()));
        }
        let switched = Switched {
            driver: self.driver,
            upgrade: hyper::upgrade::on(&mut response),
        };
        Switch::Done(response.map(drop), switched)
    }
}

/// What a server makes of the wish to switch protocols.
pub(crate) enum Switch {
    Done(Response<()>, Switched),
    /// It answers as to any other request.
    Refused(Response<Body>),
}

/// A connection whose server has switched protocols.
pub(crate) struct Switched {
    driver: Driver,
    upgrade: OnUpgrade,
}

impl Switched {
    /// The bare connection, and what was read of it already.
    pub(crate) async fn into_stream(mut self) -> io::Result<(TcpStream, Bytes)> {
        let over = std::future::poll_fn(|context| self.driver.poll(context));
        let ((), upgraded) = tokio::join!(over, self.upgrade);
        let upgraded = upgraded.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<TcpStream>>()
            .map_err(|_| io::Error::other("the connection to the server is not a plain one"))?;
        Ok((parts.io.into_inner(), parts.read_buf))
    }
}

/// The body of an answer.
struct Answer {
    incoming: Incoming,
    live: Option<Live>,
    pool: Pool,
}

impl Answer {
    fn ended(&mut self) {
        if let Some(live) = self.live.take() {
            self.pool.put(live);
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let mut frame = Pin::new(&mut this.incoming).poll_frame(context);
        if frame.is_pending()
            && let Some(live) = &mut this.live
        {
            let _ = live.driver.poll(context);
            frame = Pin::new(&mut this.incoming).poll_frame(context);
        }
        match &frame {
            Poll::Ready(None) => this.ended(),
            Poll::Ready(Some(Ok(_))) if this.incoming.is_end_stream() => this.ended(),
            _ => {}
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
