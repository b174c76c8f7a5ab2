//! The servers behind the proxy: HTTP/1.1 connections that are kept and used again, and requests that wait while a
//! server starts again.

mod connection;
mod headers;
mod patience;
mod pool;
mod replay;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::HOST;
use http::{Request, Response, StatusCode};
use tokio::sync::{Semaphore, TryAcquireError};
use tokio_util::sync::CancellationToken;

use crate::body::Body;
use crate::handlers::refusal::Refusal;
use crate::handlers::request_body::refusal;
use crate::options::{Options, Target};
use crate::server::workers;
use connection::Live;
pub(crate) use connection::{Switch, Switched};
pub(crate) use headers::{strip_hop_by_hop, upgrades_to_websocket};
use patience::Patience;
use pool::Pool;
use replay::Replay;

/// Requests of one server that may wait for it at once; more are refused.
const WAITING: usize = 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often a request is sent again that a server took and did not answer: it may be what the server dies of.
const REPLAYS: u32 = 2;
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("could not connect to {target}: {error}")]
    Connect {
        target: String,
        error: std::io::Error,
    },
    #[error("{target} closed the connection before it answered: {error}")]
    Broken { target: String, error: hyper::Error },
    #[error("{target} did not answer within {} s", .after.as_secs())]
    Timeout { target: String, after: Duration },
    #[error("{target} switched protocols, which nobody had asked for")]
    Switched { target: String },
}

impl UpstreamError {
    /// Why the client is to blame, where it is.
    pub(crate) fn fault_of_client(&self) -> Option<Refusal> {
        match self {
            Self::Broken { error, .. } => refusal(error),
            Self::Connect { .. } | Self::Timeout { .. } | Self::Switched { .. } => None,
        }
    }
}

/// One server.
pub(crate) struct Upstream {
    name: &'static str,
    target: String,
    /// One for each worker, so that a connection stays with one processor.
    pools: Vec<Pool>,
    wait: Duration,
    timeout: Option<Duration>,
    waiting: Semaphore,
    stopping: CancellationToken,
}

/// The servers, and what goes where.
pub(crate) struct Upstreams {
    web: Arc<Upstream>,
    cable: Option<Arc<Upstream>>,
    cable_path: String,
}

impl Upstreams {
    /// `stopping` ends all waiting.
    pub(crate) fn new(options: &Options, stopping: &CancellationToken) -> Self {
        let server = |name, target: &Target| {
            Arc::new(Upstream {
                name,
                target: format!("{}:{}", target.host, target.port),
                pools: (0..workers::count()).map(|_| Pool::default()).collect(),
                wait: options.upstream_wait,
                timeout: options.upstream_timeout,
                waiting: Semaphore::new(WAITING),
                stopping: stopping.clone(),
            })
        };
        Self {
            web: server("web", &options.target),
            cable: options.cable.as_ref().map(|target| server("cable", target)),
            cable_path: options.cable_path.clone(),
        }
    }

    /// The server for a path: what `CABLE_PATH` names, and what is below it, goes to the cable server.
    pub(crate) fn route(&self, path: &str) -> &Arc<Upstream> {
        let below = path.strip_prefix(self.cable_path.as_str());
        let is_cable = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.cable
            .as_ref()
            .filter(|_| is_cable)
            .unwrap_or(&self.web)
    }

    /// All servers.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        std::iter::once(&self.web).chain(&self.cable)
    }

    /// Lets go of connections that were not used for a while.
    pub(crate) fn sweep(&self) {
        for pool in self.all().flat_map(|upstream| &upstream.pools) {
            pool.sweep();
        }
    }
}

