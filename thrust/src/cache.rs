//! The shared cache (RFC 9111). It keeps what the upstream declares `public` and fresh for a time, in memory, whole, and
//! as it came; encoded forms are made of it once, beside the requests, and kept with it.
//!
//! Nothing is ever decoded here: a small body that would expand to a huge one stays small.

mod asked;
mod decision;
mod directives;
mod encoded;
mod entry;
mod fetch;
mod fill;
mod flight;
mod key;
mod marks;
mod metrics;
mod part;
mod policy;
mod scope;
mod serve;
mod store;
#[cfg(test)]
mod tests;
mod vary;

use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::body::Body;
use crate::encoding::{self, Client};
use crate::options;

use asked::Asked;
use decision::{Decision, decide};
use encoded::Encoder;
use entry::Entry;
use fetch::{Fetch, Fetched};
use flight::{Flights, Join, Landing};
use key::Key;
use marks::Marks;
use metrics::Metrics;
use scope::Scope;
use store::Store;

pub(crate) use metrics::{Outcome, X_CACHE};

/// How often a request waits for others' before it goes its own way.
const ROUNDS: usize = 3;

/// Where responses come from.
pub(crate) trait Upstream: Clone + Send + Sync + 'static {
    type Error: Send + 'static;

    fn fetch(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Self::Error>> + Send;
}

/// Answers requests from memory where it may, and from the upstream otherwise.
#[derive(Clone)]
pub(crate) struct Cache(Arc<Inner>);

struct Inner {
    compression: options::Compression,
    max_item_size: u64,
    /// `None` where the cache is off.
    store: Option<Store>,
    flights: Flights,
    marks: Marks,
    encoder: Encoder,
    metrics: Metrics,
}

/// What to do about a request.
enum Next {
    Answer(Response<Body>),
    /// Hand it to the upstream as it is, and store nothing.
    Pass(Asked, Outcome),
    /// Ask the upstream, with what is to be revalidated, and for all who wait.
    Fetch(Asked, Option<Arc<Entry>>, Option<flight::Guard>),
}

impl Cache {
    pub(crate) fn new(options: options::Cache, compression: options::Compression) -> Self {
        let metrics = Metrics::new();
        Self(Arc::new(Inner {
            compression,
            max_item_size: options.max_item_size.min(options.capacity),
            store: (options.capacity > 0).then(|| Store::new(options, metrics.clone())),
            flights: Flights::default(),
            marks: Marks::new(),
            encoder: Encoder::new(),
            metrics,
        }))
    }

