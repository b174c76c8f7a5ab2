//! What every HTTP server of the suite does with each request: it names it, counts it and takes its time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};
use telemetry::{REQUEST_ID, RequestId, TRACEPARENT, Trace};
use tracing::{Instrument as _, Span, field};

const COUNT: &str = "http_requests_total";
const DURATION: &str = "http_request_duration_seconds";
const IN_FLIGHT: &str = "http_requests_in_flight";
/// The status of a request whose client left before there was an answer, as nginx calls it.
const LEFT: u16 = 499;
/// What stands for the route of a path that has none.
const NO_ROUTE: &str = "(none)";

/// The meters of a server. Cheap to clone: all clones are the same.
#[derive(Clone)]
pub struct Requests {
    in_flight: Gauge,
    seen: Arc<RwLock<HashMap<Kind, (Counter, Histogram)>>>,
}

/// What requests are told apart by. Bounded: there are as many routes as the program has.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    method: &'static str,
    route: String,
    status: u16,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            in_flight: gauge!(IN_FLIGHT),
            seen: Arc::default(),
        }
    }
}

/// Names the request, in its span `request` and in the header of its answer, and measures it. For
/// [`actix_web::middleware::from_fn`], with [`Requests`] among the application's data.
///
/// # Errors
/// What the service says.
pub async fn observe(
    requests: Data<Requests>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = RequestId::of(header(request.head(), REQUEST_ID));
    let trace = Trace::of(id.clone()).caused_by(header(request.head(), TRACEPARENT));
    let span = request_span(&trace);
    let mut measured = Measured::begin(&requests, request.method());
    let answering = trace.scope(next.call(request)).instrument(span.clone());
    let answered = answering.await;
    measured.ended(&answered);
    let mut response = answered?;
    tag(&span, &response);
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        let name = HeaderName::from_static(REQUEST_ID);
        response.headers_mut().insert(name, id);
    }
    Ok(response)
}

fn header<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

fn request_span(trace: &Trace) -> Span {
    let span = tracing::info_span!(
        "request",
        request.id = trace.request_id().map(field::display),
        otel.kind = telemetry::is_traced().then_some("server"),
    );
    trace.cause(&span);
    span
}

/// What OpenTelemetry wants to know of a request.
fn tag(span: &Span, response: &ServiceResponse<impl MessageBody>) {
    if !telemetry::is_traced() {
        return;
    }
    let request = response.request();
    let (method, status) = (request.method(), response.status());
    if let Some(route) = request.match_pattern() {
        telemetry::rename(span, format!("{method} {route}"));
        telemetry::tag(span, "http.route", &route);
    }
    telemetry::tag(span, "http.request.method", method.as_str());
    telemetry::tag(span, "url.path", request.path());
    telemetry::tag(span, "http.response.status_code", status.as_str());
    if status.is_server_error() {
        telemetry::tag(span, "error.type", status.as_str());
    }
}

/// A request that is being answered.
struct Measured<'a> {
    requests: &'a Requests,
    method: &'static str,
    began: Instant,
    is_answered: bool,
}

impl<'a> Measured<'a> {
    fn begin(requests: &'a Requests, method: &Method) -> Self {
        requests.in_flight.increment(1);
        Self {
            requests,
            method: known(method),
            began: Instant::now(),
            is_answered: false,
        }
    }

    fn ended(&mut self, answered: &Result<ServiceResponse<impl MessageBody>, Error>) {
        self.is_answered = true;
        let (route, status) = match answered {
            Ok(response) => (response.request().match_pattern(), response.status()),
            Err(error) => (None, error.as_response_error().status_code()),
        };
        self.count(route.unwrap_or_else(|| NO_ROUTE.to_owned()), status);
    }

    fn count(&self, route: String, status: StatusCode) {
        let kind = Kind {
            method: self.method,
            route,
            status: status.as_u16(),
        };
        let duration = self.began.elapsed();
        self.requests.with(kind, |(count, time)| {
            count.increment(1);
            time.record(duration);
        });
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.requests.in_flight.decrement(1);
        if !self.is_answered
            && let Ok(left) = StatusCode::from_u16(LEFT)
        {
            self.count(NO_ROUTE.to_owned(), left);
        }
    }
}

impl Requests {
    /// A lookup by name in the recorder would take longer than all else here.
    fn with(&self, kind: Kind, record: impl FnOnce(&(Counter, Histogram))) {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meters) = seen.get(&kind) {
            return record(meters);
        }
        drop(seen);
        let meters = kind.meters();
        record(&meters);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.insert(kind, meters);
    }
}

impl Kind {
    fn meters(&self) -> (Counter, Histogram) {
        let (method, route, status) = (self.method, self.route.clone(), self.status.to_string());
        let count =
            counter!(COUNT, "method" => method, "route" => route.clone(), "status" => status);
        (
            count,
            histogram!(DURATION, "method" => method, "route" => route),
        )
    }
}

/// Methods are whatever a client sends.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

pub(crate) fn describe_requests() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        COUNT,
        Unit::Count,
        "Requests, by method, route and status; 499 is a client that left."
    );
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "From a request to the head of its answer."
    );
    describe_gauge!(IN_FLIGHT, Unit::Count, "Requests that are being answered.");
}
