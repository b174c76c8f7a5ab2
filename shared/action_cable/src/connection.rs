//! The life of one connection, as one task that performs the client's commands in their order.

use std::io;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, ProtocolError};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::commands::Commands;
use crate::frame::Frame;
use crate::outbox::{Ending, Outbox};
use crate::protocol::{self, Disconnect};
use crate::remote::Obedience;
use crate::server::{Registration, Shared};
use crate::{Identify, UpgradeRequest};

/// What came over the socket.
type Incoming = Option<Result<AggregatedMessage, ProtocolError>>;

/// Serves a socket that has just been opened, until it is closed. What is to be sent goes into the outbox, so that a
/// slow command holds up no broadcast.
pub(crate) async fn run<A, I>(
    server: Arc<Shared<A, I>>,
    request: HttpRequest,
    registration: Registration<A, I>,
    mut messages: AggregatedMessageStream,
) where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let outbox = registration.outbox();
    tracing::debug!("a client connected");
    if let Some(identity) = identify(&server, request, outbox).await {
        let _obedience = obey(&server, &identity, outbox);
        outbox.push(protocol::welcome());
        registration.opened();
        let mut commands = Commands::new(Arc::clone(&server), identity, Arc::clone(outbox));
        read(&mut messages, &mut commands, outbox).await;
        commands.unsubscribe_from_all().await;
    }
    // A client that does not read the end keeps its place until its socket is gone.
    while let Some(Ok(_)) = messages.next().await {}
    tracing::debug!("a client disconnected");
}

async fn identify<A, I: Identify<A>>(
    server: &Shared<A, I>,
    request: HttpRequest,
    outbox: &Outbox,
) -> Option<I> {
    let upgrade = UpgradeRequest(&request);
    let identified = timeout(
        server.config.handshake_timeout,
        I::identify(&upgrade, &server.app),
    );
    match identified.await {
        Ok(Ok(identity)) => return Some(identity),
        Ok(Err(refused)) => {
            tracing::info!(cable.refused = ?refused, "rejected an unauthorized connection");
            server.metrics().refused();
            outbox.end(Disconnect::from(refused));
        }
        Err(_) => {
            tracing::warn!("the identification of a connection took too long");
            outbox.end(Disconnect::ServerRestart);
        }
    }
    None
}

fn obey<A, I: Identify<A>>(
    server: &Shared<A, I>,
    identity: &I,
    outbox: &Arc<Outbox>,
) -> Option<Obedience> {
    let identifier = identity.connection_identifier()?;
    let hub = server.cable.hub().clone();
    Some(Obedience::new(hub, &identifier, outbox))
}

async fn read<A, I>(
    messages: &mut AggregatedMessageStream,
    commands: &mut Commands<A, I>,
    outbox: &Outbox,
) where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    loop {
        let incoming = tokio::select! {
            incoming = messages.next() => incoming,
            () = outbox.ended() => return,
        };
        match incoming {
            Some(Ok(AggregatedMessage::Text(frame))) => commands.perform(&frame).await,
            Some(Ok(AggregatedMessage::Ping(data))) => outbox.push(Frame::pong(&data)),
            Some(Ok(AggregatedMessage::Pong(_))) => {}
            Some(Ok(AggregatedMessage::Binary(_))) => {
                tracing::debug!("ignored a binary frame");
            }
            end => return outbox.end(ending(end)),
        }
    }
}

/// How a connection ends on which nothing more can be read.
fn ending(last: Incoming) -> Ending {
    let Some(Err(error)) = last else {
        return Ending {
            disconnect: None,
            code: CloseCode::Normal,
        };
    };
    let (disconnect, code) = match &error {
        ProtocolError::Overflow => (Some(Disconnect::InvalidRequest), CloseCode::Size),
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            (None, CloseCode::Invalid)
        }
        _ => (None, CloseCode::Protocol),
    };
    tracing::debug!(error = %error, "cannot read on from a client");
    Ending { disconnect, code }
}
