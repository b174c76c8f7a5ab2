//! The baseline: a plain fan-out in memory by actix-ws, which knows its clients and nothing else. It is this program with
//! a hidden command.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::{Data, Payload, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, Session};
use anyhow::Result;
use tokio::time::sleep;

use super::message::{Dialect, Message, pause, todos};

/// What the process is given.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Begin to broadcast when so many clients have subscribed.
    #[arg(long)]
    pub(crate) clients: usize,
    #[arg(long)]
    pub(crate) messages: usize,
    #[arg(long)]
    pub(crate) size: usize,
    /// Milliseconds between two messages.
    #[arg(long)]
    pub(crate) every: u64,
}

impl Options {
    pub(crate) fn arguments(self) -> Vec<String> {
        let Self {
            clients,
            messages,
            size,
            every,
        } = self;
        vec![
            "cable-plain".to_owned(),
            format!("--clients={clients}"),
            format!("--messages={messages}"),
            format!("--size={size}"),
            format!("--every={every}"),
        ]
    }
}

/// Those who have subscribed.
#[derive(Clone, Default)]
struct Sessions(Arc<Mutex<Vec<Session>>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::print_stdout, reason = "the benchmark reads the address")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("address={}", listener.local_addr()?);
    let sessions = Sessions::default();
    tokio::spawn(broadcast(options, sessions.clone()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(sessions.clone()))
            .route("/cable", get().to(connect))
    });
    Ok(server.listen(listener)?.run().await?)
}

async fn connect(
    request: HttpRequest,
    body: Payload,
    sessions: Data<Sessions>,
) -> actix_web::Result<HttpResponse> {
    let protocols = [Dialect::Base.protocol()];
    let (response, session, messages) =
        actix_ws::handle_with_protocols(&request, body, &protocols)?;
    rt::spawn(serve(
        session,
        messages.aggregate_continuations(),
        sessions.get_ref().clone(),
    ));
    Ok(response)
}

async fn serve(mut session: Session, mut messages: AggregatedMessageStream, sessions: Sessions) {
    let welcomed = session.text(r#"{"type":"welcome"}"#).await;
    if welcomed.is_err() {
        return;
    }
    while let Some(Ok(message)) = messages.recv().await {
        if !matches!(message, AggregatedMessage::Text(_)) {
            continue;
        }
        if session
            .text(r#"{"type":"confirm_subscription"}"#)
            .await
            .is_err()
        {
            return;
        }
        sessions.lock().push(session.clone());
    }
}

async fn broadcast(options: Options, sessions: Sessions) -> Result<()> {
    while sessions.lock().len() < options.clients {
        sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..options.messages {
        sleep(pause(Duration::from_millis(options.every))).await;
        let message = serde_json::to_string(&Message::new(options.size))?;
        let identifier = serde_json::to_string(&todos().to_string())?;
        let frame = format!(r#"{{"identifier":{identifier},"message":{message}}}"#);
        fan_out(&frame.into(), &sessions).await;
    }
    Ok(())
}

async fn fan_out(frame: &bytestring::ByteString, sessions: &Sessions) {
    let mut all = std::mem::take(&mut *sessions.lock());
    for session in &mut all {
        // Who is gone gets nothing.
        let _ = session.text(frame.clone()).await;
    }
    sessions.lock().append(&mut all);
}
