use std::sync::Arc;

use actix_web::http::header::{self, ContentType};
use actix_web::web::{Payload, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse, rt};
use telemetry::{REQUEST_ID, RequestId};
use tracing::{Instrument as _, Span, field};

use crate::body::Body;
use crate::guard::guarded;
use crate::http::events;
use crate::protocol::{Dialect, PROTOCOLS};
use crate::server::{Registration, Shared};
use crate::{Identify, connection, origin};

/// Mounts the socket.
pub(crate) fn mount<A, I>(config: &mut ServiceConfig, server: &Arc<Shared<A, I>>)
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let path = server.config.mount_path.clone();
    let this = Arc::clone(server);
    let connect = move |request: HttpRequest, body: Payload| {
        let response = connect(&this, request, body);
        async move { response }
    };
    config.service(resource(path).to(connect));
    events::mount(config, server);
}

fn connect<A, I>(server: &Arc<Shared<A, I>>, request: HttpRequest, body: Payload) -> HttpResponse
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    if !origin::is_allowed(&server.config, &request) {
        return not_found();
    }
    let Some(registration) = server.register() else {
        tracing::warn!("refused a connection: there are too many, or the server stops");
        return HttpResponse::ServiceUnavailable().finish();
    };
    let limit = server.config.max_message_size;
    let opened = guarded(&request, body, limit)
        .and_then(|body| actix_ws::handle_with_protocols(&request, body, &PROTOCOLS));
    let Ok((response, _, messages)) = opened else {
        return not_found();
    };
    let dialect = Dialect::of(protocol(&response));
    let outbox = Arc::clone(registration.outbox());
    let messages = messages
        .max_frame_size(limit)
        .aggregate_continuations()
        .max_continuation_size(limit);
    let span = connection_span(&registration, &request);
    let run = connection::run(Arc::clone(server), request, dialect, registration, messages);
    rt::spawn(run.instrument(span));
    response
        .map_body(|_, socket| Body::new(outbox, socket))
        .map_into_boxed_body()
}

/// The span around the life of a connection. Who reads the log of a proxy finds the connection by the request's id.
pub(crate) fn connection_span<A, I>(
    registration: &Registration<A, I>,
    request: &HttpRequest,
) -> Span {
    let sent = request.headers().get(REQUEST_ID);
    let sent = sent.and_then(|id| id.to_str().ok());
    tracing::info_span!(
        "cable.connection",
        connection.id = registration.id(),
        request.id = sent.and_then(RequestId::sanitized).map(field::display),
    )
}

/// The subprotocol that was agreed on.
fn protocol(response: &HttpResponse) -> Option<&str> {
    let header = response.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?;
    header.to_str().ok()
}

/// What Rails answers to whatever is no WebSocket, or of the wrong origin.
fn not_found() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type(ContentType::plaintext())
        .body("Page not found")
}
