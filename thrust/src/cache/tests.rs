//! The cache before an upstream in memory.

mod bounds;
mod coalescing;
mod conditionals;
mod encodings;
mod keys;
mod ranges;
mod stale;
mod storing;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::watch;

use super::{Cache, Upstream};
use crate::body::{Body, BodyError};
use crate::options;

pub(super) const ON: options::Compression = options::Compression {
    gzip: true,
    brotli: true,
    zstd: true,
    disable_on_auth: false,
    jitter: 32,
};
const OFF: options::Compression = options::Compression {
    gzip: false,
    brotli: false,
    zstd: false,
    ..ON
};

const MINUTE: (&str, &str) = ("cache-control", "public, max-age=60");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unreachable;

type Headers<'a> = &'a [(&'a str, &'a str)];
type Answer = Result<Response<Body>, Unreachable>;
type Answers = Arc<dyn Fn(&Parts) -> Answer + Send + Sync>;

/// Notes the requests, and answers them once it is open.
#[derive(Clone)]
struct Fake(Arc<State>);

struct State {
    requests: Mutex<Vec<Parts>>,
    answers: Mutex<Answers>,
    is_open: watch::Sender<bool>,
}

impl Fake {
    fn new(answers: impl Fn(&Parts) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(State {
            requests: Mutex::default(),
            answers: Mutex::new(Arc::new(answers)),
            is_open: watch::Sender::new(true),
        }))
    }

    /// Answers all requests with the same.
    fn with(headers: &'static [(&'static str, &'static str)], body: &'static str) -> Self {
        Self::new(move |_| answer(200, headers, body))
    }

    fn set(&self, answers: impl Fn(&Parts) -> Answer + Send + Sync + 'static) {
        *self.0.answers.lock().unwrap() = Arc::new(answers);
    }

    fn close(&self) {
        self.0.is_open.send_replace(false);
    }

    fn open(&self) {
        self.0.is_open.send_replace(true);
    }

    fn count(&self) -> usize {
        self.0.requests.lock().unwrap().len()
    }

    fn last(&self) -> HeaderMap {
        self.0
            .requests
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .headers
            .clone()
    }

    async fn reached(&self, count: usize) {
        while self.count() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl Upstream for Fake {
    type Error = Unreachable;

    async fn fetch(&self, request: Request<Body>) -> Answer {
        let (parts, _) = request.into_parts();
        self.0.requests.lock().unwrap().push(parts.clone());
        self.0
            .is_open
            .subscribe()
            .wait_for(|is_open| *is_open)
            .await
            .unwrap();
        let answers = Arc::clone(&self.0.answers.lock().unwrap());
        answers(&parts)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "others fail")]
fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let response = headers.iter().fold(
        Response::builder().status(status),
        |response, (name, value)| response.header(*name, *value),
    );
    Ok(response.body(Body::from(body)).unwrap())
}

fn streamed(headers: &[(&str, &str)], pieces: Vec<Result<&'static str, BodyError>>) -> Answer {
    let frames = pieces
        .into_iter()
        .map(|piece| piece.map(|piece| Frame::data(Bytes::from(piece))));
    let (parts, _) = answer(200, headers, "")?.into_parts();
    Ok(Response::from_parts(
        parts,
        Body::stream(StreamBody::new(stream::iter(frames))),
    ))
}

/// A response as the client has it.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn outcome(&self) -> &str {
        self.header("x-cache")
    }
}

fn cache() -> Cache {
    sized(64 << 20, 1 << 20)
}

fn sized(capacity: u64, max_item_size: u64) -> Cache {
    Cache::new(
        options::Cache {
            capacity,
            max_item_size,
        },
        OFF,
    )
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "app.test");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(Body::empty()).unwrap()
}

async fn send(cache: &Cache, fake: &Fake, request: Request<Body>) -> Result<Seen, Unreachable> {
    let (parts, body) = cache.respond(request, fake.clone()).await?.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(Seen {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

async fn get(cache: &Cache, fake: &Fake, path: &str, headers: &[(&str, &str)]) -> Seen {
    send(cache, fake, request("GET", path, headers))
        .await
        .unwrap()
}

/// The outcomes of a request and of the same once more.
async fn twice(cache: &Cache, fake: &Fake, headers: &[(&str, &str)]) -> (String, String) {
    let first = get(cache, fake, "/", headers).await;
    let second = get(cache, fake, "/", headers).await;
    (first.outcome().to_owned(), second.outcome().to_owned())
}

fn pair(first: &str, second: &str) -> (String, String) {
    (first.to_owned(), second.to_owned())
}

/// Has the tasks beside the requests run. Time stands still for it.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
