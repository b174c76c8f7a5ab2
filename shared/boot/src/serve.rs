use actix_web::dev::Server;
use telemetry::Failure;
use tokio_util::sync::CancellationToken;

/// Serves until `shutdown`; then says `goodbye` to whoever stays connected, and finishes the requests that run. Should
/// the server end by itself, `shutdown` is cancelled, so that everything else ends too.
///
/// # Errors
/// Why the server ended by itself.
pub async fn serve(
    server: Server,
    shutdown: &CancellationToken,
    goodbye: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let handle = server.handle();
    let stop = async {
        shutdown.cancelled().await;
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
