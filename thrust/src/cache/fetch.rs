//! A request to the upstream, and what becomes of the response.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, Request, Response, StatusCode, header};
use tokio::time::Instant;

use super::entry::Entry;
use super::flight::{Guard, Landing};
use super::key::Key;
use super::policy::{self, Freshness};
use super::vary::Selection;
use super::{Asked, Cache, Upstream};
use crate::body::Body;
use crate::encoding::{self, Client};

/// What the client said about a copy of its own, or a part. What is fetched here is the whole, for all.
const CLIENTS_OWN: [HeaderName; 4] = [
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::RANGE,
    header::IF_RANGE,
];

/// All that is needed to judge and store the response.
pub(super) struct Fetch {
    cache: Cache,
    key: Key,
    client: Client,
    /// The client's headers.
    headers: HeaderMap,
    /// What is to be revalidated.
    stale: Option<Arc<Entry>>,
    guard: Option<Guard>,
    begun: Instant,
}

pub(super) enum Fetched {
    Response(Response<Body>),
    /// What is stored is good for another while (RFC 9111, 4.3.3).
    Confirmed(Arc<Entry>),
    /// What is stored covers an error.
    Stale(Arc<Entry>),
}

/// A response that is to be stored, but for its body.
pub(super) struct Storable {
    fetch: Fetch,
    selection: Selection,
    freshness: Freshness,
    status: StatusCode,
    headers: HeaderMap,
}

impl Fetch {
    /// Splits a request into that to the upstream and what the answer to the client depends on.
    pub(super) fn prepare(
        cache: &Cache,
        mut asked: Asked,
        stale: Option<Arc<Entry>>,
        guard: Option<Guard>,
    ) -> (Self, Request<Body>, Asked) {
        let own = if stale.is_some() {
            asked.again()
        } else {
            asked.bare()
        };
        let fetch = Self {
            cache: cache.clone(),
            key: asked.key,
            client: asked.client,
            headers: asked.request.headers().clone(),
            begun: Instant::now(),
            stale,
            guard,
        };
        fetch.rewrite(asked.request.headers_mut());
        (fetch, asked.request, own)
    }

    fn rewrite(&self, headers: &mut HeaderMap) {
        // In one spelling and of the codings known here, so that what comes suits all who accept the same.
        headers.remove(header::ACCEPT_ENCODING);
        if let Some(accepted) = self.client.accepts.normalized() {
            headers.insert(header::ACCEPT_ENCODING, accepted);
        }
        if self.guard.is_some() || self.stale.is_some() {
            for name in &CLIENTS_OWN {
                headers.remove(name);
            }
        }
        if let Some(stale) = &self.stale {
            copy(
                &stale.plain.headers,
                &header::ETAG,
                headers,
                header::IF_NONE_MATCH,
            );
            copy(
                &stale.plain.headers,
                &header::LAST_MODIFIED,
                headers,
                header::IF_MODIFIED_SINCE,
            );
        }
    }

    pub(super) async fn run<U: Upstream>(
        mut self,
        request: Request<Body>,
        upstream: U,
    ) -> Result<Fetched, U::Error> {
        let result = upstream.fetch(request).await;
        match (self.stale.take(), result) {
            (Some(stale), Ok(response)) if response.status() == StatusCode::NOT_MODIFIED => {
                Ok(Fetched::Confirmed(self.confirm(&stale, response.headers())))
            }
            (Some(stale), result)
                if is_failure(&result) && stale.freshness.may_cover_error(Instant::now()) =>
            {
                self.land(Landing::Failed);
                Ok(Fetched::Stale(stale))
            }
            (stale, Ok(response)) => Ok(Fetched::Response(self.keep(stale.as_deref(), response))),
            (_, Err(error)) => {
                self.land(Landing::Failed);
                Err(error)
            }
        }
    }

