//! `GET` and `POST /events`: the cable as server-sent events, for clients that cannot keep a WebSocket. Source: AnyCable 1.6.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::{self, Bytes, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, rt};
use actix_ws::CloseCode;
use serde_json::json;
use tracing::Instrument as _;

use super::event::{self, Form};
use crate::commands::{Client, Commands};
use crate::connection::obey;
use crate::endpoint::connection_span;
use crate::identification::identify;
use crate::outbox::{Ending, Outbox};
use crate::protocol::{self, Asked, Dialect, Disconnect};
use crate::pulse::{Precision, Pulse};
use crate::remote::Obedience;
use crate::server::{Registration, Shared};
use crate::{Identify, UpgradeRequest, origin};

/// Mounts the path, if there is one.
pub(crate) fn mount<A, I>(config: &mut ServiceConfig, server: &Arc<Shared<A, I>>)
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let Some(path) = server.config.events_path.clone() else {
        return;
    };
    let (get, post, asked) = (Arc::clone(server), Arc::clone(server), Arc::clone(server));
    let listen = move |request: HttpRequest| listen(Arc::clone(&get), request);
    let converse =
        move |request: HttpRequest, body: Payload| converse(Arc::clone(&post), request, body);
    let permit = move |request: HttpRequest| {
        let response = permit(&asked, &request);
        async move { response }
    };
    config.service(
        web::resource(path)
            .route(web::get().to(listen))
            .route(web::post().to(converse))
            .route(web::method(actix_web::http::Method::OPTIONS).to(permit)),
    );
}

/// What a client of events is before it has its response.
struct Guest<A, I> {
    registration: Registration<A, I>,
    commands: Commands<A, I>,
    pulse: Arc<Pulse>,
    obedience: Option<Obedience>,
}

/// The messages of one subscription, which the URL names.
async fn listen<A, I>(server: Arc<Shared<A, I>>, request: HttpRequest) -> HttpResponse
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let query = UpgradeRequest(&request);
    let Some(identifier) = identifier(&query) else {
        return HttpResponse::BadRequest().body(
            "expected one of identifier, channel, stream, signed_stream, turbo_signed_stream_name",
        );
    };
    let form = match query.param("raw").as_deref() {
        None | Some("0" | "false") => Form::Messages,
        Some(_) => Form::Raw,
    };
    let asked = asked(&query);
    let mut guest = match welcome(&server, &request).await {
        Ok(guest) => guest,
        Err(response) => return response,
    };
    if !guest.commands.open(&identifier).await {
        return HttpResponse::BadRequest().body("the subscription was rejected");
    }
    let response = events(&server, &request, &guest.registration, form);
    let span = connection_span(&guest.registration, &request);
    let stay = async move {
        guest.commands.catch_up(&identifier, asked).await;
        guest.stay().await;
    };
    rt::spawn(stay.instrument(span));
    response
}

/// The frames that the commands in the body lead to, one a line.
async fn converse<A, I>(
    server: Arc<Shared<A, I>>,
    request: HttpRequest,
    body: Payload,
) -> HttpResponse
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let commands = match body.to_bytes_limited(server.config.max_message_size).await {
        Err(_) => return HttpResponse::PayloadTooLarge().finish(),
        Ok(Err(error)) => return HttpResponse::BadRequest().body(error.to_string()),
        Ok(Ok(commands)) => commands,
    };
    let Ok(commands) = String::from_utf8(commands.into()) else {
        return HttpResponse::BadRequest().body("expected commands as JSON, one a line");
    };
    if commands.trim().is_empty() {
        return HttpResponse::BadRequest().body("expected a command, got none");
    }
    let mut guest = match welcome(&server, &request).await {
        Ok(guest) => guest,
        Err(response) => return response,
    };
    let response = events(&server, &request, &guest.registration, Form::Frames);
    let span = connection_span(&guest.registration, &request);
    let stay = async move {
        for command in commands.lines().filter(|line| !line.trim().is_empty()) {
            guest.commands.perform(command).await;
        }
        guest.stay().await;
    };
    rt::spawn(stay.instrument(span));
    response
}

/// What a browser asks before a page of another origin may send a body.
fn permit<A, I>(server: &Shared<A, I>, request: &HttpRequest) -> HttpResponse {
    if is_foreign(server, request) {
        return HttpResponse::NotFound().finish();
    }
    let mut response = HttpResponse::NoContent();
    share(&mut response, request);
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "content-type, last-event-id, x-jid",
        ))
        .finish()
}

