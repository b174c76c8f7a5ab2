use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use metrics::{Counter, Gauge, Histogram};

use crate::body::{Body, BodyError};
use crate::handlers::request_id;
use crate::server::{Client, InFlight};

/// What the log says of a client that left before it was answered, as nginx does.
const LEFT: u16 = 499;

/// Counts each request, and logs it if that is asked for, when its answer has ended.
pub(crate) struct RequestLog {
    writes: bool,
    meters: Arc<Meters>,
}

struct Meters {
    /// By the first digit of the status.
    requests: [Counter; 6],
    duration: Histogram,
    bytes: Counter,
    in_flight: Gauge,
}

/// A request that is being answered.
pub(crate) struct Entry {
    began: Instant,
    line: Option<Box<Line>>,
    meters: Arc<Meters>,
    status: u16,
    bytes: u64,
}

/// What is written of a request. The query is not: it may hold secrets.
struct Line {
    method: Method,
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    agent: Option<HeaderValue>,
    address: IpAddr,
    id: HeaderValue,
    cache: Option<HeaderValue>,
}

impl RequestLog {
    pub(crate) fn new(writes: bool) -> Self {
        metrics::describe_counter!(
            "thrust_requests_total",
            "Requests, by the class of their status; 0 is a client that left"
        );
        metrics::describe_histogram!(
            "thrust_request_duration_seconds",
            "Seconds from the head of a request to the end of its answer"
        );
        metrics::describe_counter!(
            "thrust_response_bytes_total",
            "Bytes of bodies that were sent"
        );
        let requests = ["0", "1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| metrics::counter!("thrust_requests_total", "status" => class));
        metrics::describe_gauge!(
            "thrust_requests_in_flight",
            "Requests whose answer has not ended"
        );
        let duration = metrics::histogram!("thrust_request_duration_seconds");
        let bytes = metrics::counter!("thrust_response_bytes_total");
        Self {
            writes,
            meters: Arc::new(Meters {
                requests,
                duration,
                bytes,
                in_flight: metrics::gauge!("thrust_requests_in_flight"),
            }),
        }
    }

    pub(crate) fn begin<B>(&self, request: &Request<B>, client: &Client) -> Entry {
        let line = self.writes.then(|| {
            Box::new(Line {
                method: request.method().clone(),
                uri: request.uri().clone(),
                version: request.version(),
                host: host(request),
                agent: request.headers().get(USER_AGENT).cloned(),
                address: client.address,
                id: request_id::of(request),
                cache: None,
            })
        });
        self.meters.in_flight.increment(1);
        Entry {
            began: Instant::now(),
            line,
            meters: Arc::clone(&self.meters),
            status: LEFT,
            bytes: 0,
        }
    }
}

impl Entry {
    /// The answer, which ends the entry when it has been sent.
    pub(crate) fn end(
        mut self,
        response: Response<Body>,
        in_flight: InFlight,
    ) -> Response<Outgoing> {
        self.status = response.status().as_u16();
        if let Some(line) = &mut self.line {
            line.cache = response.headers().get("x-cache").cloned();
        }
        response.map(|body| Outgoing {
            body,
            entry: self,
            _in_flight: in_flight,
        })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let duration = self.began.elapsed();
        let class = if self.status == LEFT {
            0
        } else {
            usize::from(self.status / 100)
        };
        if let Some(requests) = self.meters.requests.get(class) {
            requests.increment(1);
        }
        self.meters.in_flight.decrement(1);
        self.meters.duration.record(duration);
        self.meters.bytes.increment(self.bytes);
        if let Some(line) = &self.line {
            line.write(self.status, self.bytes, duration.as_secs_f64() * 1000.0);
        }
    }
}

impl Line {
    fn write(&self, status: u16, bytes: u64, duration_ms: f64) {
        let (cache, host) = (text(self.cache.as_ref()), text(self.host.as_ref()));
        tracing::info!(
            request.id = text(Some(&self.id)),
            http.method = %self.method,
            http.path = %self.uri.path(),
            http.status = status,
            duration_ms,
            body_bytes = bytes,
            cache,
            client.address = %self.address,
            http.version = ?self.version,
            http.host = host,
            user_agent = text(self.agent.as_ref()),
            "answered a request"
        );
    }
}

/// By HTTP/2 and 3 it is a part of the address, as a rule.
fn host<B>(request: &Request<B>) -> Option<HeaderValue> {
    let of_address = || HeaderValue::from_str(request.uri().authority()?.as_str()).ok();
    request.headers().get(HOST).cloned().or_else(of_address)
}

fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or("-")
}

/// The body of an answer, on its way to the client.
pub(crate) struct Outgoing {
    body: Body,
    entry: Entry,
    _in_flight: InFlight,
}

impl Outgoing {
    /// Whether more of it is still to come from somewhere.
    pub(crate) fn is_streamed(&self) -> bool {
        self.body.in_memory().is_none()
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.entry.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
