//! The port for those who operate the proxy: `GET /up`, `GET /up/live` and `GET /metrics`.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::body::Body;
use crate::handlers::refusal::text;
use crate::meters::Meters;
use crate::upstream::Upstreams;

/// What is told there.
pub(crate) struct Status {
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) meters: Meters,
    pub(crate) stopping: CancellationToken,
}

/// Answers on `listener` for ever.
pub(crate) async fn serve(listener: TcpListener, status: Status) {
    let status = Arc::new(status);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let status = Arc::clone(&status);
        let service = service_fn(move |request| {
            let status = Arc::clone(&status);
            async move { Ok::<_, Infallible>(status.respond(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

impl Status {
    async fn respond(&self, request: &Request<Incoming>) -> Response<Body> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/up") => self.up().await,
            (&Method::GET | &Method::HEAD, "/up/live") => text(StatusCode::OK, ""),
            (&Method::GET, "/metrics") => typed(
                text(StatusCode::OK, self.meters.page()),
                "text/plain; version=0.0.4; charset=utf-8",
            ),
            _ => text(
                StatusCode::NOT_FOUND,
                "There are GET /up, GET /up/live and GET /metrics.\n",
            ),
        }
    }

    /// 200 when each server says at its `/up` that it is well, else 503; and which of them are. 503 from when the proxy
    /// is told to stop.
    async fn up(&self) -> Response<Body> {
        let mut states = self.servers().await;
        let mut well = states.values().all(|state| state == "up");
        if self.stopping.is_cancelled() {
            states.insert("thrust".to_owned(), "down: it is stopping".into());
            well = false;
        }
        let code = if well {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        typed(
            text(code, format!("{}\n", serde_json::Value::Object(states))),
            "application/json",
        )
    }

    async fn servers(&self) -> serde_json::Map<String, serde_json::Value> {
        let checks = self.upstreams.all().map(|upstream| async move {
            let state = match upstream.check().await {
                Ok(()) => "up".to_owned(),
                Err(why) => format!("down: {why}"),
            };
            (upstream.name().to_owned(), state.into())
        });
        let states = futures_util::future::join_all(checks).await;
        states.into_iter().collect()
    }
}

fn typed(mut response: Response<Body>, kind: &'static str) -> Response<Body> {
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
