//! Bytes both ways between a client and a server that have switched protocols, untouched.

mod copy;

use std::io;

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::{Parts, downcast};
use tokio::io::{AsyncRead, AsyncWrite};
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
    // The bare connection needs no buffers of its own while nothing comes.
    match bare(client) {
        Ok((client, from_client)) => both_ways(client, from_client, server, from_server).await,
        Err(stream) => {
            both_ways(
                TokioIo::<Upgraded>::new(stream),
                Bytes::new(),
                server,
                from_server,
            )
            .await
        }
    }
}

/// The connection of a client by HTTP/1.1, and what was read of it already.
fn bare(client: Upgraded) -> Result<(ClientStream, Bytes), Upgraded> {
    let (io, read) = match client.downcast::<TokioIo<ClientIo>>() {
        Ok(parts) => (parts.io, parts.read_buf),
        Err(client) => {
            let Parts { io, read_buf, .. } = downcast::<TokioIo<ClientIo>>(client)?;
            (io, read_buf)
        }
    };
    Ok((io.into_inner().into_stream(), read))
}

async fn both_ways<C, S>(
    client: C,
    from_client: Bytes,
    server: S,
    from_server: Bytes,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (up, down) = (Direction::new(from_client), Direction::new(from_server));
    copy_both(client, server, up, down).await
}
