//! The life of one connection, as one task: a reader that performs the client's commands in their order, and a writer
//! that sends what waits in the outbox, so that a slow command holds up no broadcast.

use std::io;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session,
};
use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use crate::commands::Commands;
use crate::outbox::{Ending, Frame, Next, Outbox};
use crate::protocol::{self, Disconnect};
use crate::remote::Obedience;
use crate::server::{Registration, Shared};
use crate::{Identify, Unauthorized, UpgradeRequest};

/// What came over the socket.
type Incoming = Option<Result<AggregatedMessage, ProtocolError>>;

/// Serves a socket that has just been opened, until it is closed.
pub(crate) async fn run<A, I>(
    server: Arc<Shared<A, I>>,
    request: HttpRequest,
    registration: Registration<A, I>,
    session: Session,
    mut messages: AggregatedMessageStream,
) where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    let outbox = registration.outbox();
    let reading = async {
        if let Some(identity) = identify(&server, request, outbox).await {
            let _obedience = obey(&server, &identity, outbox);
            outbox.push_text(protocol::welcome());
            registration.opened();
            let mut commands = Commands::new(Arc::clone(&server), identity, Arc::clone(outbox));
            read(&mut messages, &mut commands, outbox).await;
            commands.unsubscribe_from_all().await;
        }
    };
    tracing::debug!("a client connected");
    tokio::join!(reading, write(&server, session, outbox));
    // A client that does not even read the end keeps its place until its socket is gone.
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
        Ok(Err(Unauthorized)) => {
            tracing::info!("rejected an unauthorized connection");
            outbox.end(Disconnect::Unauthorized);
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
            Some(Ok(AggregatedMessage::Ping(data))) => outbox.push(Frame::Pong(data)),
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

/// Writes until the end; a client that does not read in the end is left behind.
async fn write<A, I>(server: &Shared<A, I>, session: Session, outbox: &Outbox) {
    let out_of_time = async {
        outbox.ended().await;
        sleep(server.config.close_timeout).await;
    };
    tokio::select! {
        () = flow(session, outbox) => {}
        () = out_of_time => tracing::debug!("a client did not read to the end"),
    }
}

async fn flow(mut session: Session, outbox: &Outbox) {
    loop {
        let sent = match outbox.next().await {
            Next::Frame(Frame::Text(text)) => session.text(text).await,
            Next::Frame(Frame::Pong(data)) => session.pong(&data).await,
            Next::End(ending) => return end(session, ending).await,
        };
        if sent.is_err() {
            return outbox.end(ending(None));
        }
    }
}

async fn end(mut session: Session, ending: Ending) {
    if let Some(disconnect) = ending.disconnect {
        tracing::debug!(cable.reason = disconnect.reason(), "disconnecting a client");
        // Failures mean that the client is gone, which is what we want.
        let _ = session.text(disconnect.frame()).await;
    }
    let _ = session.close(Some(CloseReason::from(ending.code))).await;
}
