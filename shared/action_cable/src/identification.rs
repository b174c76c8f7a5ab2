//! Who is at the other end of a new connection.

use tokio::time::timeout;

use crate::protocol::{Dialect, Disconnect};
use crate::server::Shared;
use crate::session::Session;
use crate::{Identify, UpgradeRequest};

/// Who connects.
pub(crate) enum Identified<I> {
    New(I),
    Back(Session<I>),
}

impl<I> Identified<I> {
    pub(crate) fn identity(&self) -> &I {
        match self {
            Self::New(identity) | Self::Back(Session { identity, .. }) => identity,
        }
    }
}

/// Who the client is, or why it must go.
pub(crate) async fn identify<A, I: Identify<A>>(
    server: &Shared<A, I>,
    request: &UpgradeRequest<'_>,
) -> Result<I, Disconnect> {
    let identified = timeout(
        server.config.handshake_timeout,
        I::identify(request, &server.app),
    );
    match identified.await {
        Ok(Ok(identity)) => Ok(identity),
        Ok(Err(refused)) => {
            tracing::info!(cable.refused = ?refused, "rejected an unauthorized connection");
            server.metrics().refused();
            Err(Disconnect::from(refused))
        }
        Err(_) => {
            tracing::warn!("the identification of a connection took too long");
            Err(Disconnect::ServerRestart)
        }
    }
}

/// The session that the client comes back to.
pub(crate) fn session<A, I>(
    server: &Shared<A, I>,
    request: &UpgradeRequest<'_>,
    dialect: Dialect,
) -> Option<Session<I>> {
    if dialect != Dialect::Extended {
        return None;
    }
    let header = request.header("X-ANYCABLE-RESTORE-SID").map(str::to_owned);
    server
        .sessions
        .take(&header.or_else(|| request.param("sid"))?)
}