impl Upstream {
    /// What it is: `web` or `cable`.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Sends a request that is ready for the server, and returns its answer. Where nobody listens the request waits, and
    /// where the server closed the connection unanswered it is sent again, if it may be.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let until = Instant::now() + self.wait;
        let replay = Replay::of(&request);
        let mut replays = 0;
        let mut pause = FIRST_PAUSE;
        loop {
            let (connection, is_fresh) = match self.pool().take(replay.is_some()) {
                Some(connection) => (connection, false),
                None => (Box::pin(self.connect(until)).await?, true),
            };
            match self.exchange(connection, request).await {
                Ok(response) => return Ok(response),
                Err(Failed::Final(error)) => return Err(error),
                Err(Failed::Unsent(unsent, error)) => {
                    if is_fresh {
                        if Instant::now() + pause >= until || self.stopping.is_cancelled() {
                            return Err(self.broken(error));
                        }
                        // Whoever hangs up at once is about to start or to stop.
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    request = *unsent;
                }
                Err(Failed::Unanswered(error)) => {
                    // That a kept connection was closed says nothing about the request.
                    replays += u32::from(is_fresh);
                    let again = replay.as_ref().filter(|_| replays <= REPLAYS);
                    let Some(again) = again else {
                        return Err(self.broken(error));
                    };
                    request = again.request();
                }
            }
        }
    }

    /// Whether the server says at its `/up` that it is well.
    ///
    /// # Errors
    /// What it said, or why it did not.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let request = Request::get("/up")
            .header(HOST, &*self.target)
            .body(Body::empty());
        let answer = async {
            let connection = Live::connect(&self.target)
                .await
                .map_err(|error| error.to_string())?;
            let request = request.map_err(|error| error.to_string())?;
            let answer = self.answer(connection, request).await;
            answer
                .map(|(response, _)| response.status())
                .map_err(|failed| failed.to_string())
        };
        match tokio::time::timeout(HEALTH_TIMEOUT, answer).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(format!("it answers {status}")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    /// Asks a server to switch protocols, on a connection of its own.
    pub(crate) async fn switch(&self, request: Request<Body>) -> Result<Switch, UpstreamError> {
        let connection = self.connect(Instant::now() + self.wait).await?;
        match self.answer(connection, request).await {
            Ok((response, live)) => Ok(live.switched(response)),
            Err(Failed::Final(error)) => Err(error),
            Err(Failed::Unsent(_, error) | Failed::Unanswered(error)) => Err(self.broken(error)),
        }
    }

    async fn exchange(
        &self,
        connection: Live,
        request: Request<Body>,
    ) -> Result<Response<Body>, Failed> {
        let (response, live) = self.answer(connection, request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let target = self.target.clone();
            return Err(Failed::Final(UpstreamError::Switched { target }));
        }
        Ok(live.response(response, self.pool()))
    }

    async fn answer(
        &self,
        mut connection: Live,
        request: Request<Body>,
    ) -> Result<(Response<hyper::body::Incoming>, Live), Failed> {
        let Some(after) = self.timeout else {
            return Ok((connection.send(request).await?, connection));
        };
        let (request, patience) = Patience::with(request);
        let response = tokio::select! {
            biased;
            response = connection.send(request) => response,
            () = patience.ends(after) => {
                let target = self.target.clone();
                return Err(Failed::Final(UpstreamError::Timeout { target, after }));
            }
        };
        Ok((response?, connection))
    }

    /// Connects; where that is refused, again until it works or the time is over.
    async fn connect(&self, until: Instant) -> Result<Live, UpstreamError> {
        let error = match Live::connect(&self.target).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let failed = |error| {
            let target = self.target.clone();
            Err(UpstreamError::Connect { target, error })
        };
        let _place = match self.waiting.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return failed(error),
        };
        let (mut pause, mut error) = (FIRST_PAUSE, error);
        while Instant::now() + pause < until && !self.stopping.is_cancelled() {
            tokio::time::sleep(pause).await;
            error = match Live::connect(&self.target).await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        failed(error)
    }

    fn pool(&self) -> &Pool {
        &self.pools[workers::index()]
    }

    fn broken(&self, error: hyper::Error) -> UpstreamError {
        let target = self.target.clone();
        UpstreamError::Broken { target, error }
    }
}

/// How an exchange failed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// The server saw nothing of the request.
    #[error("{1}")]
    Unsent(Box<Request<Body>>, hyper::Error),
    /// The server may have seen the request.
    #[error("{0}")]
    Unanswered(hyper::Error),
    /// Sending it again would not help.
    #[error("{0}")]
    Final(UpstreamError),
}
