//! Bytes both ways between a client and a server that have switched protocols, untouched.

mod copy;

use std::io;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::{Parts, downcast};
use tokio_util::sync::CancellationToken;

use crate::server::{Client, ClientIo, ClientStream};
use crate::upstream::Switched;
use copy::{Direction, copy_both};

/// Carries bytes until both sides are done, one breaks, or `cut`.
pub(crate) async fn tunnel(
    client: Client,
    client_side: OnUpgrade,
    server_side: Switched,
    cut: CancellationToken,
) {
    let open = metrics::gauge!("thrust_tunnels");
    open.increment(1);
    let carried = tokio::select! {
        carried = carry(client_side, server_side) => carried,
        () = cut.cancelled() => Ok(()),
    };
    open.decrement(1);
    if let Err(error) = carried {
        tracing::debug!(client.address = %client.address, %error, "a tunnel broke");
    }
}

async fn carry(client_side: OnUpgrade, server_side: Switched) -> io::Result<()> {
    let (client, server) = tokio::join!(client_side, server_side.into_stream());
    let (client, (server, from_server)) = (client.map_err(io::Error::other)?, server?);
    let down = Direction::new(&from_server);
    drop(from_server);
    match bare(client) {
        // The bare connection needs no buffers of its own while nothing comes.
        Ok((client, up)) => copy_both(client, server, up, down).await,
        Err(client) => {
            let client = TokioIo::<Upgraded>::new(client);
            copy_both(client, server, Direction::new(&[]), down).await
        }
    }
}

/// The connection of a client by HTTP/1.1, and what was read of it already.
fn bare(client: Upgraded) -> Result<(ClientStream, Direction), Upgraded> {
    let (io, read) = match client.downcast::<TokioIo<ClientIo>>() {
        Ok(parts) => (parts.io, parts.read_buf),
        Err(client) => {
            let Parts { io, read_buf, .. } = downcast::<TokioIo<ClientIo>>(client)?;
            (io, read_buf)
        }
    };
    Ok((io.into_inner().into_stream(), Direction::new(&read)))
}
