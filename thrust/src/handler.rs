//! What happens to a request, from the client to the server and back.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::{Body, Incoming};
use crate::cache::Cache;
use crate::handlers::admission;
use crate::handlers::alternative::Alternative;
use crate::handlers::bad_gateway::BadGateway;
use crate::handlers::forwarded::Forwarded;
use crate::handlers::https::Https;
use crate::handlers::metrics::Metrics;
use crate::handlers::origin::Origin;
use crate::handlers::rate::Rate;
use crate::handlers::request_body::RequestBodies;
use crate::handlers::request_id::{self, REQUEST_ID};
use crate::handlers::request_log::RequestLog;
use crate::handlers::sendfile::Sendfile;
use crate::handlers::unread::{self, Answer};
use crate::handlers::websocket;
use crate::options::Options;
use crate::server::{Client, InFlight};
use crate::upstream::{UpstreamError, Upstreams, strip_hop_by_hop};

/// The whole way of a request.
pub(crate) struct Handler {
    log: RequestLog,
    https: Option<Https>,
    rate: Option<Rate>,
    metrics: Metrics,
    bodies: RequestBodies,
    forwarded: Forwarded,
    cache: Cache,
    sendfile: Arc<Sendfile>,
    upstreams: Arc<Upstreams>,
    bad_gateway: BadGateway,
    alternative: Alternative,
    write_timeout: Option<Duration>,
    pub(crate) tunnels: Tunnels,
}

/// The tunnels that are open, and what ends them.
#[derive(Default)]
pub(crate) struct Tunnels {
    pub(crate) tasks: TaskTracker,
    pub(crate) cut: CancellationToken,
}

impl Handler {
    /// `https` is there when HTTPS is on: it answers what comes without TLS. `quic` is the port of HTTP/3, where
    /// that is on.
    pub(crate) fn new(
        options: &Options,
        upstreams: Arc<Upstreams>,
        https: Option<Https>,
        quic: Option<u16>,
    ) -> Self {
        Self {
            log: RequestLog::new(options.log_requests),
            https,
            rate: options.limits.requests_per_client.map(Rate::new),
            metrics: Metrics::new(options.forward_metrics),
            bodies: RequestBodies::new(options.limits.request_body, options.timeouts.read),
            forwarded: Forwarded::new(options.forward_headers),
            cache: Cache::new(options.cache, options.compression),
            sendfile: Arc::new(Sendfile::new(options.x_sendfile.as_deref())),
            upstreams,
            bad_gateway: BadGateway::new(&options.bad_gateway_page),
            alternative: Alternative::new(quic),
            write_timeout: options.timeouts.write,
            tunnels: Tunnels::default(),
        }
    }

    /// Answers a request of a client. `in_flight` lasts as long as the answer.
    pub(crate) async fn handle<B: Incoming>(
        self: Arc<Self>,
        mut request: Request<B>,
        client: Client,
        in_flight: InFlight,
    ) -> Response<Answer> {
        let id = request_id::name(&mut request);
        let entry = self.log.begin(&request, &client);
        let version = request.version();
        let mut response = self.respond(request, &client, &in_flight).await;
        self.alternative.tell(&mut response, version, &client);
        // Whatever the server says, or said when the cache asked it: this request has this name.
        response.headers_mut().insert(REQUEST_ID, id);
        unread::watch(entry.end(response, in_flight), version, self.write_timeout)
    }

    async fn respond<B: Incoming>(
        &self,
        mut request: Request<B>,
        client: &Client,
        in_flight: &InFlight,
    ) -> Response<Body> {
        if let Err(refused) = admission::admit(&mut request) {
            return refused.into_response();
        }
        if let Some(https) = self.https.as_ref().filter(|_| !client.is_tls) {
            return https.respond(&request);
        }
        if self
            .rate
            .as_ref()
            .is_some_and(|rate| !rate.admits(client.address))
        {
            return Rate::refusal();
        }
        if let Some(refused) = self.metrics.refusal(request.uri().path()) {
            return refused;
        }
        let upgrade = websocket::asked_for(&mut request);
        // Before anything is added: `Connection` must not name what the proxy itself tells the server.
        strip_hop_by_hop(request.headers_mut());
        self.forwarded.apply(&mut request, client);
        self.sendfile.announce(&mut request);
        let upstream = Arc::clone(self.upstreams.route(request.uri().path()));
        let (is_head, id) = (request.method() == Method::HEAD, request_id::of(&request));
        let answer = match upgrade {
            Some(upgrade) => {
                let client = (client, in_flight);
                Box::pin(upgrade.switch(request, &upstream, client, &self.tunnels)).await
            }
            None => match self.bodies.receive(request).await {
                Ok(request) => {
                    let origin = Origin::new(upstream, Arc::clone(&self.sendfile));
                    self.cache.respond(request, origin).await
                }
                Err(refused) => return refused.into_response(),
            },
        };
        answer.unwrap_or_else(|error| self.failed(&error, is_head, &id))
    }

    fn failed(&self, error: &UpstreamError, is_head: bool, id: &HeaderValue) -> Response<Body> {
        if let Some(refused) = error.fault_of_client() {
            return refused.into_response();
        }
        let status = match error {
            UpstreamError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        let id = id.to_str().unwrap_or_default();
        tracing::warn!(request.id = id, error = %telemetry::chain(error), "a request was not answered by its server");
        self.bad_gateway.page(status, is_head)
    }
}
