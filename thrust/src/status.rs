//! The port for those who operate the proxy: `GET /up` and `GET /metrics`.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::body::Body;
use crate::handlers::refusal::text;
use crate::meters::Meters;
use crate::upstream::Upstreams;

/// Answers on `listener` for ever.
pub(crate) async fn serve(listener: TcpListener, upstreams: Arc<Upstreams>, meters: Meters) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (upstreams, meters) = (Arc::clone(&upstreams), meters.clone());
        let service = service_fn(move |request| {
            let (upstreams, meters) = (Arc::clone(&upstreams), meters.clone());
            async move { Ok::<_, Infallible>(respond(&request, &upstreams, &meters).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn respond(
    request: &Request<Incoming>,
    upstreams: &Upstreams,
    meters: &Meters,
) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/up") => up(upstreams).await,
        (&Method::GET, "/metrics") => typed(
            text(StatusCode::OK, meters.page()),
            "text/plain; version=0.0.4; charset=utf-8",
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "There are GET /up and GET /metrics.\n",
        ),
    }
}

/// 200 when each server says at its `/up` that it is well, else 503; and which of them are.
async fn up(upstreams: &Upstreams) -> Response<Body> {
    let checks = upstreams.all().map(|upstream| async move {
        let state = match upstream.check().await {
            Ok(()) => "up".to_owned(),
            Err(why) => format!("down: {why}"),
        };
        (upstream.name(), state)
    });
    let states = futures_util::future::join_all(checks).await;
    let well = states.iter().all(|(_, state)| state == "up");
    let code = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body: serde_json::Map<_, _> = states
        .into_iter()
        .map(|(name, state)| (name.to_owned(), state.into()))
        .collect();
    typed(
        text(code, format!("{}\n", serde_json::Value::Object(body))),
        "application/json",
    )
}

fn typed(mut response: Response<Body>, kind: &'static str) -> Response<Body> {
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