    /// Answers a request, encoded as the client likes it. `X-Cache` tells where the answer came from.
    pub(crate) async fn respond<U: Upstream>(
        &self,
        request: Request<Body>,
        upstream: U,
    ) -> Result<Response<Body>, U::Error> {
        let client = Client::of(&request);
        let Some(store) = &self.0.store else {
            return self.pass(request, client, upstream, Outcome::Bypass).await;
        };
        let key = match scope::of(&request) {
            Scope::Cached(key) => key,
            Scope::Changing(key) => {
                let changed = self.change(store, key, client, request, upstream);
                return Box::pin(changed).await;
            }
            Scope::Other => return self.pass(request, client, upstream, Outcome::Bypass).await,
        };
        let asked = Asked {
            key,
            client,
            request,
        };
        match self.look_up(store, asked, &upstream).await {
            Next::Answer(response) => Ok(response),
            Next::Pass(asked, outcome) => self.pass(asked.request, client, upstream, outcome).await,
            Next::Fetch(asked, stale, guard) => {
                Box::pin(self.fetch(asked, stale, guard, upstream)).await
            }
        }
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> u64 {
        self.0.store.as_ref().map_or(0, Store::bytes)
    }

    async fn pass<U: Upstream>(
        &self,
        request: Request<Body>,
        client: Client,
        upstream: U,
        outcome: Outcome,
    ) -> Result<Response<Body>, U::Error> {
        // Whoever waits for a server can wait elsewhere: the future of a hit stays small.
        let response = Box::pin(upstream.fetch(request)).await?;
        Ok(self.finish(response, &client, outcome))
    }

    /// A request that changes something makes the stored response to its URI invalid (RFC 9111, 4.4).
    async fn change<U: Upstream>(
        &self,
        store: &Store,
        key: Key,
        client: Client,
        request: Request<Body>,
        upstream: U,
    ) -> Result<Response<Body>, U::Error> {
        let response = upstream.fetch(request).await?;
        if response.status().is_success() || response.status().is_redirection() {
            // First the mark: a response that is on its way was made before the change, and must not come after it.
            self.0.marks.invalidate(&key);
            store.remove(&key);
        }
        Ok(self.finish(response, &client, Outcome::Bypass))
    }

    /// Finds what to do: at once, or when those who were before have what this request wants.
    async fn look_up<U: Upstream>(&self, store: &Store, asked: Asked, upstream: &U) -> Next {
        let mut has_waited = false;
        for _ in 0..ROUNDS {
            let headers = asked.request.headers();
            let entry = store.find(&asked.key, headers, &asked.client);
            let stale = match decide(entry, &asked, &self.0.marks, has_waited) {
                Decision::Serve(entry) => {
                    return Next::Answer(self.serve(&asked, &entry, Outcome::Hit));
                }
                Decision::ServeStale(entry) => {
                    self.revalidate_behind(store, &asked, &entry, upstream.clone());
                    return Next::Answer(self.serve(&asked, &entry, Outcome::Stale));
                }
                Decision::Refuse => return Next::Answer(self.refuse()),
                Decision::Pass(outcome) => return Next::Pass(asked, outcome),
                Decision::FetchAlone => return Next::Fetch(asked, None, None),
                Decision::Fetch(stale) => stale,
            };
            let waiter = match self.join(store, &asked) {
                Join::Lead(guard) if has_come(store, &asked, stale.as_deref()) => {
                    guard.land(Landing::Stored);
                    has_waited = true;
                    continue;
                }
                Join::Lead(guard) => return Next::Fetch(asked, stale, Some(guard)),
                Join::Follow(waiter) => waiter,
            };
            match (waiter.landing().await, stale) {
                (Landing::Stored, _) => has_waited = true,
                (Landing::Failed, Some(stale))
                    if stale.freshness.may_cover_error(Instant::now()) =>
                {
                    return Next::Answer(self.serve(&asked, &stale, Outcome::Stale));
                }
                (Landing::Failed | Landing::Released, stale) => {
                    return Next::Fetch(asked, stale, None);
                }
            }
        }
        Next::Fetch(asked, None, None)
    }

    /// Asks the upstream. Where others wait, that runs in a task of its own: this client may leave before them.
    async fn fetch<U: Upstream>(
        &self,
        asked: Asked,
        stale: Option<Arc<Entry>>,
        guard: Option<flight::Guard>,
        upstream: U,
    ) -> Result<Response<Body>, U::Error> {
        let is_awaited = guard.is_some();
        let (fetch, request, asked) = Fetch::prepare(self, asked, stale, guard);
        let fetched = if is_awaited {
            await_task(tokio::spawn(fetch.run(request, upstream))).await?
        } else {
            fetch.run(request, upstream).await?
        };
        Ok(match fetched {
            Fetched::Response(response) => self.finish(response, &asked.client, Outcome::Miss),
            Fetched::Confirmed(entry) => self.serve(&asked, &entry, Outcome::Revalidated),
            Fetched::Stale(entry) => self.serve(&asked, &entry, Outcome::Stale),
        })
    }

    /// Revalidates while the client has its answer already (RFC 5861, 3), once for all who ask.
    fn revalidate_behind<U: Upstream>(
        &self,
        store: &Store,
        asked: &Asked,
        stale: &Arc<Entry>,
        upstream: U,
    ) {
        if let Join::Lead(guard) = self.join(store, asked) {
            let (fetch, request, _) =
                Fetch::prepare(self, asked.again(), Some(Arc::clone(stale)), Some(guard));
            tokio::spawn(fetch.run(request, upstream));
        }
    }

    fn join(&self, store: &Store, asked: &Asked) -> Join {
        let known = store.newest(&asked.key);
        let headers = asked.request.headers();
        self.0
            .flights
            .join(&asked.key, known.as_deref(), headers, &asked.client)
    }

    /// The answer to `only-if-cached` where nothing is (RFC 9111, 5.2.1.7).
    fn refuse(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        self.mark(response, Outcome::Miss)
    }

    fn finish(
        &self,
        response: Response<Body>,
        client: &Client,
        outcome: Outcome,
    ) -> Response<Body> {
        self.mark(
            encoding::encode(self.0.compression, client, response),
            outcome,
        )
    }

    fn mark(&self, mut response: Response<Body>, outcome: Outcome) -> Response<Body> {
        self.0.metrics.count(outcome);
        response.headers_mut().insert(X_CACHE, outcome.value());
        response
    }
}

/// Whether it was stored between the look and now.
fn has_come(store: &Store, asked: &Asked, stale: Option<&Entry>) -> bool {
    let is_fresh = |entry: &Entry| entry.freshness.is_fresh(Instant::now());
    !stale.is_some_and(is_fresh)
        && store
            .find(&asked.key, asked.request.headers(), &asked.client)
            .is_some_and(|entry| is_fresh(&entry))
}

async fn await_task<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