/// Lets a client in, and welcomes it.
async fn welcome<A, I>(
    server: &Arc<Shared<A, I>>,
    request: &HttpRequest,
) -> Result<Guest<A, I>, HttpResponse>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    if is_foreign(server, request) {
        return Err(HttpResponse::NotFound().finish());
    }
    let Some(registration) = server.register() else {
        tracing::warn!("refused a connection: there are too many, or the server stops");
        return Err(HttpResponse::ServiceUnavailable().finish());
    };
    let query = UpgradeRequest(request);
    let identity = identify(server, &query).await.map_err(refusal)?;
    // Nothing but a broken connection answers its pings.
    let pulse = Arc::new(Pulse::new(Dialect::Base, Precision::wanted(&query)));
    let outbox = registration.outbox();
    let obedience = obey(server, &identity, outbox).await;
    let client = Client {
        dialect: Dialect::Extended,
        outbox: Arc::clone(outbox),
        pulse: Arc::clone(&pulse),
    };
    outbox.push(protocol::welcome());
    Ok(Guest {
        commands: Commands::new(Arc::clone(server), identity, client),
        registration,
        pulse,
        obedience,
    })
}

/// A page's own server sees no origin with a plain GET; those of others always tell it.
fn is_foreign<A, I>(server: &Shared<A, I>, request: &HttpRequest) -> bool {
    request.headers().contains_key(header::ORIGIN) && !origin::is_allowed(&server.config, request)
}

fn refusal(reason: Disconnect) -> HttpResponse {
    HttpResponse::Unauthorized().body(Bytes::copy_from_slice(reason.frame().payload()))
}

impl<A, I> Guest<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Serves the client until it is gone.
    async fn stay(mut self) {
        self.registration.opened(Arc::clone(&self.pulse));
        let outbox = Arc::clone(self.registration.outbox());
        loop {
            let due = tokio::select! {
                () = outbox.ended() => break,
                due = self.commands.due() => due,
            };
            self.commands.attend(due).await;
        }
        self.commands.unsubscribe_from_all().await;
        drop(self.obedience);
    }
}

/// The identifier of the subscription that the URL names.
fn identifier(query: &UpgradeRequest<'_>) -> Option<String> {
    let of = |param, channel: &str, key: &str| {
        let value = query.param(param)?;
        Some(json!({ "channel": channel, key: value }).to_string())
    };
    query
        .param("identifier")
        .or_else(|| Some(json!({ "channel": query.param("channel")? }).to_string()))
        .or_else(|| of("stream", "$pubsub", "stream_name"))
        .or_else(|| of("signed_stream", "$pubsub", "signed_stream_name"))
        .or_else(|| {
            of(
                "turbo_signed_stream_name",
                "Turbo::StreamsChannel",
                "signed_stream_name",
            )
        })
}

/// From where on the client wants messages, if it wants old ones.
fn asked(query: &UpgradeRequest<'_>) -> Option<Asked> {
    let last = query.header("Last-Event-ID").and_then(event::last);
    let since = query.param("history_since").and_then(|at| at.parse().ok());
    (last.is_some() || since.is_some()).then(|| Asked {
        since,
        streams: last.into_iter().collect(),
    })
}

fn events<A, I>(
    server: &Arc<Shared<A, I>>,
    request: &HttpRequest,
    registration: &Registration<A, I>,
    form: Form,
) -> HttpResponse {
    let outbox = Arc::clone(registration.outbox());
    server.metrics().event_stream_opened();
    let mut response = HttpResponse::Ok();
    share(&mut response, request);
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .body(Events { outbox, form })
}

/// Lets pages of an allowed origin read the response.
fn share(response: &mut HttpResponseBuilder, request: &HttpRequest) {
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()))
            .insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"))
            .insert_header((header::VARY, "origin"));
    }
}

/// What is sent until the connection ends. Its end is the client's.
struct Events {
    outbox: Arc<Outbox>,
    form: Form,
}

impl MessageBody for Events {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        while let Some(frame) = ready!(self.outbox.poll_next(context)) {
            let event = frame
                .is_text()
                .then(|| event::event(frame.payload(), self.form));
            if let Some(event) = event.flatten() {
                self.outbox.metrics().sent(event.len());
                return Poll::Ready(Some(Ok(event.into())));
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.outbox.metrics().event_stream_closed();
        self.outbox.end(Ending {
            disconnect: None,
            code: CloseCode::Normal,
        });
    }
}
