use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use h3::error::Code;
use h3::server::{RequestResolver, RequestStream};
use http::header::{CONTENT_LENGTH, DATE};
use http::response::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use super::body::RequestBody;
use super::form;
use super::transport::{Both, Sender, Stopped, Transport};
use crate::body::BodyError;
use crate::handler::Handler;
use crate::handlers::unread::Answer;
use crate::options::Timeouts;
use crate::server::Client;
use crate::server::activity::Activity;
use crate::upstream::strip_hop_by_hop;

/// Bytes that a client has to take within the limit for it.
const PIECE: usize = 16 << 10;

/// A request and its answer, on a stream of its own.
pub(super) struct Exchange {
    pub(super) handler: Arc<Handler>,
    pub(super) client: Client,
    pub(super) activity: Arc<Activity>,
    pub(super) timeouts: Timeouts,
}

/// Why a client has no whole answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the client does not want the answer any more")]
    Unwanted,
    #[error("the head of the request did not come in time")]
    Late,
    #[error("the client took nothing for longer than HTTP_WRITE_TIMEOUT")]
    Unread,
    #[error(transparent)]
    Malformed(#[from] form::Malformed),
    #[error("the answer broke off: {0}")]
    Answer(BodyError),
    #[error(transparent)]
    Stream(#[from] h3::error::StreamError),
}

/// The way to the client. A client must not take an answer for whole that broke off: what quinn would end, this resets.
struct Reply {
    stream: RequestStream<Sender, Bytes>,
    time: Option<Duration>,
    /// What the client is told where the answer does not come to its end.
    code: Option<Code>,
}

impl Exchange {
    /// Answers the request. Whatever is done for it ends with the client's wish for it.
    pub(super) async fn run(
        self,
        resolver: RequestResolver<Transport, Bytes>,
        mut stopped: Stopped,
    ) -> Result<(), Broken> {
        let time = self.timeouts.write;
        tokio::select! {
            biased;
            answered = self.answer(resolver) => answered?,
            _ = &mut stopped => return Err(Broken::Unwanted),
        }
        // The connection must not be closed before the client has all of it.
        let _ = within(time, stopped).await;
        Ok(())
    }

    async fn answer(self, resolver: RequestResolver<Transport, Bytes>) -> Result<(), Broken> {
        let head = within(self.timeouts.read, resolver.resolve_request()).await;
        let (request, stream) = head.ok_or(Broken::Late)??;
        let (mut reply, request) = self.begin(request, stream).await?;
        let in_flight = self.activity.begin();
        let is_head = request.method() == Method::HEAD;
        let answer = self.handler.handle(request, self.client, in_flight);
        let outcome = reply.send(answer.await, is_head).await;
        if let Err(Broken::Answer(_)) = &outcome {
            reply.code = Some(Code::H3_INTERNAL_ERROR);
        }
        outcome
    }

    async fn begin(
        &self,
        request: Request<()>,
        stream: RequestStream<Both, Bytes>,
    ) -> Result<(Reply, Request<RequestBody>), Broken> {
        let (send, receive) = stream.split();
        let mut reply = Reply {
            stream: send,
            time: self.timeouts.write,
            code: Some(Code::H3_MESSAGE_ERROR),
        };
        let length = form::check(request.headers())?;
        reply.code = Some(Code::H3_REQUEST_INCOMPLETE);
        let body = within(self.timeouts.read, RequestBody::begin(receive, length)).await;
        let body = body.ok_or(Broken::Late)??;
        reply.code = Some(Code::H3_REQUEST_CANCELLED);
        Ok((reply, request.map(|()| body)))
    }
}

impl Reply {
    async fn send(&mut self, answer: Response<Answer>, is_head: bool) -> Result<(), Broken> {
        let (mut head, mut body) = answer.into_parts();
        let has_body = !is_head && may_have_body(head.status);
        complete(&mut head, &body, has_body);
        let head = Response::from_parts(head, ());
        taken(self.time, self.stream.send_response(head)).await?;
        while has_body && let Some(frame) = body.frame().await {
            match frame.map_err(Broken::Answer)?.into_data() {
                Ok(data) => self.send_data(data).await?,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        taken(self.time, self.stream.send_trailers(trailers)).await?;
                    }
                }
            }
        }
        // It ends here, in the log and for its server.
        drop(body);
        taken(self.time, self.stream.finish()).await?;
        self.code = None;
        Ok(())
    }

    async fn send_data(&mut self, mut data: Bytes) -> Result<(), Broken> {
        while !data.is_empty() {
            let piece = data.split_to(data.len().min(PIECE));
            taken(self.time, self.stream.send_data(piece)).await?;
        }
        Ok(())
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(code) = self.code {
            self.stream.stop_stream(code);
        }
    }
}

/// What hyper does by the other versions.
fn complete(head: &mut Parts, body: &Answer, has_body: bool) {
    let headers = &mut head.headers;
    strip_hop_by_hop(headers);
    let size = body.size_hint().exact();
    if has_body && let Some(size) = size {
        headers.entry(CONTENT_LENGTH).or_insert(size.into());
    }
    headers.entry(DATE).or_insert_with(|| {
        let now = httpdate::fmt_http_date(SystemTime::now());
        HeaderValue::try_from(now).unwrap_or(HeaderValue::from_static(""))
    });
}

fn may_have_body(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

async fn taken(
    time: Option<Duration>,
    sent: impl Future<Output = Result<(), h3::error::StreamError>>,
) -> Result<(), Broken> {
    let sent = within(time, sent).await;
    Ok(sent.ok_or(Broken::Unread)??)
}

/// The outcome, if it comes in time.
async fn within<T>(time: Option<Duration>, outcome: impl Future<Output = T>) -> Option<T> {
    match time {
        None => Some(outcome.await),
        Some(time) => tokio::time::timeout(time, outcome).await.ok(),
    }
}
