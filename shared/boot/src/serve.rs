use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use telemetry::{Failure, Service};
use tokio_util::sync::CancellationToken;

use crate::alive;

/// How long a connection that was accepted may take to its event loop.
const SETTLE: Duration = Duration::from_millis(100);

/// What the service manager is told about a server.
pub struct Serving {
    /// Who is told.
    pub service: Service,
    /// Where the server listens.
    pub address: SocketAddr,
    /// How long its end takes at most.
    pub end: Duration,
}

/// Serves until `shutdown`; then says `goodbye` to whoever stays connected, and finishes the requests that run. Should
/// the server end by itself, `shutdown` is cancelled, so that everything else ends too.
///
/// # Errors
/// Why the server ended by itself.
pub async fn serve(
    server: Server,
    serving: Serving,
    shutdown: &CancellationToken,
    goodbye: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let handle = server.handle();
    let Serving {
        service,
        address,
        end,
    } = serving;
    let alive = tokio::spawn(alive::tell(service.clone(), address));
    let stop = async {
        shutdown.cancelled().await;
        service.stopping(Some(end));
        alive.abort();
        if service.keeps_sockets() {
            // Nobody is turned away: the next process serves who comes from now on. Who came just now is still let in.
            handle.pause().await;
            tokio::time::sleep(SETTLE).await;
        }
        goodbye.await;
        handle.stop(true).await;
    };
    let serve = async {
        let outcome = server.await;
        shutdown.cancel();
        outcome
    };
    let (outcome, ()) = tokio::join!(serve, stop);
    Ok(outcome?)
}