    fn confirm(self, stale: &Entry, news: &HeaderMap) -> Arc<Entry> {
        let (entry, freshness) = stale.refreshed(news, self.begun.elapsed());
        let entry = Arc::new(entry);
        if freshness.is_some() {
            self.store(Arc::clone(&entry));
        } else {
            self.refuse(Some(stale), stale.status);
        }
        entry
    }

    /// Stores a response, if it may be, while the client gets it.
    fn keep(self, stale: Option<&Entry>, response: Response<Body>) -> Response<Body> {
        let (parts, body) = response.into_parts();
        let freshness = policy::freshness(parts.status, &parts.headers, self.begun.elapsed());
        let selection = Selection::of(&parts.headers, &self.headers, &self.client);
        let (Some(freshness), Some(selection)) = (freshness, selection) else {
            self.refuse(stale, parts.status);
            return Response::from_parts(parts, body);
        };
        if body
            .exact_size()
            .is_some_and(|size| size > self.cache.0.max_item_size)
        {
            self.refuse(stale, parts.status);
            return Response::from_parts(parts, body);
        }
        let (status, headers) = (parts.status, parts.headers.clone());
        let storable = Storable {
            fetch: self,
            selection,
            freshness,
            status,
            headers,
        };
        Response::from_parts(parts, storable.fill(body))
    }

    /// Nothing is stored: nobody is to wait for it.
    fn refuse(self, stale: Option<&Entry>, status: StatusCode) {
        if !status.is_server_error() && status != StatusCode::NOT_MODIFIED {
            self.cache.0.marks.note_unstorable(&self.key);
        }
        if let (Some(stale), Some(store)) = (stale, &self.cache.0.store)
            && is_in_place_of_stored(status)
        {
            store.remove_entry(&self.key, stale);
        }
        self.land(if status.is_server_error() {
            Landing::Failed
        } else {
            Landing::Released
        });
    }

    fn store(self, entry: Arc<Entry>) {
        let (key, marks) = (&self.key, &self.cache.0.marks);
        // What was asked for before a change may tell of the time before it.
        let is_current = !marks.was_invalidated_since(key, self.begun);
        let store = self.cache.0.store.as_ref().filter(|_| is_current);
        if store.is_some_and(|store| store.insert(key, entry)) {
            marks.note_stored(key);
            self.land(Landing::Stored);
        } else {
            self.land(Landing::Released);
        }
    }

    fn land(self, landing: Landing) {
        if let Some(guard) = self.guard {
            guard.land(landing);
        }
    }
}

impl Storable {
    pub(super) fn limit(&self) -> u64 {
        self.fetch.cache.0.max_item_size
    }

    /// The length that was announced.
    pub(super) fn length(&self) -> Option<u64> {
        self.headers
            .get(header::CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    pub(super) fn store(self, body: bytes::Bytes) {
        let options = self.fetch.cache.0.compression;
        let is_guarded = options.disable_on_auth && encoding::is_guarded(&self.headers);
        let may_compress = encoding::is_enabled(options) && !is_guarded;
        let entry = Entry::new(
            self.selection,
            self.freshness,
            self.status,
            &self.headers,
            body,
            may_compress,
        );
        self.fetch.store(Arc::new(entry));
    }

    /// It is too long after all.
    pub(super) fn give_up(self) {
        self.fetch.refuse(None, self.status);
    }

    /// It broke off.
    pub(super) fn fail(self) {
        self.fetch.land(Landing::Failed);
    }
}

/// Whether the stored response is out of date with it. Other refusals are for the one who asked: were it only that he
/// asks too often.
fn is_in_place_of_stored(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308 | 404 | 410)
}

fn is_failure<E>(result: &Result<Response<Body>, E>) -> bool {
    result.as_ref().map_or(true, |response| {
        matches!(response.status().as_u16(), 500 | 502 | 503 | 504)
    })
}

fn copy(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap, as_name: HeaderName) {
    if let Some(value) = from.get(name) {
        to.insert(as_name, value.clone());
    }
}
